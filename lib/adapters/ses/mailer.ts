import { BadRequestException, MessageRejected, type SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import type { Mailer } from '../../app/approvals/ports.ts';
import { DomainError } from '../../core/errors.ts';
import { unavailable } from '../failures.ts';

const Charset = 'UTF-8';

/** What a header line must not hold: with it a subject, or an address, would go on as a header of its own. */
const NOT_IN_A_HEADER = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * What SES answers to every mail until a person has put it right, perhaps by a word with AWS: also where the function lost its
 * right to send, or the configuration set is gone.
 */
const NOT_AT_PRESENT = new Set([
  'AccessDeniedException',
  'AccountSuspendedException',
  'MailFromDomainNotVerifiedException',
  'NotFoundException',
  'SendingPausedException',
]);
const RETRY_AFTER_MS = 60_000;

export interface SesConfig {
  /** An address of an identity that SES has verified. */
  readonly from: string;
  /** Whose event destination tells of bounces and complaints. */
  readonly configurationSet: string;
}

/** Mails through SES, which builds the message: text and HTML are parts of one mail, and nothing in it is fetched or tracked. */
export function sesMailer(client: SESv2Client, { from, configurationSet }: SesConfig): Mailer {
  return {
    async send(to, { subject, text, html }, about) {
      if (NOT_IN_A_HEADER.test(to) || NOT_IN_A_HEADER.test(subject)) return false;
      try {
        await client.send(
          new SendEmailCommand({
            FromEmailAddress: from,
            Destination: { ToAddresses: [to] },
            ConfigurationSetName: configurationSet,
            EmailTags: Object.entries(about).map(([Name, Value]) => ({ Name, Value })),
            Content: {
              Simple: {
                Subject: { Charset, Data: subject },
                Body: { Text: { Charset, Data: text }, Html: { Charset, Data: html } },
              },
            },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof BadRequestException || error instanceof MessageRejected) return false;
        if (error instanceof Error && NOT_AT_PRESENT.has(error.name)) {
          const how = { cause: error, retryAfterMs: RETRY_AFTER_MS };
          throw new DomainError('DEPENDENCY_UNAVAILABLE', `SES sends nothing at present (${error.name})`, how);
        }
        return unavailable('SES', error);
      }
    },
  };
}
