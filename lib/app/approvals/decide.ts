import type { GivenApproval } from '../../core/approvals/approval.ts';
import { isSame, type Link, SECRET_BYTES } from '../../core/approvals/link.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { type Choice, MAX_COMMENT } from '../../core/pages/model.ts';
import { imageDigestOf, type Promotion } from '../../core/promotion.ts';
import type { GateLedger } from '../gate/ports.ts';
import { type ReopenDeps, withholdRelease } from '../promotion/reopen.ts';
import { askAnew } from './ask-anew.ts';
import type { Bar } from './people.ts';
import { type ProveDeps, personOf } from './prove.ts';
import { endApproval, type RecordDeps, recordDecision, tellWait } from './record.ts';
import { isWithdrawable, standingOf, type Visit, visitOf } from './visit.ts';

export interface DecideDeps
  extends Omit<ProveDeps, 'ledger' | 'store' | 'registry' | 'promotions'>,
    Omit<RecordDeps, 'registry' | 'promotions'>,
    Pick<ReopenDeps, 'promotions'> {
  readonly ledger: Pick<GateLedger, 'findMany' | 'commit'>;
  readonly registry: ProveDeps['registry'];
}

export type ChoiceProblem = 'comment_missing' | 'comment_too_long' | 'choice_missing';

export function choiceProblem(choice: string | undefined, comment: string): ChoiceProblem | undefined {
  if (choice !== 'approve' && choice !== 'reject') return 'choice_missing';
  if (comment.length > MAX_COMMENT) return 'comment_too_long';
  return choice === 'reject' && comment.trim() === '' ? 'comment_missing' : undefined;
}

/**
 * Keeps what somebody is about to decide, for the form that does it.
 *
 * @returns the token of that form, which is good once; undefined when the link changed meanwhile
 */
export async function prepareDecision(
  { links, random }: Pick<DecideDeps, 'links' | 'random'>,
  link: Link,
  choice: Choice | 'withdraw',
  comment: string,
): Promise<string | undefined> {
  const token = random(SECRET_BYTES).toString('base64url');
  const confirm = { hash: sha256Hex(token), choice, comment };
  return (await links.save({ ...link, confirm, revision: link.revision + 1 })) ? token : undefined;
}

export type Decided =
  | { readonly done: true }
  /** The form was sent before, or another one was shown since. */
  | { readonly done: false; readonly bar?: Bar };

/**
 * Does what its bearer confirmed: claims it, records it, and answers the wait.
 *
 * Crash before the claim: nothing is decided. After it: the page, the next who decides for the role, or the next reminder
 * carries it on. Before the wait is answered: the same, and answering twice changes nothing.
 */
export async function confirmDecision(deps: DecideDeps, visit: Visit, token: string): Promise<Decided> {
  const { link } = visit;
  if (!link.confirm || !isSame(sha256Hex(token), link.confirm.hash)) return { done: false };
  const { choice, comment } = link.confirm;
  const bar = await personOf(deps, visit, deps.clock());
  if (typeof bar === 'string') return { done: false, bar };
  if (choice === 'withdraw') return await withdraw(deps, visit);
  if (standingOf(visit, deps.clock()) !== 'open' || !visit.ask) return { done: false };
  const given = givenBy(visit, choice, comment, deps.clock());
  if (!given) return { done: false };
  const claimed: Link = { ...link, given, confirm: null, state: 'used', revision: link.revision + 1 };
  const ask = { ...visit.ask, deciding: { link: link.id, person: link.person }, revision: visit.ask.revision + 1 };
  // Whoever died between claim and record holds the role: what they decided is what counts.
  if (visit.ask.deciding !== null) {
    await finishDecision(deps, visit);
    return { done: false };
  }
  if (!(await deps.approvals.claim(ask, claimed, visit))) return { done: false };
  await finishDecision(deps, { ...visit, link: claimed, ask });
  return { done: true };
}

/** Records what was claimed, and answers the wait. Anybody may: it is decided. */
export async function finishDecision(deps: DecideDeps, { link, promotion, ask }: Visit): Promise<void> {
  if (!ask) return;
  const settled = ask.state === 'asked' && ask.deciding ? await recordDecision(deps, promotion, ask, link) : ask;
  await tellWait(deps, promotion, settled);
}

function givenBy({ link, promotion }: Visit, choice: Choice, comment: string, now: Date): GivenApproval | undefined {
  const { role, round, person, deputy_for } = link;
  const { id, environment, endpoint, request_decision: gate } = promotion;
  if (!gate) return undefined;
  return {
    promotion: id,
    round,
    role,
    environment,
    person,
    decision: choice === 'approve' ? 'approved' : 'rejected',
    endpoint,
    image_digest: imageDigestOf(promotion),
    gate: { decision: gate.evidence, input: gate.input },
    deputy_for,
    comment,
    method: { kind: 'code', strength: 'weaker' },
    decided_at: now.toISOString(),
  };
}

/**
 * Takes an approval back, and has everybody asked anew. First of all nothing is deployed on what the gate said before.
 *
 * Crash after the end: the gate before the deployment misses the approval, and asks again.
 */
async function withdraw(deps: DecideDeps, visit: Visit): Promise<Decided> {
  const { link, promotion, ask, others } = visit;
  if (!ask || !isWithdrawable(visit)) return { done: false };
  if (!(await deps.links.save({ ...link, confirm: null, revision: link.revision + 1 }))) return { done: false };
  const withheld = await withhold(deps, promotion);
  if (!withheld) return { done: false };
  await endApproval(deps, promotion, ask, { decision: 'withdrawn', method: { kind: 'code', strength: 'weaker' } });
  await askAnew(deps, withheld, others, [{ code: 'approval_withdrawn', about: link.role }]);
  return { done: true };
}

/** @returns undefined once something is deployed */
async function withhold(deps: DecideDeps, promotion: Promotion): Promise<Promotion | undefined> {
  try {
    return await withholdRelease(deps, promotion);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'PROMOTION_STATE_CONFLICT') return undefined;
    throw error;
  }
}

/** The link as it stands by now. */
export async function revisit(deps: Pick<DecideDeps, 'links' | 'promotions'>, link: Link): Promise<Visit | undefined> {
  const standing = await deps.links.find(link.id);
  return standing && (await visitOf(deps.promotions, standing));
}
