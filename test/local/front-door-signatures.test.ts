import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { LocalControl } from '../../local/control.ts';
import type { DemoName } from '../../local/description.ts';
import { sendSignedChunks } from './support/chunks.ts';
import { clientConfig, signedFetch } from './support/clients.ts';

const local = inject('local');
const administrator = local.identities.administrator;
const bucket = `front-door-${randomUUID()}`;
const s3 = new S3Client(clientConfig(local, 'administrator'));

const MINUTE = 60_000;

async function failureOf(promise: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata = '$metadata' in error ? error.$metadata : undefined;
    const status =
      typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
        ? Number(metadata.httpStatusCode)
        : undefined;
    return { name: error.name, status };
  }
  throw new Error('the call was accepted');
}

beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
});

describe('a signature that does not hold', () => {
  const wrongSecret = { ...clientConfig(local, 'administrator') };
  wrongSecret.credentials = { ...wrongSecret.credentials, secretAccessKey: 'wrong' };
  const unknownKey = { ...clientConfig(local, 'administrator') };
  unknownKey.credentials = { accessKeyId: 'ASIAAAAAAAAAAAAAAAAA', secretAccessKey: 'any' };

  it.each([
    ['S3', 'SignatureDoesNotMatch', () => new S3Client(wrongSecret).send(new ListObjectsV2Command({ Bucket: bucket }))],
    ['DynamoDB', 'InvalidSignatureException', () => new DynamoDBClient(wrongSecret).send(new ListTablesCommand({}))],
    [
      'KMS',
      'InvalidSignatureException',
      () => new KMSClient(wrongSecret).send(new GetPublicKeyCommand({ KeyId: local.resources.evidenceKeyArn })),
    ],
  ])("is refused in %s's own words", async (_, name, send) => {
    expect(await failureOf(send())).toEqual({ name, status: 403 });
  });

  it.each([
    ['S3', 'InvalidAccessKeyId', () => new S3Client(unknownKey).send(new ListObjectsV2Command({ Bucket: bucket }))],
    ['DynamoDB', 'UnrecognizedClientException', () => new DynamoDBClient(unknownKey).send(new ListTablesCommand({}))],
  ])('of an unknown identity is refused by %s', async (_, name, send) => {
    expect(await failureOf(send())).toEqual({ name, status: 403 });
  });

  it('is refused if it comes with a session token that was never issued', async () => {
    const config = { ...clientConfig(local, 'administrator') };
    const client = new S3Client({ ...config, credentials: { ...config.credentials, sessionToken: 'made-up' } });
    expect((await failureOf(client.send(new ListObjectsV2Command({ Bucket: bucket })))).name).toBe('InvalidToken');
  });

  const status = (signedAt: Date) =>
    signedFetch(local, local.identities.reader, { method: 'GET', path: '/local/v1/status', signedAt });

  it.each([
    ['six minutes old', -6 * MINUTE],
    ['six minutes ahead', 6 * MINUTE],
  ])('is refused by the API when it is %s', async (_, offset) => {
    const answer = await status(new Date(Date.now() + offset));
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-amzn-errortype')).toBe('InvalidSignatureException');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it('is accepted by the API within five minutes', async () => {
    expect((await status(new Date(Date.now() - 4 * MINUTE))).status).not.toBe(403);
  });

  it('that is missing is refused in the words of S3, where no API has the path', async () => {
    const answer = await fetch(`${local.endpoint}/${bucket}`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('<Code>AccessDenied</Code>');
  });

  it('for an API is refused where no stage has the path', async () => {
    const answer = await signedFetch(local, local.identities.reader, { method: 'GET', path: '/elsewhere/v1/status' });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ message: 'Forbidden' });
  });

  it('of another service is refused by the API', async () => {
    const path = '/local/v1/status';
    const answer = await signedFetch(local, local.identities.reader, { method: 'GET', path, service: 's3' });
    expect(answer.status).toBe(403);
  });

  it('does not cover another body', async () => {
    const body = JSON.stringify({ TableName: local.resources.evidenceTable });
    const answer = await signedFetch(local, administrator, {
      method: 'POST',
      path: '/',
      service: 'dynamodb',
      headers: {
        'x-amz-target': 'DynamoDB_20120810.DescribeTable',
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-content-sha256': '0'.repeat(64),
      },
      body,
    });
    expect(answer.status).toBe(403);
  });
});

