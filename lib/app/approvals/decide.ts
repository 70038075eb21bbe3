import { type ApprovalMethod, type EndedDraft, type GivenDraft, isGiven } from '../../core/approvals/approval.ts';
import { isSame, type Link, SECRET_BYTES } from '../../core/approvals/link.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { sha256Hex } from '../../core/digest.ts';
import { type Choice, MAX_COMMENT } from '../../core/pages/model.ts';
import { imageDigestOf } from '../../core/promotion.ts';
import type { GateLedger } from '../gate/ports.ts';
import type { Tokens } from '../promotion/ports.ts';
import { type ReopenDeps, withholdRelease } from '../promotion/reopen.ts';
import { unlessConflict } from '../promotion/state.ts';
import { askAnew } from './ask-anew.ts';
import type { Acting, Bar } from './people.ts';
import type { Standing } from './ports.ts';
import { mustSignIn, type ProveDeps, personOf } from './prove.ts';
import { endApproval, type RecordDeps, recordDecision, tellWait } from './record.ts';
import { isWithdrawable, standingOf, type Visit, visitOf } from './visit.ts';

export interface DecideDeps
  extends Omit<ProveDeps, 'ledger' | 'store' | 'registry' | 'promotions'>,
    Omit<RecordDeps, 'registry' | 'promotions'>,
    Pick<ReopenDeps, 'promotions'> {
  readonly ledger: Pick<GateLedger, 'findMany' | 'commit'>;
  readonly registry: ProveDeps['registry'];
  readonly tokens: Pick<Tokens, 'open'>;
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

/** Does what its bearer confirmed, who proved who they are by a code. */
export async function confirmDecision(deps: DecideDeps, visit: Visit, token: string): Promise<Decided> {
  const { confirm } = visit.link;
  if (!confirm || confirm.decided_at !== undefined || !isSame(sha256Hex(token), confirm.hash)) return { done: false };
  const now = deps.clock();
  const person = await personOf(deps, visit, now);
  if (typeof person === 'string') return { done: false, bar: person };
  const draft = mustSignIn(deps, person) ? undefined : draftOf(visit, person, confirm, now);
  return draft ? await commitDecision(deps, visit, draft, { kind: 'code', strength: 'weaker' }) : { done: false };
}

/** What somebody is about to decide, in their words. */
export interface Chosen {
  readonly choice: Choice | 'withdraw';
  readonly comment: string;
}

/** What the bearer of a link would state at an instant; undefined when it is not theirs to decide, or to take back. */
export function draftOf(
  visit: Visit,
  { deputy_for }: Pick<Acting, 'deputy_for'>,
  { choice, comment }: Chosen,
  now: Date,
): GivenDraft | EndedDraft | undefined {
  const { link, promotion, ask } = visit;
  const { role, round, person } = link;
  const { id, environment, endpoint, request_decision: gate } = promotion;
  const asked = { promotion: id, round, role, environment, person };
  if (choice === 'withdraw') {
    if (!ask?.decided || !isWithdrawable(visit)) return undefined;
    return { ...asked, decision: 'withdrawn', approval: ask.decided.evidence, ended_at: now.toISOString() };
  }
  if (standingOf(visit, now) !== 'open' || !gate) return undefined;
  return {
    ...asked,
    decision: choice === 'approve' ? 'approved' : 'rejected',
    endpoint,
    image_digest: imageDigestOf(promotion),
    gate: { decision: gate.evidence, input: gate.input },
    deputy_for: [...deputy_for],
    comment,
    decided_at: now.toISOString(),
  };
}

/** Races of one decision are settled this often: whoever is mailed, or decides for another role, writes what a claim is bound to. */
const ATTEMPTS = 5;

/**
 * Does what somebody decided who has proved who they are: claims it, records it, and answers the wait.
 *
 * Crash before the claim: nothing is decided. After it: the page, the next who decides for the role, or the next reminder
 * carries it on. Before the wait is answered: the same, and answering twice changes nothing.
 */
export async function commitDecision(
  deps: DecideDeps,
  visit: Visit,
  draft: GivenDraft | EndedDraft,
  method: ApprovalMethod,
): Promise<Decided> {
  if (!isGiven(draft)) return await withdraw(deps, visit, draft, method);
  const { link } = visit;
  let standing = visit;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await claimed(deps, standing, draft, method)) return { done: true };
    const now = await revisit(deps, link);
    // Decided at this very moment, by this link or another: whoever was first carries it on.
    if (now?.link.revision !== link.revision || now.ask?.deciding) break;
    const person = await personOf(deps, now, deps.clock());
    if (typeof person === 'string') return { done: false, bar: person };
    // Only what they confirmed is claimed again, not what it would be by now.
    const choice = draft.decision === 'approved' ? 'approve' : 'reject';
    const again = draftOf(now, person, { choice, comment: draft.comment }, new Date(draft.decided_at));
    if (!again || !canonicalBytes(again).equals(canonicalBytes(draft))) break;
    standing = now;
  }
  return { done: false };
}

