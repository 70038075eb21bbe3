import { PromotionError } from '../../contracts/promotion.ts';
import { DomainError } from '../../core/errors.ts';
import type { Ask, Promotion } from '../../core/promotion.ts';
import type { Clock, Log } from '../ports.ts';
import { PromotionFailure } from '../promotion/failure.ts';
import type { Incidents } from '../promotion/incidents.ts';
import type { Asks } from '../promotion/ports.ts';
import { noteFailure, type PromotionStateDeps } from '../promotion/state.ts';

/** In milliseconds: after this it is an outage that a person should know of, and not a hiccup any more. */
const HICCUP = 300_000;

/** @returns undefined where no mail at all is taken at present; the log has the reason */
export async function unlessDown(log: Log, sending: Promise<boolean>): Promise<boolean | undefined> {
  try {
    return await sending;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'DEPENDENCY_UNAVAILABLE') throw error;
    log.warn('mail-not-taken', { detail: error.message });
    return undefined;
  }
}

/**
 * Has an ask wait until mails are taken again, for as long as its time for answers lasts. The ask says since when, and one
 * incident, however many asks wait.
 *
 * @throws PromotionFailure MailUnavailable, which the state machine meets by calling again, for hours
 */
export async function awaitMail(
  deps: { readonly asks: Pick<Asks, 'save'>; readonly clock: Clock; readonly incidents: Incidents },
  ask: Ask,
): Promise<never> {
  const now = deps.clock();
  const since = ask.mail_down_since ?? now.toISOString();
  // Should another change come first, the next attempt finds it, and notes the time then.
  if (!ask.mail_down_since) await deps.asks.save({ ...ask, mail_down_since: since, revision: ask.revision + 1 });
  if (now.getTime() - Date.parse(since) >= HICCUP) {
    await deps.incidents.open({
      kind: 'mail_down',
      subject: 'mail',
      detail: `SES takes no mail since ${since}: approvers do not hear what they are asked, and promotions wait`,
      endpoint: null,
      model: null,
      evidence: [],
    });
  }
  throw new PromotionFailure(PromotionError.mailDown, 'MAIL_DOWN', `SES takes no mail since ${since}`);
}

/** Keeps of a promotion that is about to expire that it was not people who were slow. */
export async function noteOutage(
  deps: PromotionStateDeps,
  promotion: Promotion,
  { role, until, mail_down_since: since }: Ask,
): Promise<void> {
  if (!since) return;
  const message = `nobody answered as ${role} until ${until}, and not everybody could be mailed: SES took no mail since ${since}`;
  await noteFailure(deps, promotion, { code: 'MAIL_DOWN', message });
}
