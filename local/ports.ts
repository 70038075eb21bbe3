import { randomInt } from 'node:crypto';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import { SetupError } from './errors.ts';

/** The only address that anything of local AWS listens on. */
export const LOOPBACK = '127.0.0.1';

/** No system gives these to connections by itself (Linux begins at 32768, others later), and few programs listen there. */
const QUIET_PORTS = { from: 20_000, below: 32_000 } as const;

/**
 * A loopback port that was free a moment ago. Seconds pass until a Python program listens on it: a port that the system
 * had chosen could go to any connection of any process meanwhile, or to another stack that starts at the same time.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(QUIET_PORTS.from, QUIET_PORTS.below);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}

/**
 * Listens on loopback and gives the port. Idle connections stay open until their clients close them, or {@link closeServer}: a client
 * that was busy when we closed one would send its next request into nothing, and not every request may be sent again.
 *
 * @param port - 0 takes a free one.
 * @throws SetupError if the port is taken or not permitted.
 */
export async function listen(server: Server, port: number): Promise<number> {
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(
          new SetupError(
            `port ${port} is taken by another program`,
            'Choose another with --port N or COUNTERSIGN_PORT, or leave both out to get a free one.',
          ),
        );
      } else if (error.code === 'EACCES') {
        reject(new SetupError(`port ${port} needs more rights than this process has`, 'Choose one above 1023.'));
      } else {
        reject(error);
      }
    });
    server.listen(port, LOOPBACK, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the socket has no port');
  return address.port;
}

/** Cuts what is still connected, and resolves when nobody listens any more. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
