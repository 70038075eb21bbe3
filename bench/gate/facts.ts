import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../lib/core/digest.ts';
import type { GateAttestation, GateInput } from '../../lib/core/gate/input.ts';
import { POLICIES } from '../../policies/files.ts';

/** What the tests of the rules begin with. */
interface Facts {
  readonly facts: { readonly passing: GateInput };
}

/**
 * A release that passes, with more said of it before: earlier versions of what is there, as a pipeline that runs every night
 * leaves them.
 *
 * @param count - of attestations
 */
export function factsWith(count: number): GateInput {
  const { facts }: Facts = JSON.parse(readFileSync(join(POLICIES, 'testing', 'facts.json'), 'utf8'));
  const { attestations: said } = facts.passing;
  const earlier = Array.from({ length: count - said.length }, (_, index): GateAttestation[] => {
    const one = said[index % said.length];
    if (!one) return [];
    const receivedAt = new Date(Date.parse(one.received_at) - (index + 1) * 86_400_000).toISOString();
    return [{ ...one, evidence: sha256Hex(`earlier ${index}`), received_at: receivedAt }];
  }).flat();
  const attestations = [...earlier, ...said].toSorted((a, b) => (a.received_at < b.received_at ? -1 : 1));
  return { ...facts.passing, attestations };
}
