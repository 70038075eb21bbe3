import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { OwnPredicate, Predicate } from '../../lib/contracts/predicates.ts';
import { Prefix } from '../../lib/contracts/storage.ts';
import { objectKey } from '../../lib/core/layout.ts';
import { type FaultEffect, LocalControl } from '../../local/control.ts';
import { newKey } from '../support/keys.ts';
import { aManifest, digestOf, signedBundle, signedEnvelope, signedPlain, twinsOf } from '../support/manifests.ts';
import { type Opened, verifyOwn } from '../support/verify-own.ts';
import { type ApiAnswer, api } from './support/api.ts';
import { enrolKey } from './support/enrol.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const INTAKE = 'countersign-local-intake';
const key = newKey();

/** A manifest that no other test has posted. */
const fresh = (changes: Parameters<typeof aManifest>[0] = {}) =>
  aManifest({ run_id: `run-${randomUUID()}`, timestamp: new Date().toISOString(), ...changes });

const post = async (body: Buffer, contentType?: string): Promise<ApiAnswer> =>
  await api(local, 'training-pipeline', 'POST', '/v1/manifests', { body, ...(contentType ? { contentType } : {}) });

const get = async (path: string): Promise<ApiAnswer> => await api(local, 'reader', 'GET', path);

beforeAll(async () => {
  await enrolKey(
    local,
    'training-pipeline',
    { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] },
    key.privateKey,
  );
});

afterEach(async () => {
  const armed = await control.armed();
  await control.disarm();
  expect(armed, 'a fault that was armed met no call: the test did not test what it says').toEqual([]);
});

/** The evidence key as the API names it now. */
async function evidenceKey(): Promise<string> {
  const { json } = await get('/v1/status');
  return (json.evidence_key as { public_key: string }).public_key;
}

/** Without those of whoever watches what people approved, which reads and acts on what comes in at its own time. */
const callsOfIntake = async () => (await control.calls()).filter(({ identity }) => identity === INTAKE);

/** Whatever happened before: one evidence, one receipt that verifies, found by each look-up exactly once. */
async function expectOneEvidence(run: string, answer: ApiAnswer): Promise<Opened> {
  const listed = await get(`/v1/runs/${run}`);
  expect(listed.json).toMatchObject({ items: [{ evidence: answer.json.evidence }], next: null });
  expect(listed.json.items).toHaveLength(1);
  const receipt = await get(`/v1/evidence/${answer.json.evidence}/receipt`);
  const stored = await get(`/v1/evidence/${answer.json.evidence}/attestation`);
  const opened = verifyOwn(receipt.bytes, await evidenceKey(), stored.bytes);
  expect(JSON.parse(receipt.bytes.toString())).toEqual(answer.json.receipt);
  return opened;
}

