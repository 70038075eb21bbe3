import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { BatchWriteItemCommand, DynamoDBClient, PutItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { type LocalStack, startLocal } from '../../local/stack.ts';
import { newKey } from '../support/keys.ts';
import { aManifest, aScaiReport, digestOf, signedBundle, signedPlain, signedStatement } from '../support/manifests.ts';
import { api } from './support/api.ts';
import { clientConfig } from './support/clients.ts';
import { enrolKey } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester } from './support/policies.ts';

/** A stack of its own, because its tables are emptied. */
const stateDir = resolve(import.meta.dirname, '../../.countersign/test-reindex');
let stack: LocalStack;
let administrator: { readonly dynamo: DynamoDBClient; readonly s3: S3Client };

type Items = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

const until = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

async function items(table: string): Promise<Items> {
  const found = new Map<string, Record<string, unknown>>();
  for await (const page of paginateScan({ client: administrator.dynamo }, { TableName: table })) {
    for (const item of page.Items ?? []) found.set(`${item.pk?.S} ${item.sk?.S}`, unmarshall(item));
  }
  return found;
}

async function empty(table: string): Promise<void> {
  const keys = [...(await items(table)).values()].map(({ pk, sk }) => ({
    pk: { S: String(pk) },
    sk: { S: String(sk) },
  }));
  for (let start = 0; start < keys.length; start += 25) {
    const requests = keys.slice(start, start + 25).map((Key) => ({ DeleteRequest: { Key } }));
    await administrator.dynamo.send(new BatchWriteItemCommand({ RequestItems: { [table]: requests } }));
  }
}

beforeAll(async () => {
  stack = await startLocal({ stateDir });
  const local = stack.description;
  const config = clientConfig(local, 'administrator');
  administrator = { dynamo: new DynamoDBClient(config), s3: new S3Client(config) };
  const producer = newKey();
  const officer = newKey('ed25519');
  const revoked = newKey();
  const training = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', training, producer.privateKey);
  await enrolKey(local, 'training-pipeline', training, revoked.privateKey);
  await enrolKey(
    local,
    'privacy-officer',
    { role: 'privacy-officer', predicate_types: [Predicate.scai], scai_attributes: ['CONSENT'] },
    officer.privateKey,
  );
  const now = () => new Date().toISOString();
  const post = async (path: string, body: Buffer | object) =>
    await api(local, path === '/v1/attestations' ? 'privacy-officer' : 'training-pipeline', 'POST', path, { body });
  const first = await post('/v1/manifests', signedBundle(aManifest({ timestamp: now() }), producer));
  await post(
    '/v1/manifests',
    signedPlain(aManifest({ run_id: 'run-2', timestamp: now(), environment: 'production' }), revoked),
  );
  await post('/v1/attestations', signedStatement(aScaiReport(['CONSENT']), officer));
  const bytes = Buffer.from('an artifact');
  const artifact = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length,
    media_type: 'text/plain',
  };
  const { json } = await post('/v1/artifacts', artifact);
  const { url, headers } = json.put as { url: string; headers: Record<string, string> };
  expect((await fetch(url, { method: 'PUT', headers, body: bytes })).status).toBe(200);
  expect((await post('/v1/artifacts', artifact)).status).toBe(201);
  await api(local, 'key-admin', 'POST', `/v1/keys/${revoked.keyid}/revoke`, { body: { reason: 'left the team' } });
  await api(local, 'legal-hold', 'POST', '/v1/holds', { body: { sha256: first.json.evidence, reason: 'case 12' } });
  await activatePolicy(local, await enrolPolicyTester(local), await committedPolicy('reindex'));
  const exception = {
    rule: 'explainability_report',
    scope: { model: null, dataset: null, endpoint: null, environment: 'staging' },
    reason: 'the report is late',
    compensating_control: 'a person reviews each decision',
    not_after: until(1),
  };
  const { id } = (await api(local, 'promoter', 'POST', '/v1/waivers', { body: exception })).json;
  await api(local, 'policy-approver', 'POST', `/v1/waivers/${id}/approve`, { body: {} });
  await api(local, 'promoter', 'POST', `/v1/waivers/${id}/end`, { body: { reason: 'the report came' } });
  // Once erased, all that the tables hold of a person is in the bucket too.
  const person = { id: 'p-1', name: 'A Model Owner', email: 'owner@example.org', roles: ['model-owner'] };
  expect((await api(local, 'people-admin', 'POST', '/v1/approvers', { body: person })).status).toBe(201);
  expect((await api(local, 'people-admin', 'POST', '/v1/approvers/p-1/erase')).status).toBe(200);
});
afterAll(async () => await stack?.stop());

