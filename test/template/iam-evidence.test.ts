import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES, SIGNERS, WRITERS } from '../../cdk/names.ts';
import { ROLES } from '../../lib/contracts/roles.ts';
import { EVENT_STREAMS, eventPrefixes, Prefix } from '../../lib/contracts/storage.ts';
import { type Decision, type Principal, Simulator } from './support/simulate.ts';
import { synthesise } from './support/synth.ts';

const prod = new Simulator(synthesise('prod'));
const dev = new Simulator(synthesise('dev'));

const evidence = prod.arn('AWS::S3::Bucket', 'EvidenceBucket');
const staging = prod.arn('AWS::S3::Bucket', 'StagingBucket');
const trail = prod.arn('AWS::S3::Bucket', 'TrailBucket');
const dataKey = prod.arn('AWS::KMS::Key', 'DataKey');
const evidenceKey = prod.arn('AWS::KMS::Key', 'EvidenceKey');

const PROMOTIONS_AND_INCIDENTS = eventPrefixes('incident', 'promotion');

/** Who creates what, as lib/adapters does. Everything else is refused to everybody. */
const CREATES: readonly (readonly [Principal, readonly string[]])[] = [
  ['function:intake', ['attestations/', 'receipts/']],
  ['function:artifacts', ['artifacts/', 'receipts/']],
  ['function:artifact-verifier', ['artifacts/', 'receipts/']],
  ['function:registry', [...eventPrefixes('evidence-key', 'principal'), 'keys/']],
  ['function:holds', eventPrefixes('hold')],
  ['function:gates', ['gates/']],
  ['function:policies', [...eventPrefixes('policy', 'policy-activation', 'waiver'), 'policies/']],
  ['function:approvers', eventPrefixes('approver')],
  ['function:webhooks', eventPrefixes('webhook')],
  ['function:simulator', [...eventPrefixes('policy'), 'simulations/']],
  ['function:promotions', PROMOTIONS_AND_INCIDENTS],
  ['function:promoter', PROMOTIONS_AND_INCIDENTS],
  ['function:promotion-gate', [...eventPrefixes('promotion'), 'gates/']],
  ['function:releaser', ['releases/']],
  ['function:incidents', eventPrefixes('incident')],
  ['function:approval-desk', ['approvals/', ...PROMOTIONS_AND_INCIDENTS]],
  ['function:pages', ['approvals/', ...eventPrefixes('promotion')]],
  ['function:approval-watch', PROMOTIONS_AND_INCIDENTS],
];
const KNOWN = Object.values(Prefix);
/** What a release rests on, which is kept for as long as it. */
const CLOSURE = KNOWN.filter((prefix) => prefix !== Prefix.simulations);
const PREFIXES = [...KNOWN, ...eventPrefixes(...EVENT_STREAMS), 'bundles/', ''];
const EVERYBODY: readonly Principal[] = [
  ...FUNCTION_NAMES.map((name) => `function:${name}` as const),
  ...ROLES.map((role) => `role:${role}` as const),
  'administrator',
  'deployment',
];
/** May do whatever is not refused to everybody. */
const MIGHTY: readonly Principal[] = ['administrator', 'deployment'];
const MODEST = EVERYBODY.filter((principal) => !MIGHTY.includes(principal));
const ALL_BUT_BREAK_GLASS = EVERYBODY.filter((principal) => principal !== 'role:break-glass');

/** The condition keys of a PutObject as our writers send it. */
const LOCKED_CREATION = {
  's3:if-none-match': '*',
  's3:ObjectCreationOperation': 'true',
  's3:object-lock-mode': 'COMPLIANCE',
  's3:object-lock-remaining-retention-days': '3652',
  's3:object-lock-retain-until-date': '2036-11-20T00:00:00Z',
};
type Context = Readonly<Record<string, string>>;

function without(context: Context, ...keys: string[]): Context {
  return Object.fromEntries(Object.entries(context).filter(([key]) => !keys.includes(key)));
}

function create(principal: Principal, key: string, context: Context = LOCKED_CREATION): Promise<Decision> {
  return prod.simulate({ principal, action: 's3:PutObject', resource: `${evidence}/${key}`, context });
}

