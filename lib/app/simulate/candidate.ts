import { DomainError } from '../../core/errors.ts';
import { policyBytes } from '../find-policy.ts';
import type { LoadedPolicy } from '../gate/ports.ts';
import type { EvidenceStore } from '../ports.ts';

export interface CandidateDeps {
  readonly store: Pick<EvidenceStore, 'read'>;
  /**
   * @param slot - whose bounds it gets
   * @throws DomainError POLICY_INVALID
   */
  readonly load: (bytes: Buffer, slot: string) => Promise<LoadedPolicy>;
}

export type Candidates = (
  policy: { readonly sha256: string; readonly version_id: string },
  slot: string,
) => Promise<LoadedPolicy>;

/** Compiles a policy once while it is asked for again and again. It decides nothing, so its digest is all that it must have. */
export function candidates({ store, load }: CandidateDeps): Candidates {
  let known: { readonly slot: string; readonly policy: LoadedPolicy } | undefined;
  return async (wanted, slot) => {
    const { sha256 } = wanted;
    if (known?.policy.sha256 === sha256 && known.slot === slot) return known.policy;
    const bytes = await policyBytes(store, wanted);
    if (!bytes) throw new DomainError('POLICY_INVALID', `the stored bytes of the policy ${sha256} are gone or others`);
    const policy = await load(bytes, slot);
    known = { slot, policy };
    return policy;
  };
}
