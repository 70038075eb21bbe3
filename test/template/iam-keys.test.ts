import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES, SIGNERS } from '../../cdk/names.ts';
import { ROLES } from '../../lib/contracts/roles.ts';
import { type Decision, type Principal, Simulator } from './support/simulate.ts';
import { synthesise } from './support/synth.ts';

const prod = new Simulator(synthesise('prod'));
const evidenceKey = prod.arn('AWS::KMS::Key', 'EvidenceKey');
const dataKey = prod.arn('AWS::KMS::Key', 'DataKey');
const auditKey = prod.arn('AWS::KMS::Key', 'AuditKey');
const foreignKey = evidenceKey.replace(/[^/]+$/, '11111111-2222-3333-4444-555555555555');

const signers: readonly Principal[] = SIGNERS.map((name) => `function:${name}` as const);
const everybody: readonly Principal[] = [
  ...FUNCTION_NAMES.map((name) => `function:${name}` as const),
  ...ROLES.map((role) => `role:${role}` as const),
  'administrator',
  'deployment',
];
/** May do with a key whatever its policy leaves to the account. */
const mighty: readonly Principal[] = ['administrator', 'deployment'];
const modest = everybody.filter((principal) => !mighty.includes(principal));
const receipt = { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'DIGEST' };

function on(
  key: string,
  principal: Principal,
  action: string,
  context: Record<string, string> = {},
): Promise<Decision> {
  return prod.simulate({ principal, action, resource: key, context });
}

describe('the evidence key', () => {
  it.each(everybody)('%s signs receipts only if it is a signer', async (principal) => {
    const expected = signers.includes(principal) ? 'Allowed' : 'ExplicitlyDenied';
    expect(await on(evidenceKey, principal, 'kms:Sign', receipt)).toBe(expected);
  });

  it.each(signers)('%s signs nothing but ECDSA over a SHA-256 digest', async (principal) => {
    const raw = { ...receipt, 'kms:MessageType': 'RAW' };
    expect(await on(evidenceKey, principal, 'kms:Sign', raw)).toBe('ImplicitlyDenied');
    const other = { ...receipt, 'kms:SigningAlgorithm': 'ECDSA_SHA_384' };
    expect(await on(evidenceKey, principal, 'kms:Sign', other)).toBe('ImplicitlyDenied');
  });

  it.each(signers)('%s signs with no other key', async (principal) => {
    expect(await on(foreignKey, principal, 'kms:Sign', receipt)).toBe('ImplicitlyDenied');
  });

  const changes = ['kms:DisableKey', 'kms:CancelKeyDeletion', 'kms:EnableKey', 'kms:TagResource'];
  it.each(changes)('%s: administrators may, signers are refused, others are not allowed', async (action) => {
    for (const principal of everybody) {
      const expected = mighty.includes(principal)
        ? 'Allowed'
        : signers.includes(principal)
          ? 'ExplicitlyDenied'
          : 'ImplicitlyDenied';
      expect(await on(evidenceKey, principal, action), principal).toBe(expected);
    }
  });

  it('nobody hands signing to somebody else by a grant', async () => {
    for (const principal of everybody) {
      expect(await on(evidenceKey, principal, 'kms:CreateGrant'), principal).toBe('ExplicitlyDenied');
    }
  });

  it('its public half is read by those who publish or check it', async () => {
    const readers: readonly Principal[] = ['function:registry', 'role:auditor', ...mighty];
    for (const principal of everybody) {
      const expected = readers.includes(principal) ? 'Allowed' : 'ImplicitlyDenied';
      expect(await on(evidenceKey, principal, 'kms:GetPublicKey'), principal).toBe(expected);
    }
  });
});

