import { Announcement } from '../../contracts/announcements.ts';
import { PromotionError, TOKEN_PURPOSE } from '../../contracts/promotion.ts';
import { promotionEvent } from '../../core/announcement.ts';
import { type EndedApproval, isGiven, recordedApproval } from '../../core/approvals/approval.ts';
import type { Link } from '../../core/approvals/link.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import type { Ask, Promotion } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import { type CountersignDeps, requireEvidenceKey } from '../countersign.ts';
import type { Registry } from '../ports.ts';
import type { Promotions, Tokens, Waits } from '../promotion/ports.ts';
import type { Approvals, Links } from './ports.ts';
import { putApproval } from './statements.ts';

export interface RecordDeps extends CountersignDeps {
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys'>;
  readonly promotions: Pick<Promotions, 'find'>;
  readonly approvals: Approvals;
  readonly links: Links;
  readonly waits: Waits;
  readonly announcer: Announcer;
}

export async function evidenceKeyOf({
  registry,
  signer,
}: Pick<RecordDeps, 'registry' | 'signer'>): Promise<EvidenceKey> {
  return requireEvidenceKey(await registry.evidenceKey(), signer);
}

/**
 * Makes evidence of what a link holds: signs it, then commits it. Whoever finds a decision that is only claimed does this.
 *
 * Crash before the put: the link holds the decision still. Crash after it: the statement is found under its name and committed.
 *
 * @param ask - that says whose decision is being recorded
 * @param link - as it was read or written a moment ago; another one than the ask names is read
 * @returns the ask as it stands afterwards
 */
export async function recordDecision(
  deps: RecordDeps,
  { model }: Pick<Promotion, 'model'>,
  ask: Ask,
  link?: Link,
): Promise<Ask> {
  const claimed = ask.deciding && (ask.deciding.link === link?.id ? link : await deps.links.find(ask.deciding.link));
  if (!claimed?.given) throw new DomainError('INTEGRITY_FAILURE', 'an ask names a link that holds no decision');
  const { body, ...rows } = await putApproval(deps, model, claimed.given, await evidenceKeyOf(deps));
  if (!isGiven(body)) throw new DomainError('INTEGRITY_FAILURE', 'the end of an approval lies under the name of one');
  const { sha256: evidence } = rows.record;
  const row = recordedApproval(model, evidence, body);
  let standing = ask;
  for (;;) {
    const answered: Ask | undefined = isOpen(standing, ask)
      ? {
          ...standing,
          state: body.decision,
          decided: { evidence, person: body.person, at: body.decided_at, method: body.method.kind },
          revision: standing.revision + 1,
        }
      : undefined;
    if (await deps.approvals.give(rows, row, answered)) return answered ?? standing;
    const asks = (await deps.promotions.find(ask.promotion))?.asks ?? [];
    const found = asks.find(({ role }) => role === ask.role) ?? standing;
    // Nothing moved: what could not be written is there already, and the ask was closed since.
    if (found.decided?.evidence === evidence || found.revision === standing.revision) return found;
    standing = found;
  }
}

/** Whether the round that a decision was made in still asks. */
function isOpen({ round, state }: Ask, decidedIn: Ask): boolean {
  return round === decidedIn.round && state === 'asked';
}

/**
 * Takes an approval back, or lets it fall. The first end counts; the same again is none.
 *
 * @param how - with the time that its giver signed in for, where they did
 */
export async function endApproval(
  deps: RecordDeps,
  { model }: Pick<Promotion, 'model'>,
  ask: Ask,
  how: Pick<EndedApproval, 'decision' | 'method'> & { readonly ended_at?: string },
): Promise<void> {
  const given = (await deps.approvals.of(model)).find(({ evidence }) => evidence === ask.decided?.evidence);
  if (!given || given.ended_at !== null) return;
  const { promotion, round, role } = ask;
  const { environment, person, evidence: approval } = given;
  const said = { promotion, round, role, environment, person, approval, ended_at: deps.clock().toISOString(), ...how };
  const { body, ...rows } = await putApproval(deps, model, said, await evidenceKeyOf(deps));
  if (isGiven(body)) throw new DomainError('INTEGRITY_FAILURE', 'an approval lies under the name of its end');
  const ended = { ...given, ended_at: body.ended_at, end: rows.record.sha256 };
  const closed: Ask = { ...ask, state: 'closed', revision: ask.revision + 1 };
  if (await deps.approvals.end(rows, ended, closed)) return;
  // Somebody else ended it, or changed the ask: then only the row is left to be ended.
  const standing = (await deps.approvals.of(model)).find(({ evidence }) => evidence === approval);
  if (standing?.ended_at === null) await deps.approvals.end(rows, ended, undefined);
}

/** What a task token was sealed for. */
export function tokenContext({ promotion, role }: Pick<Ask, 'promotion' | 'role'>): Readonly<Record<string, string>> {
  return { purpose: TOKEN_PURPOSE, promotion, role };
}

export type AnswerDeps = Pick<RecordDeps, 'waits' | 'announcer' | 'stage'>;

/** Answers the wait of an ask as the ask stands; telling it twice changes nothing. */
export async function tellWait(
  deps: AnswerDeps & { readonly tokens: Pick<Tokens, 'open'> },
  promotion: Promotion,
  ask: Ask,
): Promise<void> {
  if (ask.token === null) return;
  await answerWait(deps, promotion, ask, await deps.tokens.open(ask.token, tokenContext(ask)));
}

/**
 * The same with a token that was not sealed yet. An approval is announced before: as long as its wait is not answered, the
 * page, the next reminder or the next who decides does both again. Rejections end the promotion, which is announced then.
 */
export async function answerWait(
  { waits, announcer, stage }: AnswerDeps,
  promotion: Promotion,
  { state, role, round, decided }: Ask,
  token: string,
): Promise<void> {
  if (state !== 'approved') {
    await waits.fail(token, state === 'rejected' ? PromotionError.rejected : PromotionError.changed);
    return;
  }
  if (decided) {
    const about = { role, approval: decided.evidence };
    const told = { stage, time: decided.at, news: `${role}/${round}`, about };
    await announcer.announce([promotionEvent(Announcement.promotionApproved, promotion, told)]);
  }
  await waits.succeed(token, {});
}
