import { GATE_CLOSED, type GateOutcome } from '../../contracts/promotion.ts';
import { plainName } from '../../core/approvals/duties.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { DomainError } from '../../core/errors.ts';
import { isPassedByAll, resultOfAll } from '../../core/gate/decision.ts';
import type { GateInput, GatePhase, GateResult } from '../../core/gate/input.ts';
import { changesSince } from '../../core/promotion/changes.ts';
import { dutiesInConflict } from '../../core/promotion/duties.ts';
import { closedFor, rolesWanted } from '../../core/promotion/roles.ts';
import { type Ask, type Change, type DecisionRef, imageDigestOf, type Promotion } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import type { ApproversOfDeps } from '../directory/approvers-of.ts';
import { giverOf, withoutHolder } from '../directory/without-holder.ts';
import { askBeside, askMain } from '../gate/ask-policies.ts';
import { type Asked, type Decided, type Draft, decide, type GateDeps, signDecision } from '../gate/evaluate.ts';
import type { GateRows } from '../gate/record.ts';
import { knownEvidence } from '../known-evidence.ts';
import { approvable, approvedFacts } from './approved-facts.ts';
import type { Promotions, StatedPromotions } from './ports.ts';
import { reopenPromotion } from './reopen.ts';
import { changePromotion, conclude, honourAbort, noteFailure, requireStanding } from './state.ts';

export interface PromotionGateDeps extends GateDeps, Pick<ApproversOfDeps, 'directory'> {
  readonly promotions: Promotions;
  readonly stated: Pick<StatedPromotions, 'save'>;
  readonly announcer: Announcer;
}

/**
 * Asks whether people shall be asked, and whom. What they approved before stands where nothing changed since.
 *
 * The decision and what becomes of the promotion by it are one transaction. Crash before it: a decision that no look-up finds until a
 * reindex; the next run makes another.
 *
 * @throws PromotionFailure when the promotion shall not go on
 */
export async function evaluateRequest(deps: PromotionGateDeps, id: string): Promise<GateOutcome> {
  const { promotion, asks } = await requireStanding(deps.promotions, id);
  honourAbort(promotion);
  const draft = await drafted(deps, promotion, givenIn(promotion, asks), 'request');
  if ('refused' in draft) return await refuse(deps, promotion, draft.refused);
  const before = promotion.state === 'awaiting_approval' ? promotion.request_decision : null;
  const changes = before && [...(await changesFrom(deps, before, draft)), ...takenBackIn(promotion, asks)];
  const isBreakGlass = promotion.kind === 'break_glass';
  const inRelease = isBreakGlass ? undefined : await resultInRelease(deps, draft);
  const { decided, ...rows } = await signDecision(deps, draft);
  if (changes?.length) await deps.ledger.commit(rows.record, rows.entries, undefined);
  const standing = changes?.length ? await reopenPromotion(deps, promotion, changes) : promotion;
  const round = Math.max(standing.round, 1);
  const request_decision = before && !changes?.length ? before : refOf(decided);
  if (!inRelease) {
    const conflict = dutiesInConflict(decided.input, [promotion.requester, promotion.confirmed_by]);
    if (conflict) return await refuse(deps, standing, conflict, { request_decision, round }, rows);
    await conclude(deps, standing, { request_decision, round }, rows);
    return { outcome: 'passed', roles: [], round };
  }
  const closed = closedFor([...resultOfAll(decided).verdicts, ...inRelease.verdicts]);
  if (closed.length > 0) return await refuse(deps, standing, refusalOf(closed), { request_decision, round }, rows);
  const roles = rolesWanted(inRelease);
  // Of two waits one may have failed, and the other have had everybody asked anew first: then the failure ended nothing.
  const goesOn = { state: 'awaiting_approval', failure: null } as const;
  await conclude(deps, standing, { ...goesOn, request_decision, round, roles: [...roles] }, rows);
  return { outcome: 'passed', roles, round };
}

/**
 * Asks again when people have decided. What they approved must be as it was, and they must hold their roles still; where it is
 * not, or they do not, people are asked anew.
 *
 * @throws PromotionFailure when the promotion shall not go on
 */