describe('S3 through the front door', () => {
  it('refuses bytes that are not those of the signed digest, and stores nothing', async () => {
    const Key = 'mismatch';
    const answer = await signedFetch(local, administrator, {
      method: 'PUT',
      path: `/${bucket}/${Key}`,
      service: 's3',
      headers: { 'x-amz-content-sha256': '0'.repeat(64) },
      body: 'other bytes',
    });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('XAmzContentSHA256Mismatch');
    expect((await failureOf(s3.send(new HeadObjectCommand({ Bucket: bucket, Key })))).status).toBe(404);
  });

  it('takes a key with blanks, signs, umlauts and an encoded slash', async () => {
    const Key = "a b/c+d=e/ü/'(x)!*/%2F";
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'a b/' }));
    expect(Contents?.map((object) => object.Key)).toEqual([Key]);
  });

  it('streams a large body whose length is announced, with a trailing checksum', async () => {
    const part = randomBytes(1024 * 1024);
    const Body = Readable.from(Array.from({ length: 24 }, () => part));
    const target = { Bucket: bucket, Key: 'large' };
    await s3.send(
      new PutObjectCommand({ ...target, Body, ContentLength: 24 * part.length, ChecksumAlgorithm: 'SHA256' }),
    );
    const { ContentLength } = await s3.send(new HeadObjectCommand(target));
    expect(ContentLength).toBe(24 * part.length);
  });

  it('takes a body signed chunk by chunk, and refuses one changed bit in a later chunk', async () => {
    const send = (Key: string, tamper: (chunk: Buffer) => Buffer) =>
      sendSignedChunks(local, administrator, `/${bucket}/${Key}`, [randomBytes(8192), randomBytes(8192)], tamper);
    expect((await send('chunks', (chunk) => chunk)).status).toBe(200);
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'chunks' }));
    expect(ContentLength).toBe(16_384);

    const flipped = await send('flipped', (chunk) =>
      Buffer.concat([Buffer.from([(chunk[0] ?? 0) ^ 1]), chunk.subarray(1)]),
    );
    expect(flipped.status).toBe(403);
    expect((await failureOf(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'flipped' })))).status).toBe(404);
  });

  it('refuses to delete a locked version, and to shorten its retention, even for the administrator', async () => {
    const target = { Bucket: local.resources.evidenceBucket, Key: `artifacts/front-door/${randomUUID()}` };
    const { VersionId } = await s3.send(new PutObjectCommand({ ...target, Body: 'x' }));
    const remove = new DeleteObjectCommand({ ...target, VersionId, BypassGovernanceRetention: true });
    expect(await failureOf(s3.send(remove))).toEqual({ name: 'AccessDenied', status: 403 });
    const RetainUntilDate = new Date(Date.now() + MINUTE);
    const shorten = new PutObjectRetentionCommand({
      ...target,
      VersionId,
      Retention: { Mode: 'COMPLIANCE', RetainUntilDate },
      BypassGovernanceRetention: true,
    });
    expect(await failureOf(s3.send(shorten))).toEqual({ name: 'AccessDenied', status: 403 });
  });
});

