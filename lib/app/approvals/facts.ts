import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { parseDecision, type StoredDecision } from '../../core/gate/decision.ts';
import type { GateInput } from '../../core/gate/input.ts';
import { parseStrictJson } from '../../core/json.ts';
import { objectKey } from '../../core/layout.ts';
import type { DecisionRef, Promotion } from '../../core/promotion.ts';
import { ownKeys, type VerifyDeps } from '../gate/judge.ts';
import type { EvidenceStore, Registry } from '../ports.ts';
import { storedBytes } from '../stored-bytes.ts';

export interface FactsDeps {
  readonly store: Pick<EvidenceStore, 'read'>;
  readonly ledger: VerifyDeps['ledger'];
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
  const known = new Map<string, DecisionFacts>();
  return async (promotion) => {
    const ref = promotion.request_decision;
    if (!ref) throw new DomainError('INTEGRITY_FAILURE', `no gate has decided on the promotion ${promotion.id}`);
    const found = known.get(ref.evidence) ?? (await readFacts(deps, promotion, ref));
    known.delete(ref.evidence);
    known.set(ref.evidence, found);
    if (known.size > REMEMBERED) known.delete([...known.keys()][0] ?? '');
    return found;
  };
}

/** @throws DomainError INTEGRITY_FAILURE when the decision is not ours, or about something else */
async function readFacts(deps: FactsDeps, { id, model }: Promotion, ref: DecisionRef): Promise<DecisionFacts> {
  const [records, inputObject, active] = await Promise.all([
    deps.ledger.findMany([ref.evidence]),
    deps.store.read(objectKey.gateInput(ref.input)),
    deps.registry.evidenceKey(),
  ]);
  const record = records.get(ref.evidence);
  const bytes = record && (await storedBytes(deps.store, record));
  if (!record || !bytes || sha256Hex(bytes) !== ref.evidence) {
    throw new DomainError('INTEGRITY_FAILURE', `the decision on the promotion ${id} cannot be had`);
  }
  const keyOf = await ownKeys(deps.registry, active)([record]);
  const decision = parseDecision(openCountersigned(bytes, keyOf).statement);
  if (decision.inputSha256 !== ref.input || decision.model !== model) {
    throw new DomainError('INTEGRITY_FAILURE', `the decision on the promotion ${id} is about something else`);
  }
  if (!inputObject || sha256Hex(inputObject.bytes) !== ref.input) {
    throw new DomainError('INTEGRITY_FAILURE', `the facts of the promotion ${id} cannot be had`);
  }
  return { evidence: ref.evidence, decision, input: inputIn(inputObject.bytes) };
}

/** Its digest is that of a decision we signed, so its form is ours. */
function inputIn(bytes: Buffer): GateInput {
  const input: unknown = parseStrictJson(bytes);
  return input as GateInput;
}