describe('the data key', () => {
  const writers: readonly Principal[] = [...signers, 'role:rebuilder'];
  const s3 = { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' };
  const dynamodb = { 'kms:ViaService': 'dynamodb.eu-central-1.amazonaws.com' };

  it('encrypts through S3 and DynamoDB for those who write', async () => {
    for (const principal of modest) {
      const expected = writers.includes(principal) ? 'Allowed' : 'ImplicitlyDenied';
      expect(await on(dataKey, principal, 'kms:GenerateDataKey', s3), principal).toBe(expected);
      // These write to tables, and no evidence.
      const inTables = ['function:deployer', 'function:webhook-sender'].includes(principal) ? 'Allowed' : expected;
      expect(await on(dataKey, principal, 'kms:GenerateDataKey', dynamodb), principal).toBe(inTables);
    }
  });

  it('decrypts what S3 holds for those who read', async () => {
    const readers: readonly Principal[] = [
      ...writers,
      'function:deployer',
      'function:model-mirror',
      'function:reader',
      'role:auditor',
      'role:break-glass',
    ];
    for (const principal of modest) {
      const expected = readers.includes(principal) ? 'Allowed' : 'ImplicitlyDenied';
      expect(await on(dataKey, principal, 'kms:Decrypt', s3), principal).toBe(expected);
    }
  });

  it('is used by nobody directly, not even by the administrator', async () => {
    for (const principal of everybody) {
      for (const action of ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey']) {
        expect(await on(dataKey, principal, action), `${principal} ${action}`).toBe('ImplicitlyDenied');
      }
    }
  });

  it('seals the secrets of webhooks for those who make them, and unseals them for who signs with them', async () => {
    const purpose = (name: string) => ({ 'kms:EncryptionContext:purpose': name });
    const may = { 'kms:Encrypt': 'function:webhooks', 'kms:Decrypt': 'function:webhook-sender' };
    for (const [action, sealer] of Object.entries(may)) {
      for (const principal of modest) {
        const expected = principal === sealer ? 'Allowed' : 'ImplicitlyDenied';
        expect(await on(dataKey, principal, action, purpose('webhook-secret')), principal).toBe(expected);
        expect(await on(dataKey, principal, action, purpose('another')), principal).toBe('ImplicitlyDenied');
      }
    }
  });

  it('seals task tokens for those who wait, and unseals them for those who end waits', async () => {
    const token = { 'kms:EncryptionContext:purpose': 'task-token' };
    const may = {
      'kms:Encrypt': ['approval-desk', 'promoter'],
      'kms:Decrypt': ['approval-watch', 'pages', 'promoter', 'promotions'],
    };
    for (const [action, names] of Object.entries(may)) {
      const allowed: readonly string[] = names.map((name) => `function:${name}`);
      for (const principal of modest) {
        const expected = allowed.includes(principal) ? 'Allowed' : 'ImplicitlyDenied';
        expect(await on(dataKey, principal, action, token), `${principal} ${action}`).toBe(expected);
      }
    }
  });

  it('encrypts the queues of failed events for those whose events they hold', async () => {
    const sqs = { 'kms:ViaService': 'sqs.eu-central-1.amazonaws.com' };
    for (const principal of modest) {
      const keepers = ['approval-watch', 'artifact-verifier', 'model-mirror', 'promoter', 'webhook-sender'].map(
        (name) => `function:${name}`,
      );
      const expected = keepers.includes(principal) ? 'Allowed' : 'ImplicitlyDenied';
      expect(await on(dataKey, principal, 'kms:GenerateDataKey', sqs), principal).toBe(expected);
    }
  });

  it('is administered by administrators only', async () => {
    for (const principal of everybody) {
      const expected = mighty.includes(principal) ? 'Allowed' : 'ImplicitlyDenied';
      expect(await on(dataKey, principal, 'kms:DisableKey'), principal).toBe(expected);
    }
  });
});

describe.each([
  ['evidence', evidenceKey],
  ['data', dataKey],
  ['audit', auditKey],
])('the %s key', (_, key) => {
  it.each(['kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion'])('%s is left to deployments', async (action) => {
    for (const principal of everybody.filter((name) => name !== 'role:break-glass')) {
      const expected = principal === 'deployment' ? 'Allowed' : 'ExplicitlyDenied';
      expect(await on(key, principal, action), principal).toBe(expected);
    }
    // Not refused, for the day on which the deployment role is gone; and not granted.
    expect(await on(key, 'role:break-glass', action)).toBe('ImplicitlyDenied');
  });
});

it('the audit key decrypts the trail for administrators only, and encrypts for nobody', async () => {
  const s3 = { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' };
  for (const principal of everybody) {
    const expected = mighty.includes(principal) ? 'Allowed' : 'ImplicitlyDenied';
    expect(await on(auditKey, principal, 'kms:Decrypt', s3), principal).toBe(expected);
    expect(await on(auditKey, principal, 'kms:GenerateDataKey', s3), principal).toBe('ImplicitlyDenied');
  }
});
