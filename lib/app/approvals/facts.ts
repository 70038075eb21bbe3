import { DomainError } from '../../core/errors.ts';
import type { StoredDecision } from '../../core/gate/decision.ts';
import type { GateInput } from '../../core/gate/input.ts';
import { parseStrictJson } from '../../core/json.ts';
import type { DecisionRef, Promotion } from '../../core/promotion.ts';
import type { Registry } from '../ports.ts';
import { readSigned, type SignedDeps } from '../promotion/decided.ts';
import { Recent } from '../recent.ts';

export interface FactsDeps extends SignedDeps {
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys'>;
}

/** What people are asked about: the gate's decision, and all that it rests on. */
export interface DecisionFacts {
  readonly evidence: string;
  readonly decision: StoredDecision;
  readonly input: GateInput;
}

export type ReadFacts = (promotion: Promotion) => Promise<DecisionFacts>;

/** Facts that are remembered: a mail, a page and each of its forms show the same ones. */
const REMEMBERED = 4;

/** Both are named by their digests, so what was read once is not read again. */
export function decisionFacts(deps: FactsDeps): ReadFacts {
  const known = new Recent<DecisionFacts>(REMEMBERED);
  return async (promotion) => {
    const ref = promotion.request_decision;
    if (!ref) throw new DomainError('INTEGRITY_FAILURE', `no gate has decided on the promotion ${promotion.id}`);
    const found = known.find(ref.evidence) ?? (await readAbout(deps, promotion, ref));
    known.keep(ref.evidence, found);
    return found;
  };
}

/** @throws DomainError INTEGRITY_FAILURE when the decision is not ours, or about something else */
async function readAbout(deps: FactsDeps, { id, model }: Promotion, ref: DecisionRef): Promise<DecisionFacts> {
  const { decision, facts } = await readSigned(deps, ref, await deps.registry.evidenceKey());
  if (decision.model !== model) {
    throw new DomainError('INTEGRITY_FAILURE', `the decision on the promotion ${id} is about something else`);
  }
  return { evidence: ref.evidence, decision, input: inputIn(facts) };
}

/** Its digest is that of a decision we signed, so its form is ours. */
function inputIn(bytes: Buffer): GateInput {
  const input: unknown = parseStrictJson(bytes);
  return input as GateInput;
}
