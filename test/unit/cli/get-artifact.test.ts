import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getArtifact } from '../../../cli/artifact/get-artifact.ts';
import { ApiClient } from '../../../cli/client.ts';
import { CliError } from '../../../cli/errors.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';

const BYTES = Buffer.from('the bytes of an artifact');

/** What the store answers, request by request. */
let answers: ('whole' | 'half' | 'other' | 'busy')[] = [];
const store = createServer((_request, response) => {
  const answer = answers.shift();
  if (answer === 'busy') response.writeHead(503).end();
  else if (answer === 'half')
    response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.subarray(0, 5), () => response.destroy());
  else response.writeHead(200).end(answer === 'whole' ? BYTES : 'other bytes');
});

let folder = '';
let api: ApiClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-get-'));
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const { port } = store.address() as AddressInfo;
  api = new ApiClient({
    url: new URL('https://api.example.com/prod'),
    region: 'eu-west-1',
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
    world: {
      fetch: async () => new Response(null, { status: 303, headers: { location: `http://127.0.0.1:${port}/x` } }),
    },
  });
});

afterAll(async () => {
  await new Promise((resolve) => store.close(resolve));
  rmSync(folder, { recursive: true });
});

describe('an artifact that is fetched', () => {
  it('is there as a whole, after a busy store and a broken line too', async () => {
    answers = ['busy', 'half', 'whole'];
    const notes: string[] = [];
    const output = join(folder, 'good');
    expect(await getArtifact(api, sha256Hex(BYTES), output, (note) => notes.push(note))).toBe(BYTES.length);
    expect(readFileSync(output)).toEqual(BYTES);
    expect(notes).toEqual([
      expect.stringContaining('S3 answers 503; trying again'),
      expect.stringContaining('the download was interrupted'),
    ]);
  });

  it('is not there when its digest is another one', async () => {
    answers = ['other'];
    const output = join(folder, 'bad');
    await expect(getArtifact(api, sha256Hex(BYTES), output)).rejects.toMatchObject({ exitCode: 1 });
    expect([existsSync(output), existsSync(`${output}.partial`)]).toEqual([false, false]);
  });

  it('says when it cannot be written', async () => {
    answers = ['whole'];
    const failure = await getArtifact(api, sha256Hex(BYTES), join(folder, 'no', 'such', 'folder')).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CliError);
    expect(failure).toMatchObject({ exitCode: 2 });
  });
});
