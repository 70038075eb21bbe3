import { expect, it } from 'vitest';
import { dynamoGateLedger } from '../../../lib/adapters/dynamodb/gate-ledger.ts';
import { toItem } from '../../../lib/adapters/dynamodb/items.ts';
import type { EvidenceRecord } from '../../../lib/core/evidence.ts';
import { itemKey } from '../../../lib/core/layout.ts';
import { answeringDynamo, type WireAnswer } from '../../support/answering.ts';
import { refusal } from '../../support/refusals.ts';

const [ONE, TWO] = ['1'.repeat(64), '2'.repeat(64)] as const;

const record = (sha256: string): EvidenceRecord => ({
  sha256,
  kind: 'attestation',
  form: 'dsse',
  media_type: 'application/json',
  size: 1,
  received_at: '2026-01-01T00:00:00.000Z',
  principal: 'training-pipeline',
  environment: 'production',
  flags: [],
  object_key: 'attestations/x',
  version_id: 'v1',
  retain_until: '2033-01-01T00:00:00.000Z',
  evidence_keyid: 'e',
  kms_request_id: 'r',
});

function answer(items: readonly object[], left: readonly string[] = []): WireAnswer {
  const unprocessed = { table: { Keys: left.map((sha256) => toItem(itemKey.evidence(sha256), {})) } };
  return { status: 200, body: { Responses: { table: items }, UnprocessedKeys: left.length > 0 ? unprocessed : {} } };
}

function find(...answers: readonly WireAnswer[]) {
  const { client, calls } = answeringDynamo(answers);
  return {
    found: dynamoGateLedger({ client, evidenceTable: 'table', registryTable: 'other' }).findMany([ONE, TWO]),
    calls,
  };
}

it('asks again for what DynamoDB left out of a batch', async () => {
  const [first, second] = [ONE, TWO].map((sha256) => toItem(itemKey.evidence(sha256), record(sha256)));
  const { found, calls } = find(answer([first ?? {}], [TWO]), answer([second ?? {}]));
  expect([...(await found).keys()]).toEqual([ONE, TWO]);
  expect(calls()).toBe(2);
});

it('says that DynamoDB is unavailable when it keeps leaving it out', async () => {
  const { found, calls } = find(answer([], [ONE, TWO]));
  await expect(found).rejects.toThrow(refusal('DEPENDENCY_UNAVAILABLE'));
  expect(calls()).toBe(8);
});

it('finds nothing in an item of another form, and the rest beside it', async () => {
  const changed = { ...toItem(itemKey.evidence(ONE), record(ONE)), size: { S: 'large' } };
  const { found } = find(answer([changed, toItem(itemKey.evidence(TWO), record(TWO))]));
  expect([...(await found).keys()]).toEqual([TWO]);
});
