import { describe, expect, it } from 'vitest';
import { type Place, questionsOf, type RecordedCall } from './support/replay.ts';
import { EXAMPLE } from './support/resolve.ts';
import { type Principal, Simulator } from './support/simulate.ts';
import { synthesise } from './support/synth.ts';

const prod = new Simulator(synthesise('prod'));
const name = (arn: string) => arn.replace(/^.*[:/]/, '');
const bucket = name(prod.arn('AWS::S3::Bucket', 'EvidenceBucket'));
const staging = name(prod.arn('AWS::S3::Bucket', 'StagingBucket'));
const evidenceTable = name(prod.arn('AWS::DynamoDB::Table', 'EvidenceTable'));
const registryTable = name(prod.arn('AWS::DynamoDB::Table', 'RegistryTable'));
const keyId = prod.arn('AWS::KMS::Key', 'EvidenceKey');
const place: Place = {
  ...EXAMPLE,
  dataKeyArn: prod.arn('AWS::KMS::Key', 'DataKey'),
  now: new Date('2026-01-01T00:00:01Z'),
};

const locked = {
  'if-none-match': '*',
  'x-amz-object-lock-mode': 'COMPLIANCE',
  'x-amz-object-lock-retain-until-date': '2027-01-01T00:00:00Z',
};
const put = (key: string, headers: RecordedCall['headers'] = locked): RecordedCall => ({
  service: 's3',
  operation: 'PutObject',
  resources: { bucket, key },
  headers,
});
const sign: RecordedCall = {
  service: 'kms',
  operation: 'Sign',
  resources: { keyId },
  headers: {},
  parameters: { SigningAlgorithm: 'ECDSA_SHA_256', MessageType: 'DIGEST' },
};
const commit: RecordedCall = {
  service: 'dynamodb',
  operation: 'TransactWriteItems',
  resources: { tables: [evidenceTable, registryTable] },
  actions: [
    { action: 'Put', table: evidenceTable },
    { action: 'ConditionCheck', table: registryTable },
  ],
  headers: {},
};

async function refusals(principal: Principal, call: RecordedCall): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const question of questionsOf(call, place)) {
    const decision = await prod.simulate({ principal, ...question });
    if (decision !== 'Allowed') refused.push(`${question.action} ${decision}`);
  }
  return refused;
}

describe('the four writes of a manifest', () => {
  it.each([
    ['its bytes', put('attestations/sha256/ab/x.sigstore.json')],
    ['the signature of its receipt', sign],
    ['its receipt', put('receipts/x.sigstore.json')],
    ['its items', commit],
  ])('%s: intake may, with every companion permission', async (_, call) => {
    expect(await refusals('function:intake', call)).toEqual([]);
    expect(await refusals('function:reader', call)).not.toEqual([]);
  });

  it('a put without If-None-Match is refused by the bucket', async () => {
    const { 'if-none-match': _, ...headers } = locked;
    expect(await refusals('function:intake', put('attestations/x', headers))).toEqual([
      's3:PutObject ExplicitlyDenied',
    ]);
  });
});

describe('a staged artifact', () => {
  const key = 'artifacts/sha256/ab/x';
  const { 'if-none-match': ifNoneMatch, ...lock } = locked;
  const source = { 'x-amz-copy-source': `${staging}/uploads/x` };
  const s3 = (operation: string, headers: RecordedCall['headers'] = {}, at = { bucket, key }): RecordedCall => ({
    service: 's3',
    operation,
    resources: at,
    headers,
  });
  it.each([
    ['is read', s3('GetObject', {}, { bucket: staging, key: 'uploads/x' })],
    ['is copied under a lock', s3('CreateMultipartUpload', lock)],
    ['in parts', s3('UploadPartCopy', source)],
    ['to a key that is free', s3('CompleteMultipartUpload', { 'if-none-match': ifNoneMatch })],
    ['or given up', s3('AbortMultipartUpload')],
    ['and deleted', s3('DeleteObject', {}, { bucket: staging, key: 'uploads/x' })],
  ])('%s by the verifier and nobody else', async (_, call) => {
    expect(await refusals('function:artifact-verifier', call)).toEqual([]);
    expect(await refusals('function:intake', call)).not.toEqual([]);
  });
});

it('a call that nobody thought of is an error, not a pass', () => {
  expect(() => questionsOf({ ...put('x'), operation: 'RestoreObject' }, place)).toThrow('RestoreObject is not known');
  expect(() => questionsOf({ ...sign, parameters: {} }, place)).toThrow('kms:Sign is not complete');
});
