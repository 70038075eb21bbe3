import * as z from 'zod/mini';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';

/**
 * When a person is asked: by a mail for each question, by one a day for all of them, or on standby: only when others let
 * reminders pass, or nobody else may be asked.
 */
export const MAIL_RHYTHMS = ['each', 'daily', 'standby'] as const;

const AbsenceSchema = z.object({
  /** RFC 3339 in UTC; the end is exclusive. */
  from: z.string(),
  until: z.string(),
  /** Id of the person who stands in. */
  deputy: z.nullable(z.string()),
});

const fields = {
  /** Stable, and all that evidence ever says of who it is. */
  id: z.string(),
  roles: z.array(z.string()),
  absence: z.nullable(AbsenceSchema),
  mail: z.enum(MAIL_RHYTHMS),
  state: z.enum(['active', 'left']),
  /** Commitment to the contact, of {@link contactDigest}; null once that is erased. */
  contact_sha256: z.nullable(z.string()),
  revision: z.number(),
};

/** A person who may be asked to approve promotions, as evidence has them: without name and address. */
export const ApproverRecordSchema = z.object(fields);
export type ApproverRecord = z.output<typeof ApproverRecordSchema>;
export type Absence = z.output<typeof AbsenceSchema>;

/** The same together with the event that is the evidence of how it stands. */
export const RecordedApproverSchema = z.object({ ...fields, event: z.string() });
export type RecordedApprover = z.output<typeof RecordedApproverSchema>;

/** Who the person is. It lies in the directory only, where it can be erased. */
export const ContactSchema = z.object({
  name: z.string(),
  email: z.string(),
  /** `sub` of their ID tokens. */
  oidc_subject: z.exactOptional(z.string()),
  /** 32 random bytes, hexadecimal: without them nobody can try names and addresses against the commitment. */
  salt: z.string(),
});
export type Contact = z.output<typeof ContactSchema>;

/** A person of the directory, and the contact that lies beside, if any. What lies there is no proof. */
export interface ListedApprover {
  readonly approver: RecordedApprover;
  readonly contact: Contact | undefined;
}

export function contactDigest(contact: Contact): string {
  return sha256Hex(canonicalBytes(contact));
}

/** The contact, where it is the one that the record commits to: another hand may have put it there. */
export function committedContact({ approver, contact }: ListedApprover): Contact | undefined {
  return contact && contactDigest(contact) === approver.contact_sha256 ? contact : undefined;
}

/**
 * Whether two ids are one person, as far as their contacts tell: mailboxes are not told apart by their case. What else is
 * delivered to a mailbox (`ada+x@…`, an alias) only its provider knows.
 */
export function areOnePerson(a: Omit<Contact, 'salt'>, b: Omit<Contact, 'salt'>): boolean {
  const isSameSubject = a.oidc_subject !== undefined && a.oidc_subject === b.oidc_subject;
  return isSameSubject || a.email.toLowerCase() === b.email.toLowerCase();
}

/** A person has no bytes; the id under a digest makes them a subject that can be looked up. */
export function approverDigest(id: string): string {
  return sha256Hex(`countersign-approver/v1\n${id}\n`);
}

/** Who is to be asked, and how they are reached. */
export interface AskablePerson extends Omit<Contact, 'salt'> {
  readonly id: string;
  readonly mail: ApproverRecord['mail'];
  /** Ids of the absent ones for whom they stand in. */
  readonly deputy_for: readonly string[];
  /** Digest of the event that says so. */
  readonly event: string;
}

/**
 * Who is to be asked for a role at an instant: whoever holds it, has not left and is not absent. A deputy must be all that
 * too, so that nobody gains a role by standing in; one who is absent themselves is not stood in for further.
 *
 * @returns in the order of their ids
 */
export function askableFor(role: string, listed: readonly ListedApprover[], at: Date): readonly AskablePerson[] {
  const now = at.toISOString();
  const holders = listed.filter(({ approver }) => approver.state === 'active' && approver.roles.includes(role));
  const absent = holders.filter(({ approver }) => isAbsent(approver, now));
  return holders
    .filter(({ approver }) => !isAbsent(approver, now))
    .flatMap((one): AskablePerson[] => {
      const { id, mail, event } = one.approver;
      const contact = committedContact(one);
      if (!contact) return [];
      const { salt: _salt, ...reach } = contact;
      const deputy_for = absent.filter(({ approver }) => approver.absence?.deputy === id).map(idOf);
      return [{ id, ...reach, mail, deputy_for: deputy_for.toSorted(), event }];
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function isAbsent({ absence }: ApproverRecord, now: string): boolean {
  return absence !== null && absence.from <= now && now < absence.until;
}

function idOf({ approver }: ListedApprover): string {
  return approver.id;
}
