import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DeleteObjectCommand, GetObjectRetentionCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { objectKey } from '../../lib/core/layout.ts';
import { LocalControl } from '../../local/control.ts';
import { newKey } from '../support/keys.ts';
import { verifyOwn } from '../support/verify-own.ts';
import { type ApiAnswer, api } from './support/api.ts';
import { clientConfig } from './support/clients.ts';
import { enrolKey } from './support/enrol.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const GIB = 1024 ** 3;

const post = async (path: string, body: object): Promise<ApiAnswer> =>
  await api(local, 'training-pipeline', 'POST', path, { body });
const get = async (path: string, query: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> =>
  await api(local, 'reader', 'GET', path, { query });

interface SignedPut {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const send = async ({ url, headers }: SignedPut, body: Buffer) =>
  await fetch(url, { method: 'PUT', headers, body: Buffer.from(body) });

function some(bytes: Buffer) {
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

beforeAll(async () => {
  const authority = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', authority, newKey().privateKey);
});

describe('an artifact up to 5 GB', () => {
  it('is put by one signed request to its final key, and becomes evidence when it is there', async () => {
    const { bytes, ...artifact } = some(randomBytes(100_000));
    const asked = await post('/v1/artifacts', {
      ...artifact,
      media_type: 'application/gzip',
      environment: 'production',
    });
    expect(asked).toMatchObject({ status: 202, json: { status: 'unverified' } });
    expect((await get(`/v1/artifacts/${artifact.sha256}`)).status).toBe(404);
    expect((await send(asked.json.put as SignedPut, bytes)).status).toBe(200);
    const stored = await post('/v1/artifacts', artifact);
    expect(stored).toMatchObject({
      status: 201,
      json: { kind: 'artifact', size: bytes.length, media_type: 'application/gzip' },
    });
    expect(await post('/v1/artifacts', artifact)).toMatchObject({
      status: 200,
      json: { created: false, receipt: stored.json.receipt },
    });
    const { json } = await get('/v1/status');
    verifyOwn(
      Buffer.from(JSON.stringify(stored.json.receipt)),
      (json.evidence_key as { public_key: string }).public_key,
      bytes,
    );
    expect(await get(`/v1/artifacts/${artifact.sha256}`)).toMatchObject({ status: 200, json: { status: 'verified' } });
    const content = await fetchContent(artifact.sha256);
    expect(content).toEqual(bytes);
  });

  it.each([
    ['other bytes', (put: SignedPut) => put, () => randomBytes(1000)],
    [
      'another digest in the header',
      ({ url, headers }: SignedPut) => ({
        url,
        headers: { ...headers, 'x-amz-checksum-sha256': createHash('sha256').update('other').digest('base64') },
      }),
      () => Buffer.from('other'),
    ],
    [
      'a shorter lock',
      ({ url, headers }: SignedPut) => ({
        url,
        headers: { ...headers, 'x-amz-object-lock-retain-until-date': new Date(Date.now() + 60_000).toISOString() },
      }),
      (bytes: Buffer) => bytes,
    ],
    [
      'no condition',
      ({ url, headers: { 'if-none-match': _gone, ...headers } }: SignedPut) => ({ url, headers }),
      (bytes: Buffer) => bytes,
    ],
  ] as const)('cannot be put with %s: nobody squats on a digest', async (_what, changed, body) => {
    const { bytes, ...artifact } = some(randomBytes(1000));
    const asked = await post('/v1/artifacts', artifact);
    const answer = await send(changed(asked.json.put as SignedPut), body(bytes));
    expect([400, 403]).toContain(answer.status);
    expect(await post('/v1/artifacts', artifact)).toMatchObject({ status: 202, json: { status: 'unverified' } });
  });

  it('is kept for longer when somebody asks for that, and its receipt with it', async () => {
    const { bytes, ...artifact } = some(randomBytes(1000));
    const asked = await post('/v1/artifacts', artifact);
    expect((await send(asked.json.put as SignedPut, bytes)).status).toBe(200);
    const stored = await post('/v1/artifacts', artifact);
    const kept = await post('/v1/artifacts', { ...artifact, environment: 'production' });
    expect(kept).toMatchObject({ status: 200, json: { environment: 'experimental', receipt: stored.json.receipt } });
    const lockedUntil = Date.parse(String(kept.json.locked_until));
    expect(lockedUntil).toBeGreaterThan(Date.parse(String(stored.json.locked_until)));
    const s3 = new S3Client(clientConfig(local, 'administrator'));
    for (const key of [objectKey.artifact(artifact.sha256), objectKey.receipt(artifact.sha256, 'artifact')]) {
      const object = { Bucket: local.resources.evidenceBucket, Key: key };
      const { Retention } = await s3.send(new GetObjectRetentionCommand(object));
      expect(Math.abs(lockedUntil - (Retention?.RetainUntilDate?.getTime() ?? 0))).toBeLessThan(1000);
    }
  });

  it('cannot be put a second time', async () => {
    const { bytes, ...artifact } = some(randomBytes(1000));
    const put = (await post('/v1/artifacts', artifact)).json.put as SignedPut;
    expect((await send(put, bytes)).status).toBe(200);
    expect((await send(put, bytes)).status).toBe(412);
  });
});

describe('a larger artifact', () => {
  const PART = 5 * 1024 * 1024;

  /** Sends two parts, announcing a size that needs staging. */
  async function sendParts(bytes: Buffer, announced: string) {
    const asked = await post('/v1/artifacts', { sha256: announced, size: 6 * GIB });
    expect(asked).toMatchObject({ status: 202, json: { status: 'unverified', multipart: { sha256: announced } } });
    const { id, name } = asked.json.multipart as { id: string; name: string };
    const signed = await post(`/v1/artifacts/${announced}/parts`, { upload: { id, name }, from: 1, to: 2 });
    const parts: { part_number: number; etag: string }[] = [];
    for (const part of signed.json.parts as (SignedPut & { part_number: number })[]) {
      const from = (part.part_number - 1) * PART;
      const answer = await send(part, bytes.subarray(from, from + PART));
      expect(answer.status).toBe(200);
      parts.push({ part_number: part.part_number, etag: answer.headers.get('etag') ?? '' });
    }
    const complete = { upload: { id, name }, parts, environment: 'staging' };
    return { name, close: async () => await post(`/v1/artifacts/${announced}/complete`, complete) };
  }

  /** @returns the upload's name */
  async function upload(bytes: Buffer, announced: string): Promise<string> {
    const { name, close } = await sendParts(bytes, announced);
    const closed = { status: 202, json: { status: 'unverified', verifying: bytes.length } };
    expect(await close()).toMatchObject(closed);
    return name;
  }

  async function settled(sha256: string, name: string): Promise<ApiAnswer> {
    for (;;) {
      const answer = await get(`/v1/artifacts/${sha256}`, { upload: name });
      expect(answer.status).toBe(200);
      if (!['verifying', 'copying'].includes(String(answer.json.state))) return answer;
      await setTimeout(100);
    }
  }

  it('is hashed in staging, copied under its lock and countersigned; until then it is unverified', async () => {
    const { bytes, sha256 } = some(randomBytes(PART + 1000));
    const name = await upload(bytes, sha256);
    expect(await settled(sha256, name)).toMatchObject({
      json: { status: 'verified', size: bytes.length, environment: 'staging' },
    });
    expect(await fetchContent(sha256)).toEqual(bytes);
    const s3 = new S3Client(clientConfig(local, 'administrator'));
    const object = { Bucket: local.resources.evidenceBucket, Key: objectKey.artifact(sha256) };
    const { VersionId } = await s3.send(new HeadObjectCommand(object));
    const lock = await s3.send(new GetObjectRetentionCommand({ ...object, VersionId }));
    expect(lock.Retention).toMatchObject({ Mode: 'COMPLIANCE' });
    await expect(s3.send(new DeleteObjectCommand({ ...object, VersionId }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });

  it('whose bytes are not the announced ones is refused, and its digest stays free for the right ones', async () => {
    const right = some(randomBytes(1000));
    const wrong = some(randomBytes(PART + 1000));
    const name = await upload(wrong.bytes, right.sha256);
    expect(await settled(right.sha256, name)).toMatchObject({
      json: { status: 'unverified', state: 'mismatch', actual: wrong.sha256 },
    });
    expect((await get(`/v1/artifacts/${right.sha256}`, { upload: randomUUID() })).status).toBe(404);
    const { bytes, ...artifact } = right;
    const asked = await post('/v1/artifacts', artifact);
    expect((await send(asked.json.put as SignedPut, bytes)).status).toBe(200);
    expect((await post('/v1/artifacts', artifact)).status).toBe(201);
  });

  it('is verified in the end when the verifier is killed on the way', async () => {
    const { bytes, sha256 } = some(randomBytes(PART + 2000));
    const identity = 'countersign-local-artifact-verifier';
    await control.arm({
      match: { service: 's3', operation: 'CompleteMultipartUpload', identity },
      effect: { kind: 'execute-then-kill' },
    });
    const name = await upload(bytes, sha256);
    expect(await settled(sha256, name)).toMatchObject({ json: { status: 'verified' } });
    expect(await control.armed()).toEqual([]);
  });

  it('can be closed again when the answer was lost', async () => {
    const { bytes, sha256 } = some(randomBytes(PART + 3000));
    const identity = 'countersign-local-artifacts';
    await control.arm({
      match: { service: 's3', operation: 'CompleteMultipartUpload', identity },
      effect: { kind: 'execute-then-kill' },
    });
    const { name, close } = await sendParts(bytes, sha256);
    expect((await close()).status).toBeGreaterThanOrEqual(500);
    expect(await control.armed()).toEqual([]);
    expect(await close()).toMatchObject({ status: 202, json: { verifying: bytes.length } });
    expect(await settled(sha256, name)).toMatchObject({ json: { status: 'verified' } });
  });

  it('that nobody began cannot be completed', async () => {
    const { sha256 } = some(randomBytes(10));
    const body = { upload: { id: 'made-up', name: randomUUID() }, parts: [{ part_number: 1, etag: '"x"' }] };
    expect(await post(`/v1/artifacts/${sha256}/complete`, body)).toMatchObject({
      status: 404,
      json: { code: 'UPLOAD_NOT_FOUND' },
    });
  });
});

async function fetchContent(sha256: string): Promise<Buffer> {
  const redirect = await api(local, 'reader', 'GET', `/v1/artifacts/${sha256}/content`);
  expect(redirect.status).toBe(303);
  const answer = await fetch(redirect.headers.get('location') ?? '');
  return Buffer.from(await answer.arrayBuffer());
}