describe('a signed manifest', () => {
  it.each([
    ['a Sigstore bundle', signedBundle],
    ['a bare DSSE envelope', signedEnvelope],
    ['a plain manifest with a cosign signature', signedPlain],
  ] as const)('as %s is accepted, countersigned and found again', async (_form, sign) => {
    const manifest = fresh();
    const bytes = sign(manifest, key);
    const answer = await post(bytes);
    expect(answer).toMatchObject({ status: 201, json: { created: true, principal: 'training-pipeline', flags: [] } });
    const { predicateType, predicate } = await expectOneEvidence(String(manifest.run_id), answer);
    expect(predicateType).toBe(OwnPredicate.receipt);
    expect(predicate).toMatchObject({ principal: { name: 'training-pipeline' }, verified_key: { keyid: key.keyid } });
    expect((await get(`/v1/evidence/${answer.json.evidence}/attestation`)).bytes).toEqual(bytes);
  });

  it('costs five AWS calls with cold caches, four with warm ones, two when it comes again', async () => {
    await control.recycle(INTAKE);
    const counted = async (bytes: Buffer) => {
      await control.resetCalls();
      const { status } = await post(bytes);
      return { status, calls: (await callsOfIntake()).length };
    };
    const bytes = signedBundle(fresh(), key);
    expect(await counted(signedBundle(fresh(), key))).toEqual({ status: 201, calls: 5 });
    expect(await counted(bytes)).toEqual({ status: 201, calls: 4 });
    expect(await counted(bytes)).toEqual({ status: 200, calls: 2 });
  });

  it('is written with its checksum, its lock and on condition that nothing lies there', async () => {
    await control.resetCalls();
    await post(signedBundle(fresh(), key));
    const puts = (await callsOfIntake()).filter(({ operation }) => operation === 'PutObject');
    expect(puts).toHaveLength(2);
    for (const { headers } of puts) {
      expect(headers).toMatchObject({
        'if-none-match': '*',
        'x-amz-checksum-sha256': expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
        'x-amz-sdk-checksum-algorithm': 'SHA256',
        'x-amz-object-lock-mode': 'COMPLIANCE',
        'x-amz-object-lock-retain-until-date': expect.stringMatching(/^20/),
      });
    }
  });

  it.each(twinsOf(signedBundle(fresh(), key)).map(([name]) => name))(
    'is answered with the first receipt when it comes again as a twin: %s',
    async (name) => {
      const bundle = signedBundle(fresh(), key);
      const first = await post(bundle);
      const twin = twinsOf(bundle).find(([twinName]) => twinName === name)?.[1] ?? Buffer.alloc(0);
      await control.resetCalls();
      const again = await post(twin);
      expect(again).toMatchObject({
        status: 200,
        json: { created: false, evidence: first.json.evidence, receipt: first.json.receipt },
      });
      const writes = (await callsOfIntake()).filter(
        ({ status, operation }) => status < 300 && /Put|Transact|Sign/.test(operation),
      );
      expect(writes).toEqual([]);
    },
  );

  it('posted with other content for the same run and stage is kept too, and both are marked', async () => {
    const manifest = fresh();
    await post(signedBundle(manifest, key));
    await post(signedBundle({ ...manifest, metrics: { auc: 0.9 } }, key));
    const { json } = await get(`/v1/runs/${manifest.run_id}`);
    expect(json.items).toMatchObject([{ repeated: true }, { repeated: true }]);
  });
});

describe('when 300 identical posts race', () => {
  it('makes one evidence with one receipt and answers all of them with it', async () => {
    const manifest = fresh();
    const bytes = signedBundle(manifest, key);
    const answers = await Promise.all(Array.from({ length: 300 }, async () => await post(bytes)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => b - a)).toEqual([201, ...Array(299).fill(200)]);
    expect(new Set(answers.map(({ json }) => JSON.stringify(json.receipt))).size).toBe(1);
    await expectOneEvidence(String(manifest.run_id), answers[0] ?? (await post(bytes)));
  });
});

const WRITES = [
  ['the attestation', { service: 's3', operation: 'PutObject', keyPrefix: Prefix.attestations }],
  ['the signature', { service: 'kms', operation: 'Sign' }],
  ['the receipt', { service: 's3', operation: 'PutObject', keyPrefix: Prefix.receipts }],
  ['the transaction', { service: 'dynamodb', operation: 'TransactWriteItems' }],
] as const;

describe.each(WRITES)('when the process is killed after %s', (_write, match) => {
  it.each(['the same bytes', 'a twin'])('%s coming next converge to one evidence with one receipt', async (second) => {
    const manifest = fresh();
    const bundle = signedBundle(manifest, key);
    await control.arm({ match: { ...match, identity: INTAKE }, effect: { kind: 'execute-then-kill' } });
    const killed = await post(bundle);
    expect(killed.status).toBeGreaterThanOrEqual(500);
    expect(killed.headers.get('content-type')).toContain('application/problem+json');
    const again = await post(second === 'a twin' ? (twinsOf(bundle)[1]?.[1] ?? bundle) : bundle);
    expect([200, 201]).toContain(again.status);
    await expectOneEvidence(String(manifest.run_id), again);
  });
});

const FAILURES: readonly (readonly [
  string,
  { service: string; operation: string; keyPrefix?: string },
  FaultEffect,
])[] = [
  ['S3 answers 503 for the attestation', WRITES[0][1], { kind: 'refuse', status: 503, code: 'SlowDown' }],
  [
    'S3 answers 503 for the receipt, having stored it',
    WRITES[2][1],
    { kind: 'execute-then-refuse', status: 503, code: 'SlowDown' },
  ],
  ['KMS throttles', WRITES[1][1], { kind: 'refuse', status: 400, code: 'ThrottlingException' }],
  [
    'DynamoDB fails, having committed',
    WRITES[3][1],
    { kind: 'execute-then-refuse', status: 500, code: 'InternalServerError' },
  ],
  ['the connection to DynamoDB is cut after the commit', WRITES[3][1], { kind: 'execute-then-drop' }],
];