describe('countersign reindex', () => {
  it('makes both tables again, item by item, and leaves out what does not verify', async () => {
    const { evidenceBucket, evidenceTable, registryTable } = stack.description.resources;
    const before = { evidence: await items(evidenceTable), registry: await items(registryTable) };
    expect(before.evidence.size).toBeGreaterThan(20);
    // Somebody with write access to the bucket leaves a receipt of their own making.
    const forged = {
      Bucket: evidenceBucket,
      Key: `receipts/${digestOf('nothing')}.sigstore.json`,
      Body: signedBundle(aManifest(), newKey()),
    };
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date(until(1)) } as const;
    await administrator.s3.send(new PutObjectCommand({ ...forged, ...lock }));
    await empty(evidenceTable);
    await empty(registryTable);

    const report = { attestations: 4, artifacts: 1, skipped: 1, left_out: [{ key: forged.Key }] };
    expect(await reindex()).toMatchObject({ ...report, remarks: [] });
    expect(await items(registryTable)).toEqual(before.registry);
    expect(await items(evidenceTable)).toEqual(before.evidence);

    // Beside it, the functions have written a later state, and somebody else's hand what the bucket contradicts.
    const later = stateOf(await items(registryTable), 'caller');
    const tampered = stateOf(await items(evidenceTable), 'statement');
    const { dynamo } = administrator;
    const put = async (TableName: string, Item: object) =>
      await dynamo.send(new PutItemCommand({ TableName, Item: marshall(Item) }));
    await put(registryTable, { ...later, revision: 99 });
    await put(evidenceTable, { ...tampered, evidence: digestOf('nothing') });
    const again = await reindex();
    expect(again).toMatchObject(report);
    expect(again.remarks).toEqual([
      { key: expect.any(String), remark: expect.stringContaining(`${evidenceTable}: ${tampered.pk} statement`) },
    ]);
    expect(await items(evidenceTable)).toEqual(before.evidence);
    expect(stateOf(await items(registryTable), 'caller', later.pk)).toEqual({ ...later, revision: 99 });
    expect((await reindex()).remarks).toEqual([]);
  });
});

/** An item with this sort key. */
function stateOf(from: Items, sk: string, pk?: unknown): Readonly<Record<string, unknown>> {
  const found = [...from.values()].find((item) => item.sk === sk && (pk === undefined || item.pk === pk));
  if (!found) throw new Error(`no item ${sk}`);
  return found;
}

/** Runs the command as the rebuilder would. */
async function reindex() {
  const { evidenceBucket, evidenceTable, registryTable, workflowTable } = stack.description.resources;
  const { accessKeyId, secretAccessKey } = stack.description.identities.rebuilder;
  const tables = [
    '--evidence-table',
    evidenceTable,
    '--registry-table',
    registryTable,
    '--workflow-table',
    workflowTable,
  ];
  const names = ['--bucket', evidenceBucket, ...tables];
  const { stdout } = await promisify(execFile)(process.execPath, ['cli/bin.js', '--json', 'reindex', ...names], {
    cwd: resolve(import.meta.dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      AWS_REGION: stack.description.region,
      AWS_ENDPOINT_URL: stack.description.endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  return JSON.parse(stdout);
}
