import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { UsageError } from '../errors.ts';
import type { OnBytes } from './file.ts';
import { hashShare, type SharedWork, type Step } from './share.js';

/** So long this thread hashes before it looks after signals, the progress bar and the other threads. */
const SLICE_MS = 20;

/**
 * Hashes on this thread and `threads - 1` more, until every digest is in the work's shared memory.
 *
 * @throws UsageError that names the first file that could not be hashed
 */
export async function hashTogether(work: SharedWork, threads: number, onBytes: OnBytes): Promise<void> {
  const take = (step: Step) => {
    if ('failed' in step) throw new UsageError(`${step.failed} cannot be hashed: ${step.reason}`);
    onBytes(step.bytes);
  };
  const over = new AbortController();
  const others = Array.from(
    { length: threads - 1 },
    () => new Worker(new URL('./worker.js', import.meta.url), { workerData: work }),
  );
  try {
    await Promise.all([
      hashHere(work, take, over.signal),
      ...others.map(async (other) => await hashThere(other, take)),
    ]);
  } finally {
    over.abort();
    await Promise.all(others.map(async (other) => await other.terminate()));
  }
}

async function hashHere(work: SharedWork, take: (step: Step) => void, signal: AbortSignal): Promise<void> {
  await setImmediate(undefined, { signal });
  let sliceEnds = performance.now() + SLICE_MS;
  for (const step of hashShare(work)) {
    take(step);
    if (performance.now() < sliceEnds) continue;
    await setImmediate(undefined, { signal });
    sliceEnds = performance.now() + SLICE_MS;
  }
}

async function hashThere(worker: Worker, take: (step: Step) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (step: Step) => {
      try {
        take(step);
      } catch (failure) {
        reject(failure);
      }
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a hashing thread ended with code ${code}`));
    });
  });
}
