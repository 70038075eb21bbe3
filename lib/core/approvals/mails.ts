import type { AskablePerson } from '../approver.ts';
import { resultOfAll, type StoredDecision } from '../gate/decision.ts';
import type { GateInput } from '../gate/input.ts';
import type { ApprovalQuestion, EndNotice, MailContent } from '../mail/model.ts';
import type { Ask, Change, Promotion, PromotionState } from '../promotion.ts';
import { CODE_MINUTES } from './link.ts';
import { changeSentences, changesAgainst, gateSummary, OUTCOMES, promotionSummary } from './view/summary.ts';

export interface MailFacts {
  readonly promotion: Promotion;
  readonly facts: { readonly decision: StoredDecision; readonly input: GateInput };
}

export interface Question extends MailFacts {
  readonly ask: Ask;
  readonly person: AskablePerson;
  /** Address of the page. */
  readonly link: string;
  /** Whether the person is asked for the first time in a round that began without them. */
  readonly isNew: boolean;
}

/** The mail that asks one person, in words that say how often they were asked before. */
export function questionMail(question: Question): MailContent {
  const { promotion, ask, isNew } = question;
  const content = questionOf(question);
  if (ask.reminders > 0) return { ...content, kind: isNew ? 'escalation' : 'reminder', askedAt: ask.asked_at };
  if (promotion.changes.length === 0) return { ...content, kind: 'approval_asked' };
  return { ...content, kind: 'asked_again', changed: changeSentences(promotion.changes) };
}

export function questionOf({ promotion, facts, ask, person, link }: Omit<Question, 'isNew'>): ApprovalQuestion {
  const summary = promotionSummary(promotion, facts.input);
  const { releases } = facts.input;
  const running = releases.known ? releases.items[0] : undefined;
  return {
    summary,
    role: ask.role,
    deputyFor: person.deputy_for.length === 0 ? null : person.deputy_for.join(', '),
    gate: gateSummary(resultOfAll(facts.decision).verdicts),
    changes: changesAgainst(running && { name: null, sha256: running.model }, summary),
    until: ask.until,
    link,
  };
}

/** What those hear who were asked, once a gate is closed: nobody is asked again. */
export function refusedMail({
  promotion,
  facts,
  changes,
  rules,
  at,
}: MailFacts & {
  readonly changes: readonly Change[];
  /** That do not let it through. */
  readonly rules: readonly string[];
  readonly at: string;
}): MailContent {
  return {
    kind: 'notice',
    summary: promotionSummary(promotion, facts.input),
    outcome: 'refused',
    by: null,
    at,
    because: [
      ...changeSentences(changes),
      `The gate does not let it through any more: ${rules.join(', ')}.`,
      'Approvals that were given in it count no more, and nobody is asked again.',
    ],
  };
}

/** What those hear whose approvals stood when it ended without a release. */
export function endedMail(promotion: Promotion, input: GateInput | undefined, asks: readonly Ask[]): MailContent {
  return { kind: 'notice', ...endOf(promotion, input, asks) };
}

/**
 * The end of a promotion that released nothing.
 *
 * @param asks - what its roles were asked: one may have rejected
 */
export function endOf(promotion: Promotion, input: GateInput | undefined, asks: readonly Ask[]): EndNotice {
  const { id, round, state, failure, abort, incident, ended_at, updated_at } = promotion;
  const rejected = asks.find((ask) => ask.round === round && ask.state === 'rejected');
  const isRejected = state === 'rejected' && rejected?.decided;
  return {
    summary: promotionSummary(promotion, input),
    outcome: state === 'rejected' ? 'rejected' : (OUTCOMES[state] ?? 'failed'),
    by: isRejected ? isRejected.person : abort?.by ? (abort.by.principal ?? abort.by.unique_id) : null,
    at: ended_at ?? updated_at,
    because: [
      ...(isRejected && rejected ? [`It was rejected as ${rejected.role}`] : []),
      ...(abort ? [abort.reason] : []),
      ...(failure && !isRejected ? [failure.detail] : []),
      AFTERWARDS[state] ?? NOTHING_DEPLOYED,
      ...(incident === null ? [] : [`The incident ${incident} is about it`]),
      `To see more, run countersign promotion show ${id} where you are signed in to AWS`,
    ],
  };
}

const NOTHING_DEPLOYED =
  'Nothing was released, and your approval comes to nothing. You need not do anything: should it be asked for again, you are asked anew';

const AFTERWARDS: Readonly<Partial<Record<PromotionState, string>>> = {
  rolled_back:
    'What served before serves again, and your approval comes to nothing. You need not do anything: should it be asked for again, you are asked anew',
  rollback_failed: 'It could not be taken back whole. Operators look at what serves now; you need not do anything',
};

export function codeMail({ promotion, facts }: MailFacts, code: string): MailContent {
  return { kind: 'code', summary: promotionSummary(promotion, facts.input), code, validMinutes: CODE_MINUTES };
}