describe('a presigned URL', () => {
  const target = { Bucket: bucket, Key: 'presigned' };

  it('lets anybody put and get what it names', async () => {
    const put = await fetch(await getSignedUrl(s3, new PutObjectCommand(target)), { method: 'PUT', body: 'presigned' });
    expect(put.status).toBe(200);
    const got = await fetch(await getSignedUrl(s3, new GetObjectCommand(target)));
    expect(await got.text()).toBe('presigned');
  });

  it('binds the headers that it signs', async () => {
    const command = new PutObjectCommand({ ...target, Key: 'bound', IfNoneMatch: '*' });
    const url = await getSignedUrl(s3, command, { unhoistableHeaders: new Set(['if-none-match']) });
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
    const headers = { 'if-none-match': '*' };
    expect((await fetch(url, { method: 'PUT', body: 'x', headers })).status).toBe(200);
    expect((await fetch(url, { method: 'PUT', body: 'x', headers })).status).toBe(412);
  });

  it('refuses an x-amz header that it does not sign', async () => {
    const url = await getSignedUrl(s3, new PutObjectCommand(target));
    const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { 'x-amz-object-lock-legal-hold': 'ON' } });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('headers present in the request which were not signed');
  });

  it('ends when it expires', async () => {
    const signingDate = new Date(Date.now() - 2 * MINUTE);
    const url = await getSignedUrl(s3, new GetObjectCommand(target), { expiresIn: 60, signingDate });
    const answer = await fetch(url);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Request has expired');
  });

  it('names no other object and lasts no longer than it was signed for', async () => {
    const url = await getSignedUrl(s3, new GetObjectCommand(target), { expiresIn: 60 });
    for (const forged of [url.replace('/presigned?', '/large?'), url.replace('Expires=60', 'Expires=600')]) {
      expect((await fetch(forged)).status).toBe(403);
    }
  });
});

describe('who may call what', () => {
  it.each<DemoName>(['training-pipeline', 'reader', 'key-admin'])('keeps %s away from AWS itself', async (name) => {
    const client = new S3Client(clientConfig(local, name));
    const failure = await failureOf(client.send(new ListObjectsV2Command({ Bucket: local.resources.evidenceBucket })));
    expect(failure).toEqual({ name: 'AccessDenied', status: 403 });
  });

  it('keeps the administrator away from the API', async () => {
    const answer = await signedFetch(local, administrator, { method: 'GET', path: '/local/v1/status' });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('lets a reader read and not write', async () => {
    const send = (method: string, path: string) => signedFetch(local, local.identities.reader, { method, path });
    expect((await send('GET', '/local/v1/status')).status).toBe(200);
    expect(await (await send('POST', '/local/v1/manifests')).json()).toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

describe('every answer', () => {
  it('carries a request id, whoever gives it', async () => {
    const answers = [
      await signedFetch(local, local.identities.reader, { method: 'GET', path: '/local/v1/status' }),
      await signedFetch(local, administrator, { method: 'GET', path: `/${bucket}`, service: 's3' }),
      await fetch(`${local.endpoint}/${bucket}`),
      await fetch(`${local.endpoint}/local/v1/nothing`),
    ];
    for (const answer of answers) expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is recorded with caller, operation, resource and the headers that policies speak of', async () => {
    const control = new LocalControl(local.control);
    await control.resetCalls();
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'recorded/x', Body: 'x', IfNoneMatch: '*' }));
    // Functions that watch what comes in call at their own time.
    const own = (await control.calls()).filter(({ identity }) => identity === 'administrator');
    expect(own).toMatchObject([
      {
        identity: 'administrator',
        service: 's3',
        operation: 'PutObject',
        resources: { bucket, key: 'recorded/x' },
        headers: { 'if-none-match': '*' },
        status: 200,
      },
    ]);
    expect(await control.counters()).toMatchObject({ 's3:PutObject': expect.any(Number) });
  });
});

describe('the control endpoint', () => {
  it('answers nobody without its token', async () => {
    expect((await fetch(`${local.control.url}/calls`)).status).toBe(403);
  });

  it('refuses a fault that it does not know', async () => {
    const answer = await fetch(`${local.control.url}/faults`, {
      method: 'POST',
      headers: { authorization: `Bearer ${local.control.token}` },
      body: JSON.stringify({ match: {}, effect: { kind: 'explode' } }),
    });
    expect(answer.status).toBe(400);
  });

  it('makes a call fail as told, once', async () => {
    const control = new LocalControl(local.control);
    await control.arm({
      match: { service: 's3', operation: 'PutObject', keyPrefix: 'fault/' },
      effect: { kind: 'refuse', status: 503, code: 'SlowDown' },
    });
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
    await put('other');
    const failure = await put('fault/x').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(S3ServiceException);
    expect(failure).toMatchObject({ name: 'SlowDown' });
    expect(await control.armed()).toEqual([]);
    await put('fault/x');
  });
});
