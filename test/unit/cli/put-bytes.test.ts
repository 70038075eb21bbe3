import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putBytes } from '../../../cli/artifact/put-bytes.ts';
import { closeServer, LOOPBACK, listen } from '../../../local/ports.ts';

/** More than what connections hold on their way. */
const SIZE = 8 * 1024 * 1024;

let folder: string;
let server: Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-put-'));
  writeFileSync(join(folder, 'bytes'), Buffer.alloc(SIZE));
});
afterEach(async () => {
  await closeServer(server);
  rmSync(folder, { recursive: true });
});

async function put(store: RequestListener) {
  server = createServer(store);
  const url = `http://${LOOPBACK}:${await listen(server, 0)}/bucket/key`;
  let sent = 0;
  const outcome = await putBytes(
    { url, headers: {} },
    { path: join(folder, 'bytes'), start: 0, end: SIZE },
    (bytes) => {
      sent += bytes;
    },
  );
  return { outcome, sent };
}

describe('an upload', () => {
  it('brings all of the range, and is told what it is stored as', async () => {
    let came = 0;
    const { outcome, sent } = await put(async (request, response) => {
      came = (await buffer(request)).length;
      response.writeHead(200, { etag: '"e"' }).end();
    });
    expect([outcome, sent, came]).toEqual([{ kind: 'stored', etag: '"e"' }, SIZE, SIZE]);
  });

  it.each([
    ['reads on', (request: Parameters<RequestListener>[0]) => request.resume()],
    ['reads nothing', () => {}],
  ])(
    'that is refused before its end, by a store that %s and keeps the connection, ends with the refusal',
    async (_, then) => {
      const { outcome } = await put((request, response) => {
        then(request);
        response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
      });
      expect(outcome).toEqual({ kind: 'transient', what: 'S3 answers 503 SlowDown' });
    },
  );
});
