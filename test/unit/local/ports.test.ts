import { createServer, get, type IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { closeServer, LOOPBACK, listen } from '../../../local/ports.ts';

it('names no time after which an idle connection is closed, so that no client sends into one that is', async () => {
  const server = createServer((_request, response) => response.end());
  const port = await listen(server, 0);
  const answer = await new Promise<IncomingMessage>((resolve) => get({ host: LOOPBACK, port }, resolve));
  answer.resume();
  expect(answer.headers).toMatchObject({ connection: 'keep-alive' });
  expect(answer.headers).not.toHaveProperty('keep-alive');
  await closeServer(server);
});
