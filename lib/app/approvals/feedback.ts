import type { MailAbout } from '../../core/approvals/mail-tags.ts';
import type { Incidents } from '../promotion/incidents.ts';

/** `refused`: SES did not take the mail. The others are news of one that it took. */
export type Unreached = 'refused' | 'bounced' | 'bounced_for_now' | 'complained' | 'rejected';

/**
 * Opens an incident for somebody who is not reached by mail: silence would be taken for hesitation. It is one for each person,
 * however many mails come back; their address is not named, as whoever reads incidents need not know it.
 *
 * @param about - what SES told of the mail; where that names nobody, the incident is about mails that do not
 */
export async function reportUnreached(
  incidents: Incidents,
  how: Unreached,
  { person, promotion, role }: Partial<MailAbout>,
): Promise<void> {
  const asks = role === undefined ? '' : ` that asks as ${role}`;
  const of = promotion === undefined ? '' : ` in the promotion ${promotion}`;
  await incidents.open({
    kind: 'mail_undeliverable',
    subject: person ?? 'nobody',
    detail: `a mail to ${person ?? 'nobody that it names'}${asks}${of} ${SAYS[how]}`,
    endpoint: null,
    model: null,
    evidence: [],
  });
}

const SAYS: Readonly<Record<Unreached, string>> = {
  refused: 'was not taken by SES: the address cannot be, or is suppressed',
  bounced: 'came back: nobody has read it',
  bounced_for_now: 'came back, which may change: a full mailbox, or an automatic answer',
  complained: 'was reported as unwanted',
  rejected: 'was thrown away by SES, which took something in it for harmful',
};
