import { createHmac, scryptSync, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import { sha256Hex } from '../digest.ts';
import { GivenSchema } from './approval.ts';

/** Bytes of the secrets that links and sessions are. */
export const SECRET_BYTES = 32;

/** A code: how long it is valid, how many wrong ones a link takes in all, and how many are sent. */
export const CODE_DIGITS = 8;
export const CODE_MINUTES = 10;
export const CODE_TRIES = 5;
export const CODES_PER_LINK = 5;
/** Between two codes. */
export const CODE_PAUSE_SECONDS = 30;

/** How long somebody who proved who they are may take to decide. */
export const SESSION_MINUTES = 30;

/** What may lie with a link before its owner decides; each replaces the one before. */
const CodeSchema = z.object({ salt: z.string(), hash: z.string(), until: z.string() });
const SessionSchema = z.object({ hash: z.string(), until: z.string() });
/** What the person is about to decide, once; the token of the form that does it. */
const ConfirmSchema = z.object({
  hash: z.string(),
  choice: z.enum(['approve', 'reject', 'withdraw']),
  comment: z.string(),
  /** When it was decided, for what its giver is signing in for: the provider's token is bound to it. */
  decided_at: z.exactOptional(z.string()),
});

export const LinkSchema = z.object({
  /** SHA-256 of the secret. */
  id: z.string(),
  promotion: z.string(),
  model: z.string(),
  role: z.string(),
  round: z.number(),
  person: z.string(),
  deputy_for: z.array(z.string()),
  made_at: z.string(),
  until: z.string(),
  /** `dead`: too many wrong codes. Whether a promotion still asks is not the link's to say. */
  state: z.enum(['open', 'used', 'dead']),
  /** Wrong codes so far, and codes that were sent. */
  tries: z.number(),
  codes: z.number(),
  code_sent_at: z.nullable(z.string()),
  code: z.nullable(CodeSchema),
  session: z.nullable(SessionSchema),
  confirm: z.nullable(ConfirmSchema),
  /** What was decided by it: written in one transaction with the ask, then signed. */
  given: z.nullable(GivenSchema),
  revision: z.number(),
});

/** A link that one person was mailed. Its secret is nowhere but in the mail. */
export type Link = z.output<typeof LinkSchema>;

/** Base64url without padding. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** What a new link is made for. */
export type LinkTerms = Pick<
  Link,
  'promotion' | 'model' | 'role' | 'round' | 'person' | 'deputy_for' | 'made_at' | 'until'
>;

export function newLink(secret: string, terms: LinkTerms): Link {
  const nothing = { tries: 0, codes: 0, code_sent_at: null, code: null, session: null, confirm: null, given: null };
  return { ...terms, ...nothing, id: sha256Hex(secret), state: 'open', revision: 1 };
}

/** Name of the link that a secret opens; undefined for what no link's secret can be. */
export function linkId(secret: string): string | undefined {
  return SECRET.test(secret) ? sha256Hex(secret) : undefined;
}

/** Digits for a person to type. */
export function codeText(random: number): string {
  return String(random).padStart(CODE_DIGITS, '0');
}

/** Slow on purpose: there are only so many codes, and whoever reads the table should not find the one in time. */
export function hashCode(code: string, salt: string): string {
  return scryptSync(code, salt, 32).toString('hex');
}

/** Whether two texts are the same, in a time that tells nothing of either. */
export function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(sha256Hex(a)), Buffer.from(sha256Hex(b))];
  return timingSafeEqual(one, other);
}

/**
 * The anti-forgery token of one form of a link: only a page that this browser was given has it, as it follows from the secret
 * in the browser's cookie.
 *
 * @param step - which form, so that the token of one sends no other
 */
export function formToken(cookie: string, link: string, step: string): string {
  return createHmac('sha256', cookie).update(`countersign-form/v1\n${link}\n${step}\n`).digest('base64url');
}

/** Whether a link's bearer proved who they are, with this browser, and lately. */
export function isSessionOf({ session }: Pick<Link, 'session'>, cookie: string | undefined, now: string): boolean {
  return session !== null && cookie !== undefined && now < session.until && isSame(sha256Hex(cookie), session.hash);
}
