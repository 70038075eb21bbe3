import * as z from 'zod/mini';
import { Announcement } from '../../contracts/announcements.ts';
import { SECRET_PURPOSE } from '../../contracts/webhooks.ts';
import { DomainError } from '../errors.ts';
import { InstantSchema } from '../requests.ts';

const TYPES = Object.values(Announcement);

/** One secret of a subscription, by its digest: 32 random bytes are not guessed from it. */
const SecretSchema = z.object({
  sha256: z.string(),
  since: z.string(),
  /** From when on it signs no more; null: it has no successor. */
  until: z.nullable(z.string()),
});

const fields = {
  id: z.string(),
  url: z.string(),
  /** CloudEvents types that are sent. */
  types: z.array(z.enum(TYPES)),
  state: z.enum(['active', 'disabled']),
  /** The newest last. */
  secrets: z.array(SecretSchema),
  revision: z.number(),
};

/** Where announcements are sent, as evidence has it. */
export const SubscriptionSchema = z.object(fields);
export type Subscription = z.output<typeof SubscriptionSchema>;

/** The same together with the event that is the evidence of how it stands. */
export const RecordedSubscriptionSchema = z.object({ ...fields, event: z.string() });
export type RecordedSubscription = z.output<typeof RecordedSubscriptionSchema>;

/** Encrypted secrets by their digests. */
export type SealedSecrets = Readonly<Record<string, string>>;

/** What a secret is encrypted for: nothing else opens it. */
export function secretContext(id: string): Readonly<Record<string, string>> {
  return { purpose: SECRET_PURPOSE, webhook: id };
}

const IdSchema = z.string().check(z.regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes'));

const TypesSchema = z.array(z.enum(TYPES)).check(
  z.minLength(1),
  z.refine((types) => new Set(types).size === types.length, 'must not name a type twice'),
);

const UrlSchema = z.string().check(z.maxLength(1000), z.describe('Kept as evidence: put no secret into it'));

export const AddWebhookSchema = z
  .strictObject({ id: IdSchema, url: UrlSchema, types: z._default(TypesSchema, TYPES) })
  .check(z.describe('Asks for announcements at a URL'));

export const ChangeWebhookSchema = z
  .strictObject({
    /** The one that this call changes. */
    revision: z.int().check(z.positive()),
    url: z.exactOptional(UrlSchema),
    types: z.exactOptional(TypesSchema),
    state: z.exactOptional(z.enum(['active', 'disabled'])),
  })
  .check(z.describe('Changes where announcements are sent; what is left out stays'));

export const ReplaySchema = z
  .strictObject({ since: InstantSchema.check(z.describe('Of the announcements')) })
  .check(z.describe('Sends again what was announced since a time'));

export const WebhookIdSchema = IdSchema;
export type AddWebhook = z.output<typeof AddWebhookSchema>;
export type ChangeWebhook = z.output<typeof ChangeWebhookSchema>;

/**
 * A URL that may be sent to, as far as the text tells; where its name leads is for the sender to check, each time.
 *
 * @param loopback - whether this deployment sends to its own machine, which takes plain HTTP and any port
 * @throws DomainError REQUEST_INVALID
 */
export function webhookUrl(text: string, loopback: boolean): URL {
  const refuse = (reason: string): never => {
    throw new DomainError('REQUEST_INVALID', reason, { pointer: '/url' });
  };
  const url = URL.parse(text) ?? refuse('the url is none');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    refuse('the url must have no user, query or fragment: it is kept as evidence');
  }
  if (loopback && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  if (url.protocol !== 'https:' || url.port !== '') refuse('the url must be https, at its usual port');
  // The parser turns every way to write an IPv4 address into the dotted one.
  if (/^[0-9.]+$|^\[/.test(url.hostname)) refuse('the url must name a host, not an address');
  return url;
}
