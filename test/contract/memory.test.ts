import { testClock } from '../support/clock.ts';
import { MemoryBucket } from '../support/memory/bucket.ts';
import { MemoryHolds } from '../support/memory/holds.ts';
import { MemoryLedger } from '../support/memory/ledger.ts';
import { MemoryEndpoints } from '../support/memory/promotions.ts';
import { MemoryRegistry } from '../support/memory/registry.ts';
import { Steps } from '../support/memory/steps.ts';
import { MemoryDeliveries } from '../support/memory/webhooks.ts';
import { directoryContract } from './directory.ts';
import { endpointsContract } from './endpoints.ts';
import { evidenceStoreContract } from './evidence-store.ts';
import { holdsContract, ledgerContract, registryContract, type Tables } from './tables.ts';
import { webhooksContract } from './webhooks.ts';

/** The memory adapters keep the contract, so what the use cases are tested against is what AWS does. */

async function openTables(): Promise<Tables> {
  const steps = new Steps();
  const bucket = new MemoryBucket(steps, testClock().now);
  const registry: MemoryRegistry = new MemoryRegistry(steps, () => ledger);
  // The records of the contract have no bytes in a bucket.
  const ledger = new MemoryLedger(steps, undefined, (guard) => registry.unchanged(guard));
  const placeObject = async () => {
    const key = 'receipts/held.sigstore.json';
    return {
      key,
      versionId: bucket.place(key, Buffer.from('held'), { contentType: 'x', retainUntil: new Date('2036-01-01') }),
    };
  };
  return { ledger, registry, holds: new MemoryHolds(steps, bucket, ledger), placeObject };
}

evidenceStoreContract(async () => new MemoryBucket(new Steps(), () => new Date()));
ledgerContract(openTables);
registryContract(openTables);
webhooksContract(async () => {
  const steps = new Steps();
  const registry: MemoryRegistry = new MemoryRegistry(steps, () => ledger);
  const ledger = new MemoryLedger(steps, undefined, (guard) => registry.unchanged(guard));
  return { registry, subscriptions: registry.subscriptions, deliveries: new MemoryDeliveries(steps) };
});
directoryContract(async () => {
  const steps = new Steps();
  const registry: MemoryRegistry = new MemoryRegistry(steps, () => ledger);
  const ledger = new MemoryLedger(steps, undefined, (guard) => registry.unchanged(guard));
  return { registry, directory: registry.directory };
});
holdsContract(openTables);
endpointsContract(async () => new MemoryEndpoints(new Steps()));
