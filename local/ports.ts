import type { Server } from 'node:http';
import { createServer } from 'node:net';
import { SetupError } from './errors.ts';

/** The only address that anything of local AWS listens on. */
export const LOOPBACK = '127.0.0.1';

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('the socket has no port');
  return address.port;
}

/**
 * Listens on loopback and gives the port.
 *
 * @param port - 0 takes a free one.
 * @throws SetupError if the port is taken or not permitted.
 */
export async function listen(server: Server, port: number): Promise<number> {
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
