import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { s3 } from '../../../lib/runtime/composition.ts';

const object = { Bucket: 'evidence', Key: 'key' };

let requests: number;
let answer: RequestListener;
const server = createServer((request, response) => {
  requests++;
  answer(request, response);
});

beforeEach(async () => {
  requests = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${address.port}`);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('the S3 client', () => {
  it('gives up three times on a service that does not answer, and then fails', async () => {
    answer = () => {};
    await expect(s3(50).send(new GetObjectCommand(object))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(requests).toBe(3);
  });

  it('gives up on an answer that stops in its middle', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
    };
    const { Body } = await s3(50).send(new GetObjectCommand(object));
    await expect(Body?.transformToByteArray()).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
