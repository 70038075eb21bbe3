import { DomainError } from '../core/errors.ts';
import { inForceAt } from '../core/slots.ts';
import type { WaiverTerms } from '../core/waiver-terms.ts';
import { policyBytes, requirePolicy } from './find-policy.ts';
import type { Clock, EvidenceStore, Registry } from './ports.ts';

export interface TermsDeps {
  readonly registry: Pick<Registry, 'activations' | 'policy'>;
  readonly store: Pick<EvidenceStore, 'read'>;
  readonly clock: Clock;
  /** @throws DomainError POLICY_INVALID */
  readonly readTerms: (bundle: Buffer) => Promise<WaiverTerms>;
}

/**
 * What the main policy says of waivers. Which of them holds, each gate judges for itself.
 *
 * @throws DomainError POLICY_UNAVAILABLE
 */
export async function termsInForce({ registry, store, clock, readTerms }: TermsDeps): Promise<WaiverTerms> {
  const { main } = inForceAt(await registry.activations(), clock());
  if (!main) {
    throw new DomainError('POLICY_UNAVAILABLE', 'no policy is in force, so there is no rule to make an exception of');
  }
  const bytes = await policyBytes(store, await requirePolicy(registry, main.sha256));
  if (!bytes) throw new DomainError('POLICY_UNAVAILABLE', `the bytes of the policy ${main.sha256} are gone`);
  return await readTerms(bytes);
}
