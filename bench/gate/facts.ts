import { sha256Hex } from '../../lib/core/digest.ts';
import type { GateAttestation, GateInput } from '../../lib/core/gate/input.ts';
import { ATTESTATIONS, PASSING } from '../../test/unit/policies/fixture.ts';

/**
 * A release that passes, with more said of it before: earlier versions of what is there, as a pipeline that runs every night
 * leaves them.
 *
 * @param count - of attestations
 */
export function factsWith(count: number): GateInput {
  const said: readonly GateAttestation[] = Object.values(ATTESTATIONS);
  const earlier = Array.from({ length: count - said.length }, (_, index): GateAttestation[] => {
    const one = said[index % said.length];
    if (!one) return [];
    const receivedAt = new Date(Date.parse(one.received_at) - (index + 1) * 86_400_000).toISOString();
    return [{ ...one, evidence: sha256Hex(`earlier ${index}`), received_at: receivedAt }];
  }).flat();
  const attestations = [...earlier, ...said].toSorted((a, b) => (a.received_at < b.received_at ? -1 : 1));
  return { ...PASSING, attestations };
}