describe('creating evidence', () => {
  const rows = EVERYBODY.flatMap((principal) => {
    const prefixes = CREATES.find(([name]) => name === principal)?.[1] ?? [];
    return PREFIXES.map((prefix) => [principal, prefix, prefixes.includes(prefix)] as const);
  });
  it.each(rows)('%s under "%s": %s', async (principal, prefix, allowed) => {
    expect(await create(principal, `${prefix}x`)).toBe(allowed ? 'Allowed' : 'ExplicitlyDenied');
  });

  it.each(EVERYBODY)(
    '%s prolongs a lock, which is for good, only as a writer, as the releaser or as break-glass',
    async (principal) => {
      const context = without(LOCKED_CREATION, 's3:if-none-match', 's3:ObjectCreationOperation');
      const decide = (prefix: string) =>
        prod.simulate({ principal, action: 's3:PutObjectRetention', resource: `${evidence}/${prefix}x`, context });
      const prefixes = CREATES.find(([name]) => name === principal)?.[1];
      for (const prefix of KNOWN) {
        const isPermitted = principal === 'function:releaser' ? CLOSURE : prefixes;
        const may = principal === 'role:break-glass' || isPermitted?.includes(prefix) === true;
        const refused = prefixes === undefined ? 'ExplicitlyDenied' : 'ImplicitlyDenied';
        expect(await decide(prefix), prefix).toBe(may ? 'Allowed' : refused);
      }
    },
  );

  it.each([
    's3:ReplicateDelete',
    's3:ReplicateObject',
    's3:ReplicateTags',
    's3:UpdateObjectEncryption',
    's3:PutObjectTagging',
    's3:DeleteObjectVersionTagging',
  ])('nobody gets around it by %s', async (action) => {
    for (const principal of EVERYBODY) {
      const decision = await prod.simulate({ principal, action, resource: `${evidence}/keys/x` });
      expect(decision, principal).toBe('ExplicitlyDenied');
    }
  });

  it.each(CREATES)('%s may lock what it creates', async (principal, prefixes) => {
    for (const prefix of prefixes) {
      const context = without(LOCKED_CREATION, 's3:if-none-match', 's3:ObjectCreationOperation');
      const resource = `${evidence}/${prefix}x`;
      expect(await prod.simulate({ principal, action: 's3:PutObjectRetention', resource, context })).toBe('Allowed');
    }
  });

  const broken: readonly (readonly [string, string, Context])[] = [
    ['over an existing key', 'attestations/x', without(LOCKED_CREATION, 's3:if-none-match')],
    ['over an existing artifact', 'artifacts/x', without(LOCKED_CREATION, 's3:if-none-match')],
    ['without a lock', 'attestations/x', without(LOCKED_CREATION, 's3:object-lock-mode')],
    ['without a lock, a receipt', 'receipts/x', without(LOCKED_CREATION, 's3:object-lock-mode')],
    ['in the weaker mode', 'attestations/x', { ...LOCKED_CREATION, 's3:object-lock-mode': 'GOVERNANCE' }],
    ['in the weaker mode, an artifact', 'artifacts/x', { ...LOCKED_CREATION, 's3:object-lock-mode': 'GOVERNANCE' }],
    [
      'for less than the shortest retention',
      'attestations/x',
      { ...LOCKED_CREATION, 's3:object-lock-remaining-retention-days': '363' },
    ],
    ['by plain HTTP', 'attestations/x', { ...LOCKED_CREATION, 'aws:SecureTransport': 'false' }],
    ['by TLS 1.1', 'attestations/x', { ...LOCKED_CREATION, 's3:TlsVersion': '1.1' }],
    ['with SSE-S3', 'attestations/x', { ...LOCKED_CREATION, 's3:x-amz-server-side-encryption': 'AES256' }],
    [
      'with another KMS key',
      'attestations/x',
      {
        ...LOCKED_CREATION,
        's3:x-amz-server-side-encryption': 'aws:kms',
        's3:x-amz-server-side-encryption-aws-kms-key-id': evidenceKey,
      },
    ],
  ];
  it.each(broken)('is refused to everybody %s', async (_, key, context) => {
    for (const principal of EVERYBODY) {
      const creates = CREATES.some(([name, prefixes]) => name === principal && prefixes.some((p) => key.startsWith(p)));
      const decision = await create(principal, key, context);
      // An explicit denial is found even for those who are not allowed in the first place.
      expect(decision, `${principal}, ${creates}`).toBe('ExplicitlyDenied');
    }
  });

  it('naming our own KMS key is allowed', async () => {
    const context = {
      ...LOCKED_CREATION,
      's3:x-amz-server-side-encryption': 'aws:kms',
      's3:x-amz-server-side-encryption-aws-kms-key-id': dataKey,
    };
    expect(await create('function:intake', 'attestations/x', context)).toBe('Allowed');
  });

  it('for exactly the shortest retention is allowed, though S3 counts one whole day less', async () => {
    const context = { ...LOCKED_CREATION, 's3:object-lock-remaining-retention-days': '364' };
    expect(await create('function:intake', 'attestations/x', context)).toBe('Allowed');
  });

  describe('an artifact by multipart copy', () => {
    it('parts need neither lock nor If-None-Match, because they create nothing', async () => {
      const context = { 's3:ObjectCreationOperation': 'false' };
      expect(await create('function:artifact-verifier', 'artifacts/x', context)).toBe('Allowed');
    });
    it('its completion carries If-None-Match and no lock', async () => {
      const context = { 's3:ObjectCreationOperation': 'true', 's3:if-none-match': '*' };
      expect(await create('function:artifact-verifier', 'artifacts/x', context)).toBe('Allowed');
    });
    it('it can be given up', async () => {
      const request = { principal: 'function:artifact-verifier', action: 's3:AbortMultipartUpload' } as const;
      expect(await prod.simulate({ ...request, resource: `${evidence}/artifacts/x` })).toBe('Allowed');
    });
  });
});