describe('when a dependency fails', () => {
  it.each(FAILURES)('and goes on failing (%s), says so with 503 and loses nothing', async (_failure, match, effect) => {
    const manifest = fresh();
    const bytes = signedBundle(manifest, key);
    // As often as the SDK tries: three times.
    await control.arm({ match: { ...match, identity: INTAKE }, effect, times: 3 });
    const refused = await post(bytes);
    if (refused.status !== 503) expect([200, 201]).toContain(refused.status);
    else expect(refused.json).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    await control.disarm();
    const again = await post(bytes);
    expect([200, 201]).toContain(again.status);
    await expectOneEvidence(String(manifest.run_id), again);
  });

  it.each(FAILURES)('once (%s), the caller does not notice', async (_failure, match, effect) => {
    const manifest = fresh();
    await control.arm({ match: { ...match, identity: INTAKE }, effect });
    const answer = await post(signedBundle(manifest, key));
    expect([200, 201]).toContain(answer.status);
    await expectOneEvidence(String(manifest.run_id), answer);
  });
});

describe('when the key is revoked while the function remembers it', () => {
  it('refuses the next manifest and indexes nothing of it', async () => {
    const brief = newKey();
    const authority = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
    await enrolKey(local, 'training-pipeline', authority, brief.privateKey);
    expect((await post(signedBundle(fresh(), brief))).status).toBe(201);
    const revoked = await api(local, 'key-admin', 'POST', `/v1/keys/${brief.keyid}/revoke`, {
      body: { reason: 'lost laptop' },
    });
    expect(revoked.status).toBe(200);
    const manifest = fresh();
    const refused = await post(signedBundle(manifest, brief));
    expect(refused).toMatchObject({ status: 403, json: { code: 'KEY_REVOKED' } });
    expect((await get(`/v1/runs/${manifest.run_id}`)).json.items).toEqual([]);
  });
});

describe('bad input on the wire', () => {
  const bundle = signedBundle(fresh(), key);
  interface Case {
    readonly what: string;
    readonly body: Buffer;
    readonly status: number;
    readonly code?: string;
    readonly contentType?: string;
  }
  const cases: readonly Case[] = [
    { what: 'an empty body', body: Buffer.alloc(0), status: 400, code: 'BODY_EMPTY' },
    {
      what: 'two megabytes',
      body: Buffer.from(JSON.stringify({ run_id: 'x'.repeat(2_000_000) })),
      status: 413,
      code: 'BODY_TOO_LARGE',
    },
    { what: 'half a bundle', body: bundle.subarray(0, bundle.length / 2), status: 400, code: 'JSON_INVALID' },
    { what: 'invalid UTF-8', body: Buffer.from([0x22, 0xff, 0xfe, 0x22]), status: 400, code: 'JSON_INVALID' },
    { what: 'an unsigned manifest', body: Buffer.from(JSON.stringify(fresh())), status: 422, code: 'UNSIGNED' },
    {
      what: 'a changed byte',
      body: Buffer.from(bundle.toString().replace(/"payload":"(.{40})./, '"payload":"$1B')),
      status: 422,
    },
    { what: 'a stranger signed it', body: signedBundle(fresh(), newKey()), status: 403, code: 'KEY_UNKNOWN' },
    {
      what: 'XML',
      body: Buffer.from('<manifest/>'),
      status: 415,
      code: 'MEDIA_TYPE_UNSUPPORTED',
      contentType: 'application/xml',
    },
  ];
  it.each(cases)('$what is refused by a problem document', async ({ body, status, code, contentType }) => {
    const answer = await post(body, contentType);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.status).toBeLessThan(500);
    if (code !== undefined) expect(answer).toMatchObject({ status, json: { code, status } });
    expect(answer.bytes.toString()).not.toMatch(/\bat .*\.(ts|mjs):\d/);
  });
});

describe('the object of a manifest', () => {
  it('is named by its statement identity', async () => {
    const { json } = await post(signedBundle(fresh({ model: { id: 'm', sha256: digestOf('another') } }), key));
    expect(json.storage).toMatchObject({ key: objectKey.attestation(String(json.statement_identity)) });
  });
});
