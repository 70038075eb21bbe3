import { parentPort, workerData } from 'node:worker_threads';
import { hashShare } from './share.js';

/** A message for each step would cost more than a small file does. */
const MESSAGE_BYTES = 16 * 1024 * 1024;

let bytes = 0;
for (const step of hashShare(workerData)) {
  if ('failed' in step) parentPort.postMessage(step);
  else bytes += step.bytes;
  if (bytes < MESSAGE_BYTES) continue;
  parentPort.postMessage({ bytes });
  bytes = 0;
}
parentPort.postMessage({ bytes });