describe('taking evidence away', () => {
  const removals = ['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion'];

  it.each(removals)('%s on evidence is refused to all but break-glass', async (action) => {
    for (const principal of ALL_BUT_BREAK_GLASS) {
      const resource = `${evidence}/attestations/x`;
      expect(await prod.simulate({ principal, action, resource }), principal).toBe('ExplicitlyDenied');
    }
    const resource = `${evidence}/attestations/x`;
    expect(await prod.simulate({ principal: 'role:break-glass', action, resource })).toBe('Allowed');
  });

  it.each(removals)('%s on the trail is refused to all but break-glass', async (action) => {
    for (const principal of ALL_BUT_BREAK_GLASS) {
      expect(await prod.simulate({ principal, action, resource: `${trail}/AWSLogs/x` })).toBe('ExplicitlyDenied');
    }
    const resource = `${trail}/AWSLogs/x`;
    expect(await prod.simulate({ principal: 'role:break-glass', action, resource })).toBe('Allowed');
  });

  it('a retention in the weaker mode is refused to everybody', async () => {
    for (const principal of EVERYBODY) {
      const decision = await prod.simulate({
        principal,
        action: 's3:PutObjectRetention',
        resource: `${evidence}/attestations/x`,
        context: { 's3:object-lock-mode': 'GOVERNANCE' },
      });
      expect(decision, principal).toBe('ExplicitlyDenied');
    }
  });

  it('a COMPLIANCE lock in a GOVERNANCE stage is refused, because nobody could remove it', async () => {
    const decision = await dev.simulate({
      principal: 'function:intake',
      action: 's3:PutObjectRetention',
      resource: `${dev.arn('AWS::S3::Bucket', 'EvidenceBucket')}/attestations/x`,
      context: { 's3:object-lock-mode': 'COMPLIANCE' },
    });
    expect(decision).toBe('ExplicitlyDenied');
  });

  describe.each([
    ['evidence', evidence],
    ['trail', trail],
  ])('the set-up of the %s bucket', (_, resource) => {
    it.each([
      's3:DeleteBucket',
      's3:DeleteBucketPolicy',
      's3:PutBucketAcl',
      's3:PutBucketLogging',
      's3:PutBucketObjectLockConfiguration',
      's3:PutBucketOwnershipControls',
      's3:PutBucketPolicy',
      's3:PutBucketPublicAccessBlock',
      's3:PutBucketVersioning',
      's3:PutEncryptionConfiguration',
      's3:PutLifecycleConfiguration',
      's3:PutReplicationConfiguration',
    ])('%s is left to deployments', async (action) => {
      for (const principal of ALL_BUT_BREAK_GLASS) {
        const decision = await prod.simulate({ principal, action, resource });
        expect(decision, principal).toBe(principal === 'deployment' ? 'Allowed' : 'ExplicitlyDenied');
      }
      // Not refused, for the day on which the deployment role is gone; and not granted but for the default lock.
      const breakGlass = await prod.simulate({ principal: 'role:break-glass', action, resource });
      const granted = action === 's3:PutBucketObjectLockConfiguration' && resource === evidence;
      expect(breakGlass).toBe(granted ? 'Allowed' : 'ImplicitlyDenied');
    });

    it('can be read by the administrator', async () => {
      const request = { principal: 'administrator', action: 's3:GetBucketPolicy', resource } as const;
      expect(await prod.simulate(request)).toBe('Allowed');
    });
  });

  it('legal holds are set and lifted by the holds function and break-glass only', async () => {
    const action = 's3:PutObjectLegalHold';
    const resource = `${evidence}/attestations/x`;
    for (const principal of EVERYBODY) {
      const may = principal === 'function:holds' || principal === 'role:break-glass';
      expect(await prod.simulate({ principal, action, resource }), principal).toBe(
        may ? 'Allowed' : 'ExplicitlyDenied',
      );
    }
  });
});

