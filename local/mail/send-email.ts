import { z } from 'zod/mini';

/** Text of which no character ends a header line. An address or subject that holds one would add headers to the mail. */
const oneLine = z.string().check(z.regex(/^\P{Cc}*$/u, 'holds a control character'));
const part = z.strictObject({ Data: z.string(), Charset: z.exactOptional(z.string()) });

/**
 * SendEmail of SES v2, as far as local AWS plays it: mails in their simple form, which leaves MIME to SES.
 * Source: "SendEmail", "Message" and "MessageHeader", Amazon SES API v2 Reference.
 */
export const sendEmailSchema = z.strictObject({
  FromEmailAddress: oneLine,
  Destination: z.strictObject({
    ToAddresses: z.exactOptional(z.array(oneLine)),
    CcAddresses: z.exactOptional(z.array(oneLine)),
    BccAddresses: z.exactOptional(z.array(oneLine)),
  }),
  ReplyToAddresses: z.exactOptional(z.array(oneLine)),
  Content: z.strictObject({
    Simple: z.strictObject({
      Subject: z.strictObject({ Data: oneLine, Charset: z.exactOptional(z.string()) }),
      Body: z.strictObject({ Text: z.exactOptional(part), Html: z.exactOptional(part) }),
      Headers: z.exactOptional(
        z.array(
          z.strictObject({
            Name: z.string().check(z.regex(/^[!-9;-@A-~]+$/)),
            Value: z.string().check(z.regex(/^[ -~]*$/)),
          }),
        ),
      ),
    }),
  }),
  ConfigurationSetName: z.exactOptional(z.string()),
  EmailTags: z.exactOptional(z.array(z.strictObject({ Name: z.string(), Value: z.string() }))),
});

export type SendEmail = z.infer<typeof sendEmailSchema>;

/** `a@example.com` of `Somebody <a@example.com>`. */
export function bareAddress(address: string): string {
  return /<([^<>]*)>\s*$/.exec(address)?.[1] ?? address.trim();
}
