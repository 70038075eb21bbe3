import { sha256Hex } from '../core/digest.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import { CONTEXT_TTL_MS } from './context-cache.ts';
import type { GateLedger } from './gate/ports.ts';
import type { Clock, Registry, Signer } from './ports.ts';
import { Recent } from './recent.ts';

/** Records that are remembered; the bytes in each are 32 KB at most. */
const REMEMBERED = 300;

/**
 * Reads evidence through a memory, so that one function asks for the same statement once. What has the digest that it is named by
 * is the same whenever it is read, so that is what is remembered; what is not there, or elsewhere, is asked for each time.
 */
export function knownEvidence<Ledger extends Pick<GateLedger, 'findMany'>>(ledger: Ledger): Ledger {
  const known = new Recent<EvidenceRecord>(REMEMBERED);
  return {
    ...ledger,
    async findMany(sha256s) {
      const found = new Map(
        sha256s.flatMap((sha256) => [known.find(sha256)].flatMap((one) => (one ? [[sha256, one]] : []))),
      );
      const wanted = sha256s.filter((sha256) => !found.has(sha256));
      if (wanted.length === 0) return found;
      for (const [sha256, record] of await ledger.findMany(wanted)) {
        found.set(sha256, record);
        if (record.inline && sha256Hex(record.inline) === sha256) known.keep(sha256, record);
      }
      return found;
    },
  };
}

/**
 * Remembers the active evidence key for as long as a caller is remembered, where it is the one that this deployment signs with.
 * What another key signed is verified with keys that are read then.
 */
export function knownEvidenceKey(
  registry: Registry,
  { signer, clock }: { readonly signer: Signer; readonly clock: Clock },
): Registry {
  let known: { readonly key: EvidenceKey; readonly readAt: number } | undefined;
  return {
    ...registry,
    async evidenceKey() {
      const now = clock().getTime();
      if (known && now - known.readAt < CONTEXT_TTL_MS) return known.key;
      const key = await registry.evidenceKey();
      known = key?.kms_key_arn === signer.keyArn ? { key, readAt: now } : undefined;
      return key;
    },
  };
}