/** @returns false where what the claim is bound to changed meanwhile, or somebody else decided */
async function claimed(deps: DecideDeps, visit: Visit, draft: GivenDraft, method: ApprovalMethod): Promise<boolean> {
  const { link, ask } = visit;
  if (!ask) return false;
  // Whoever died between claim and record holds the role: what they decided is what counts.
  if (ask.deciding !== null) {
    await finishDecision(deps, visit);
    return false;
  }
  const given: Link = {
    ...link,
    given: { ...draft, method },
    confirm: null,
    state: 'used',
    revision: link.revision + 1,
  };
  const deciding = { ...ask, deciding: { link: link.id, person: link.person }, revision: ask.revision + 1 };
  if (!(await deps.approvals.claim(deciding, given, standingIn(visit)))) return false;
  await finishDecision(deps, { ...visit, link: given, ask: deciding });
  return true;
}

/** With the roles whose asks were not there yet: one may be made, and decided by the same person, this very moment. */
function standingIn({ link, promotion, others }: Visit): Standing {
  const known = new Set([link.role, ...others.map(({ role }) => role)]);
  const unasked = promotion.roles.filter((role) => !known.has(role));
  return { promotion, others: [...others, ...unasked.map((role) => ({ promotion: promotion.id, role, revision: 0 }))] };
}

/**
 * Records what was claimed, and answers the wait. Anybody may who has a link of the round: it is decided. Where nothing is, the
 * wait goes on: whoever has a link has proved nothing by it.
 */
export async function finishDecision(deps: DecideDeps, { link, promotion, ask }: Visit): Promise<void> {
  if (!ask) return;
  const settled = ask.state === 'asked' && ask.deciding ? await recordDecision(deps, promotion, ask, link) : ask;
  if (settled.state === 'asked' || settled.round !== link.round) return;
  await tellWait(deps, promotion, settled);
}

/**
 * Takes an approval back, and has everybody asked anew. First of all nothing is deployed on what the gate said before.
 *
 * Crash after the end: the gate before the deployment misses the approval, and asks again.
 */
async function withdraw(
  deps: DecideDeps,
  { link, promotion, ask, others }: Visit,
  { decision, ended_at }: EndedDraft,
  method: ApprovalMethod,
): Promise<Decided> {
  if (!ask || !(await deps.links.save({ ...link, confirm: null, revision: link.revision + 1 }))) return { done: false };
  const withheld = await unlessConflict(withholdRelease(deps, promotion));
  if (!withheld) return { done: false };
  await endApproval(deps, promotion, ask, { decision, method, ended_at });
  await askAnew(deps, withheld, others, [{ code: 'approval_withdrawn', about: link.role }]);
  return { done: true };
}

/** The link as it stands by now. */
export async function revisit(deps: Pick<DecideDeps, 'links' | 'promotions'>, link: Link): Promise<Visit | undefined> {
  const standing = await deps.links.find(link.id);
  return standing && (await visitOf(deps.promotions, standing));
}
