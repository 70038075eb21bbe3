import { randomUUID } from 'node:crypto';
import type { Announcement } from '../events/bus.ts';
import type { Mail } from './mailbox.ts';
import { bareAddress } from './send-email.ts';

/** What a recipient's side may say to a mail: it cannot be delivered, or nobody wanted it. */
export type FeedbackKind = 'bounce' | 'complaint';

interface FeedbackOn {
  readonly region: string;
  readonly accountId: string;
  readonly mail: Mail;
  /** The bare address that did not want it. */
  readonly recipient: string;
  readonly configurationSet: string;
  /** Of the request, each with its values. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
  readonly at: Date;
}

/**
 * The event that SES sends to EventBridge for a hard bounce or a complaint. Sources: "Amazon SES service events",
 * EventBridge Events Reference; "Examples of event data that Amazon SES publishes", SES Developer Guide.
 */
export function feedbackEvent(kind: FeedbackKind, on: FeedbackOn): Announcement {
  return {
    source: 'aws.ses',
    detailType: kind === 'bounce' ? 'Email Bounced' : 'Email Complaint Received',
    resources: [`arn:aws:ses:${on.region}:${on.accountId}:configuration-set/${on.configurationSet}`],
    detail: { ...(kind === 'bounce' ? bounce(on) : complaint(on)), mail: mailObject(on) },
  };
}

function bounce({ recipient, at }: FeedbackOn) {
  return {
    eventType: 'Bounce',
    bounce: {
      bounceType: 'Permanent',
      bounceSubType: 'General',
      bouncedRecipients: [
        { emailAddress: recipient, action: 'failed', status: '5.1.1', diagnosticCode: 'smtp; 550 5.1.1 user unknown' },
      ],
      timestamp: at.toISOString(),
      feedbackId: randomUUID(),
      reportingMTA: 'dsn; mta.example.com',
    },
  };
}

function complaint({ recipient, at }: FeedbackOn) {
  return {
    eventType: 'Complaint',
    complaint: {
      complainedRecipients: [{ emailAddress: recipient }],
      timestamp: at.toISOString(),
      feedbackId: randomUUID(),
      complaintSubType: null,
      userAgent: 'ExampleCorp Feedback Loop (V0.01)',
      complaintFeedbackType: 'abuse',
      arrivalDate: at.toISOString(),
    },
  };
}

function mailObject({ region, accountId, mail, configurationSet, tags }: FeedbackOn) {
  const source = bareAddress(mail.from);
  return {
    timestamp: mail.sent_at,
    source: mail.from,
    sourceArn: `arn:aws:ses:${region}:${accountId}:identity/${source}`,
    sendingAccountId: accountId,
    messageId: mail.id,
    destination: mail.to.map(bareAddress),
    headersTruncated: false,
    headers: Object.entries(mail.headers).map(([name, value]) => ({ name, value })),
    commonHeaders: { from: [mail.from], to: mail.to, messageId: mail.id, subject: mail.subject },
    tags: {
      'ses:operation': ['SendEmail'],
      'ses:configuration-set': [configurationSet],
      'ses:from-domain': [source.slice(source.indexOf('@') + 1)],
      ...tags,
    },
  };
}
