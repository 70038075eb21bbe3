import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { objectKey } from '../../core/layout.ts';
import type { LoadedPolicy } from '../gate/ports.ts';
import type { EvidenceStore } from '../ports.ts';

export interface CandidateDeps {
  readonly store: Pick<EvidenceStore, 'read'>;
  /** @throws DomainError POLICY_INVALID */
  readonly load: (bytes: Buffer) => Promise<LoadedPolicy>;
}

export type Candidates = (policy: { readonly sha256: string; readonly version_id: string }) => Promise<LoadedPolicy>;

/** Compiles a policy once while it is asked for again and again. It decides nothing, so its digest is all that it must have. */
export function candidates({ store, load }: CandidateDeps): Candidates {
  let known: LoadedPolicy | undefined;
  return async ({ sha256, version_id }) => {
    if (known?.sha256 === sha256) return known;
    const object = await store.read(objectKey.policy(sha256), version_id);
    if (!object || sha256Hex(object.bytes) !== sha256) {
      throw new DomainError('POLICY_INVALID', `the stored bytes of the policy ${sha256} are gone or others`);
    }
    known = await load(object.bytes);
    return known;
  };
}
