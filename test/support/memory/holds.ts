import type { Hold, Holds } from '../../../lib/app/ports.ts';
import type { MemoryBucket } from './bucket.ts';
import type { MemoryLedger } from './ledger.ts';
import type { Steps } from './steps.ts';

/** Legal holds: the lock lies on the object's version, the record beside the evidence. */
export class MemoryHolds implements Holds {
  readonly #records = new Map<string, Hold>();
  readonly #steps: Steps;
  readonly #bucket: MemoryBucket;
  readonly #ledger: MemoryLedger;

  constructor(steps: Steps, bucket: MemoryBucket, ledger: MemoryLedger) {
    this.#steps = steps;
    this.#bucket = bucket;
    this.#ledger = ledger;
  }

  readonly findHold: Holds['findHold'] = (sha256) => this.#steps.read(() => structuredClone(this.#records.get(sha256)));

  readonly commitHold: Holds['commitHold'] = (event, entries, hold) =>
    this.#steps.take('commit-hold', () => {
      if (this.#ledger.holds(event)) return 'exists';
      if ((this.#records.get(hold.sha256)?.revision ?? 0) !== hold.revision - 1) return 'principal-changed';
      this.#ledger.write(event, entries);
      this.#records.set(hold.sha256, structuredClone(hold));
      return 'committed';
    });

  readonly setLegalHold: Holds['setLegalHold'] = (key, versionId, on) =>
    this.#steps.take('set-legal-hold', () => {
      this.#bucket.require(key, versionId).legalHold = on;
    });
}
