import { setTimeout } from 'node:timers/promises';
import { sha256Hex } from '../../lib/core/digest.ts';
import { apiOf } from '../access.ts';
import { Producer } from '../producer.ts';
import type { Boot, Load, LoadResult } from './protocol.ts';

/** A pipeline in a process of its own, so that it takes no time from the front door and the functions. A closed loop. */

let producer: Producer | undefined;
let api: ReturnType<typeof apiOf> | undefined;

process.on('message', (message: Boot | Load) => {
  void ('pem' in message ? boot(message) : load(message)).then((answer) => process.send?.(answer));
});

async function boot({ local, principal, pem }: Boot): Promise<'ready'> {
  producer = new Producer(principal, pem);
  api = apiOf(local, 'training-pipeline');
  return 'ready';
}

async function load({ name, concurrency, forMs, atMost }: Load): Promise<LoadResult> {
  const [own, client] = [producer, api];
  if (!own || !client) throw new Error('a load came before the boot');
  const accepted: string[] = [];
  const latenciesMs: number[] = [];
  const errors: string[] = [];
  const startedAt = performance.now();
  let posted = 0;
  const loop = async (): Promise<void> => {
    while (posted < atMost && performance.now() - startedAt < forMs) {
      const body = own.manifest(`${name}-${posted++}`);
      const from = performance.now();
      try {
        const { status } = await client.send({ method: 'POST', path: '/v1/manifests', body });
        latenciesMs.push(performance.now() - from);
        if (status === 201) accepted.push(sha256Hex(body));
        else errors.push(`answered ${status}`);
      } catch (error) {
        errors.push(String(error));
        // A server that refuses at once must not be asked in a tight loop.
        await setTimeout(50);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return { accepted, latenciesMs, errors, elapsedMs: performance.now() - startedAt };
}
