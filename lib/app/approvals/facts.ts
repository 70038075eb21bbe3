import { DomainError } from '../../core/errors.ts';
import type { StoredDecision } from '../../core/gate/decision.ts';
import type { GateInput } from '../../core/gate/input.ts';
import { parseStrictJson } from '../../core/json.ts';
import { type DecisionRef, imageDigestOf, type Promotion } from '../../core/promotion.ts';
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
    const found = known.find(ref.evidence) ?? (await readOf(deps, ref));
    known.keep(ref.evidence, found);
    requireAbout(promotion, found);
    return found;
  };
}

async function readOf(deps: FactsDeps, ref: DecisionRef): Promise<DecisionFacts> {
  const { decision, facts } = await readSigned(deps, ref, await deps.registry.evidenceKey());
  return { evidence: ref.evidence, decision, input: inputIn(facts) };
}

/**
 * What a promotion asks people is what its row says, and the row is not signed: the decision that it names must be about all of it.
 *
 * @throws DomainError INTEGRITY_FAILURE
 */
function requireAbout(promotion: Promotion, { input }: DecisionFacts): void {
  const { id, model, environment, endpoint } = promotion;
  const isOfIt = input.promotion === id && input.phase === 'request';
  const isOfModel = input.model.sha256 === model && input.image_digest === imageDigestOf(promotion);
  if (isOfIt && isOfModel && input.environment === environment && input.endpoint === endpoint) return;
  throw new DomainError('INTEGRITY_FAILURE', `the decision on the promotion ${id} is about something else`);
}

/** Its digest is that of a decision we signed, so its form is ours. */
function inputIn(bytes: Buffer): GateInput {
  const input: unknown = parseStrictJson(bytes);
  return input as GateInput;
}