export async function evaluateRelease(given: PromotionGateDeps, id: string): Promise<GateOutcome> {
  const { promotion, asks } = await requireStanding(given.promotions, id);
  honourAbort(promotion);
  const { round } = promotion;
  const approved = promotion.request_decision;
  if (!approved) throw new DomainError('INTERNAL', `nobody was asked about the promotion ${id}`);
  // Asked anew already: a run before this one said so, and nobody heard it.
  if (promotion.state === 'evaluating') return { outcome: 'ask_again', roles: [], round };
  const approvals = givenIn(promotion, asks);
  const deps = await readAtOnce(given, promotion, approved, approvals);
  const left = await withoutHolder(deps, approvals);
  const standing = approvals.filter((ask) => !left.includes(ask));
  const draft = await drafted(deps, promotion, standing, 'release');
  if ('refused' in draft) return await refuse(deps, promotion, draft.refused);
  const result = resultOfAll(draft.decision);
  const lost = new Set(left.map(({ role }) => role));
  const missing = rolesWanted(result).filter((role) => !lost.has(role));
  const changes = [
    ...(await changesFrom(deps, approved, draft)),
    ...[...lost].map((about): Change => ({ code: 'approver_left', about })),
    ...missing.map((about): Change => ({ code: 'approval_withdrawn', about })),
  ];
  const { decided, ...rows } = await signDecision(deps, draft);
  const release_decision = refOf(decided);
  const closed = closedFor(result.verdicts);
  if (closed.length > 0) return await refuse(deps, promotion, refusalOf(closed), { release_decision }, rows);
  if (changes.length > 0) {
    await deps.ledger.commit(rows.record, rows.entries, undefined);
    const reopened = await reopenPromotion(deps, promotion, changes);
    return { outcome: 'ask_again', roles: [], round: reopened.round };
  }
  // Where somebody has taken an approval back since it was collected, this is judged anew.
  await conclude(deps, promotion, { release_decision }, rows);
  return { outcome: 'passed', roles: [], round };
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

function givenIn({ round }: Promotion, asks: readonly Ask[]): readonly Ask[] {
  return asks.filter((ask) => ask.round === round && ask.state === 'approved');
}

/** Whoever took an approval back died before the next round began. In the same round that role's wait would end at once, time and again. */
function takenBackIn({ round }: Promotion, asks: readonly Ask[]): readonly Change[] {
  const closed = asks.filter((ask) => ask.round === round && ask.state === 'closed');
  return closed.map(({ role }) => ({ code: 'approval_withdrawn', about: role }));
}

const evidenceOf = ({ decided }: Ask): readonly string[] => (decided ? [decided.evidence] : []);

/**
 * What this run looks at from several sides, read once: who asked and the evidence key, the directory, and in one batch the statements
 * that are known by name before the gate looks. Each who looks verifies them.
 */
async function readAtOnce(
  deps: PromotionGateDeps,
  { requester }: Promotion,
  { evidence }: DecisionRef,
  approvals: readonly Ask[],
): Promise<PromotionGateDeps> {
  const [context, everybody] = await Promise.all([
    deps.registry.context(requester.unique_id),
    deps.directory.everybody(),
  ]);
  const givers = new Set(approvals.map(giverOf));
  const events = everybody.flatMap(({ approver: { id, event } }) => (givers.has(plainName(id)) ? [event] : []));
  const ledger = knownEvidence(deps.ledger);
  await ledger.findMany([evidence, ...approvals.flatMap(evidenceOf), ...events]);
  return {
    ...deps,
    ledger,
    directory: { everybody: async () => everybody },
    registry: { ...deps.registry, context: async () => context, evidenceKey: async () => context.evidenceKey },
  };
}

/** What the gate says in the name of who asked for the promotion, not signed yet; or why it did not look. */
async function drafted(
  deps: PromotionGateDeps,
  promotion: Promotion,
  given: readonly Ask[],
  phase: GatePhase,
): Promise<Draft | { readonly refused: Refusal }> {
  const { id, model, environment, endpoint, requester } = promotion;
  const question: Asked = {
    model,
    environment,
    phase,
    endpoint,
    imageDigest: imageDigestOf(promotion),
    promotion: { id, approvals: new Set(given.flatMap(evidenceOf)) },
    at: undefined,
  };
  try {
    return await decide(deps, question, { uniqueId: requester.unique_id });
  } catch (error) {
    // What the evidence lacks does not come by asking again; what is broken on our side may be mended meanwhile.
    if (error instanceof DomainError && REFUSALS.has(error.code)) return { refused: error };
    throw error;
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'MODEL_UNKNOWN',
  'MANIFEST_MISSING',
  'MANIFEST_UNSIGNED',
  'GATE_INPUT_TOO_LARGE',
  'LINEAGE_TOO_LARGE',
]);

/** What the same policies would say of the same facts once people have decided. Nothing is read for it. */
async function resultInRelease(deps: PromotionGateDeps, { decision, inForce }: Draft): Promise<GateResult> {
  const input: GateInput = { ...decision.input, phase: 'release' };
  const bytes = canonicalBytes(input);
  const result = await askMain(deps, inForce.main, bytes);
  return resultOfAll({ result, beside: await askBeside(deps, inForce.enforced, bytes) });
}

async function changesFrom(
  deps: PromotionGateDeps,
  before: DecisionRef,
  { decision, key }: Draft,
): Promise<readonly Change[]> {
  return changesSince(await approvedFacts(deps, before, key), approvable(decision));
}

async function refuse(
  deps: PromotionGateDeps,
  promotion: Promotion,
  refusal: Refusal,
  found: Partial<Promotion> = {},
  evidence?: GateRows,
): Promise<GateOutcome> {
  if (evidence) await deps.ledger.commit(evidence.record, evidence.entries, undefined);
  const noted = await noteFailure(deps, promotion, refusal);
  await changePromotion(deps, noted, () => found);
  return { outcome: 'refused', roles: [], round: noted.round };
}

function refusalOf(closed: readonly { readonly rule: string }[]): Refusal {
  const rules = [...new Set(closed.map(({ rule }) => rule))];
  const named = rules.slice(0, 10).join(', ');
  return {
    code: GATE_CLOSED,
    message: `the gate does not let it through: ${named}${rules.length > 10 ? ' and more' : ''}`,
  };
}

function refOf({ evidence, inputSha256, ...said }: Decided): DecisionRef {
  return { evidence, input: inputSha256, passed: isPassedByAll(said) };
}
