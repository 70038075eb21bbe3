import type { Incidents } from '../promotion/incidents.ts';

/** What SES tells of a mail that was not taken, or not wanted. */
export interface MailFeedback {
  readonly kind: 'bounced' | 'complained' | 'rejected';
  /** What the mail was about, as it was sent with it; no address. */
  readonly about: Readonly<Partial<Record<'promotion' | 'role', string>>>;
}

/** Opens an incident for a mail that did not reach who is asked: silence would be taken for hesitation. */
export async function hearFeedback(incidents: Incidents, { kind, about }: MailFeedback): Promise<void> {
  const { promotion = 'none', role } = about;
  await incidents.open({
    kind: 'mail_undeliverable',
    subject: promotion,
    detail: `a mail${role === undefined ? '' : ` that asks as ${role}`} ${SAYS[kind]}`,
    endpoint: null,
    model: null,
    evidence: [],
  });
}

const SAYS: Readonly<Record<MailFeedback['kind'], string>> = {
  bounced: 'came back: nobody has read it',
  complained: 'was reported as unwanted',
  rejected: 'was refused by SES',
};