describe('reading evidence', () => {
  const readers: readonly (readonly [Principal, readonly string[]])[] = [
    ['function:gates', ['attestations/', 'events/', 'policies/', 'gates/', 'approvals/']],
    ['function:policies', ['attestations/', 'events/', 'policies/']],
    ['function:simulator', ['events/', 'policies/', 'gates/', 'simulations/']],
    ['function:promotion-gate', ['attestations/', 'events/', 'artifacts/', 'policies/', 'gates/', 'approvals/']],
    ['function:deployer', ['artifacts/', 'gates/', ...eventPrefixes('promotion')]],
    ['function:model-mirror', ['artifacts/', 'attestations/', 'releases/']],
    ['function:releaser', CLOSURE],
    ['function:approval-desk', ['events/', 'gates/', 'approvals/']],
    ['function:approval-watch', ['attestations/', 'events/', 'policies/', 'gates/', 'approvals/']],
    ['function:pages', ['attestations/', 'events/', 'gates/', 'approvals/', 'releases/']],
    ...CREATES,
    ['function:reader', KNOWN],
    ['role:rebuilder', KNOWN],
    ['role:auditor', KNOWN],
    ['role:break-glass', PREFIXES],
  ];
  const rows = MODEST.map((principal) => {
    return [principal, readers.find(([name]) => name === principal)?.[1] ?? []] as const;
  });
  it.each(rows)('%s reads under %j', async (principal, prefixes) => {
    for (const prefix of PREFIXES) {
      for (const action of ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention']) {
        const decision = await prod.simulate({ principal, action, resource: `${evidence}/${prefix}x` });
        const may = prefixes.some((one) => one === prefix || (one !== '' && prefix.startsWith(one)));
        expect(decision, `${action} ${prefix}`).toBe(may ? 'Allowed' : 'ImplicitlyDenied');
      }
    }
  });

  it('whoever reads is told 404, not 403, for what is not there', async () => {
    for (const [principal] of readers) {
      expect(await prod.simulate({ principal, action: 's3:ListBucket', resource: evidence }), principal).toBe(
        'Allowed',
      );
    }
  });

  it('versions are listed by the rebuilder, the auditor and break-glass only', async () => {
    for (const principal of MODEST) {
      const may = ['role:rebuilder', 'role:auditor', 'role:break-glass'].includes(principal);
      const decision = await prod.simulate({ principal, action: 's3:ListBucketVersions', resource: evidence });
      expect(decision, principal).toBe(may ? 'Allowed' : 'ImplicitlyDenied');
    }
  });
});

describe('the staging bucket', () => {
  const rows: readonly (readonly [string, string, readonly Principal[]])[] = [
    ['s3:PutObject', 'uploads/', ['function:artifacts']],
    ['s3:GetObject', 'uploads/', ['function:artifacts', 'function:artifact-verifier']],
    ['s3:DeleteObject', 'uploads/', ['function:artifact-verifier']],
    ['s3:AbortMultipartUpload', 'uploads/', []],
    ['s3:PutObject', 'simulations/', ['function:simulator']],
    ['s3:GetObject', 'simulations/', ['function:simulator']],
    ['s3:DeleteObject', 'simulations/', []],
    ['s3:PutObject', '', []],
  ];
  it.each(rows)('%s under "%s": only %j', async (action, prefix, allowed) => {
    for (const principal of MODEST) {
      const decision = await prod.simulate({ principal, action, resource: `${staging}/${prefix}x` });
      expect(decision, principal).toBe(allowed.includes(principal) ? 'Allowed' : 'ImplicitlyDenied');
    }
  });
});

it('the trail bucket is written by CloudTrail only, for our trail only', async () => {
  const action = 's3:PutObject';
  const resource = `${trail}/AWSLogs/123456789012/CloudTrail/x.json.gz`;
  const context = { 's3:x-amz-acl': 'bucket-owner-full-control' };
  for (const principal of EVERYBODY) {
    expect(await prod.simulate({ principal, action, resource, context }), principal).toBe('ExplicitlyDenied');
  }
  expect(await prod.simulate({ principal: 'trail', action, resource, context })).toBe('Allowed');
  const other = { ...context, 'aws:SourceArn': 'arn:aws:cloudtrail:eu-central-1:123456789012:trail/other' };
  expect(await prod.simulate({ principal: 'trail', action, resource, context: other })).toBe('ExplicitlyDenied');
});

it('the bucket policy names the writers that the grants make', () => {
  const granted = CREATES.flatMap(([name, prefixes]) => prefixes.map((prefix) => `${prefix} ${name}`));
  const named = Object.entries(WRITERS).flatMap(([prefix, names]) => names.map((name) => `${prefix} function:${name}`));
  expect(named.sort()).toEqual(granted.sort());
});

it('the functions that sign are the functions that create evidence', () => {
  expect([...SIGNERS].sort()).toEqual(CREATES.map(([name]) => name.replace('function:', '')).sort());
});
