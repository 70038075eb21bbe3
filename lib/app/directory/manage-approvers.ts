import {
  type Absence,
  type ApproverRecord,
  approverDigest,
  areOnePerson,
  type Contact,
  committedContact,
  contactDigest,
  type ListedApprover,
} from '../../core/approver.ts';
import type { AddApprover, ChangeApprover } from '../../core/approver-requests.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { DomainError } from '../../core/errors.ts';
import type { ApproverEvent } from '../../core/events.ts';
import { type CountersignDeps, requireEvidenceKey } from '../countersign.ts';
import { type Changed, commitChange, registryChange } from '../manage-registry.ts';
import { originOf } from '../origin.ts';
import type { Registry } from '../ports.ts';
import { storeEvent } from '../record-event.ts';
import type { Caller } from '../submit-evidence.ts';
import { requireApprover } from './find-approver.ts';
import type { Directory } from './ports.ts';

export interface ApproverDeps extends CountersignDeps {
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys' | 'apply'>;
  readonly directory: Pick<Directory, 'find' | 'everybody'>;
  /** 32 random bytes, hexadecimal. */
  readonly newSalt: () => string;
}

/**
 * Adds a person. The same request again is the same person; where their contact was lost, as a rebuild of the table loses it,
 * it is what says the contact again.
 *
 * @throws DomainError APPROVER_EXISTS, also where another active person has the address or the subject
 */
export async function addApprover(
  deps: ApproverDeps,
  { id, roles, mail, ...reach }: AddApprover,
  by: Caller,
): Promise<Changed<ApproverRecord>> {
  const known = await deps.directory.find(id);
  if (known) {
    const { approver } = known;
    const contact = committedContact(known);
    const isSame = sameFacts(approver, { ...approver, roles, mail }) && approver.contact_sha256 !== null;
    if (isSame && contact && contactDigest({ ...reach, salt: contact.salt }) === approver.contact_sha256) {
      return unchanged(known);
    }
    if (isSame && !contact) {
      if (approver.state === 'active') await requireOwnReach(deps, id, reach);
      return await change(deps, known, approver, withSalt(deps, reach), by);
    }
    throw new DomainError('APPROVER_EXISTS', `${id} is in the directory, at revision ${approver.revision}`, {
      pointer: '/id',
    });
  }
  await requireOwnReach(deps, id, reach);
  const contact = withSalt(deps, reach);
  const approver: ApproverRecord = {
    id,
    roles,
    absence: null,
    mail,
    state: 'active',
    contact_sha256: contactDigest(contact),
    revision: 1,
  };
  const event = await record(deps, { action: 'approver-added', approver, contact }, by);
  return { created: true, value: approver, event };
}

/**
 * Changes what is said of a person; what is left out stays.
 *
 * @throws DomainError REVISION_CONFLICT, APPROVER_EXISTS as {@link addApprover}, or REQUEST_INVALID for a deputy that cannot be, or a contact of which a part is missing
 */
export async function changeApprover(
  deps: ApproverDeps,
  id: string,
  request: ChangeApprover,
  by: Caller,
): Promise<Changed<ApproverRecord>> {
  const known = await requireApprover(deps.directory, id);
  const { approver } = known;
  const { revision, name: _name, email: _email, oidc_subject: _subject, ...facts } = request;
  const wanted = { ...approver, ...facts };
  const reach = changedReach(committedContact(known), request);
  if (sameFacts(approver, wanted) && reach === undefined) return unchanged(known);
  if (revision !== approver.revision) {
    throw new DomainError('REVISION_CONFLICT', `${id} is at revision ${approver.revision}`, { pointer: '/revision' });
  }
  if (facts.absence) await requireDeputy(deps, id, facts.absence);
  const standing = reach ?? committedContact(known);
  if (wanted.state === 'active' && standing) await requireOwnReach(deps, id, standing);
  return await change(deps, known, wanted, reach && withSalt(deps, reach), by);
}

/**
 * Removes name, address and salt for good; without the salt nothing can be tried against the commitments in the events. The
 * id stays, with everything that evidence says under it.
 */
export async function eraseApprover(deps: ApproverDeps, id: string, by: Caller): Promise<Changed<ApproverRecord>> {
  const known = await requireApprover(deps.directory, id);
  if (known.approver.contact_sha256 === null) return unchanged(known);
  const { event: _event, ...standing } = known.approver;
  const approver: ApproverRecord = {
    ...standing,
    state: 'left',
    contact_sha256: null,
    revision: standing.revision + 1,
  };
  const event = await record(deps, { action: 'approver-erased', approver, contact: undefined }, by);
  return { created: false, value: approver, event };
}

type Reach = Omit<Contact, 'salt'>;

/** @returns undefined when nothing of it changes */
function changedReach(before: Contact | undefined, { name, email, oidc_subject }: ChangeApprover): Reach | undefined {
  if (name === undefined && email === undefined && oidc_subject === undefined) return undefined;
  const whole = { name: name ?? before?.name, email: email ?? before?.email };
  if (whole.name === undefined || whole.email === undefined) {
    throw new DomainError('REQUEST_INVALID', 'their contact is not known, so name and email must both be said', {
      pointer: whole.name === undefined ? '/name' : '/email',
    });
  }
  const subject = oidc_subject === undefined ? before?.oidc_subject : (oidc_subject ?? undefined);
  const reach: Reach = {
    name: whole.name,
    email: whole.email,
    ...(subject === undefined ? {} : { oidc_subject: subject }),
  };
  const isSame = before && contactDigest({ ...reach, salt: before.salt }) === contactDigest(before);
  return isSame ? undefined : reach;
}

/**
 * One person under two ids could fill two roles. Of two requests at once both may pass: so whoever decides is compared again with
 * those who have decided.
 */
async function requireOwnReach({ directory }: ApproverDeps, id: string, reach: Reach): Promise<void> {
  for (const one of await directory.everybody()) {
    const contact = committedContact(one);
    const isOther = one.approver.id !== id && one.approver.state === 'active';
    if (!isOther || !contact || !areOnePerson(contact, reach)) continue;
    throw new DomainError('APPROVER_EXISTS', `this is ${one.approver.id}, by their address or their subject`, {
      pointer: '/email',
      hint: 'a person has one id, and holds all their roles by it',
    });
  }
}

/** Whether they are active and hold the role is asked when they would stand in: it may change until then. */
async function requireDeputy({ directory }: ApproverDeps, id: string, { deputy }: Absence): Promise<void> {
  if (deputy === null) return;
  const pointer = '/absence/deputy';
  if (deputy === id) throw new DomainError('REQUEST_INVALID', 'nobody stands in for themselves', { pointer });
  if (!(await directory.find(deputy))) {
    throw new DomainError('REQUEST_INVALID', `there is nobody ${deputy} in the directory`, { pointer });
  }
}

/** A new salt with each contact, so that two commitments never tell that somebody went back to an address. */
function withSalt({ newSalt }: ApproverDeps, reach: Reach): Contact {
  return { ...reach, salt: newSalt() };
}

function sameFacts(a: ApproverRecord, b: ApproverRecord): boolean {
  const facts = ({ roles, absence, mail, state }: ApproverRecord) => canonicalBytes({ roles, absence, mail, state });
  return facts(a).equals(facts(b));
}

function unchanged({ approver: { event: _event, ...value } }: ListedApprover): Changed<ApproverRecord> {
  return { created: false, value, event: undefined };
}

async function change(
  deps: ApproverDeps,
  { approver: standing }: ListedApprover,
  wanted: ApproverRecord,
  contact: Contact | undefined,
  by: Caller,
): Promise<Changed<ApproverRecord>> {
  const approver: ApproverRecord = {
    id: standing.id,
    roles: wanted.roles,
    absence: wanted.absence,
    mail: wanted.mail,
    state: wanted.state,
    contact_sha256: contact ? contactDigest(contact) : standing.contact_sha256,
    revision: standing.revision + 1,
  };
  const event = await record(deps, { action: 'approver-changed', approver, contact }, by);
  return { created: false, value: approver, event };
}

interface Wanted {
  readonly action: ApproverEvent['action'];
  readonly approver: ApproverRecord;
  readonly contact: Contact | undefined;
}

/**
 * Crash after the event: the next change of the person commits it first. The contact went with the crash, and the one that
 * lies in the directory is not what the event commits to; so nobody is asked at it until the contact is said again.
 */
async function record(deps: ApproverDeps, { action, approver, contact }: Wanted, by: Caller): Promise<string> {
  const key = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const wanted: ApproverEvent = { ...originOf(deps, by), action, revision: approver.revision, approver };
  const event = await storeEvent(deps, wanted, approverDigest(approver.id), key);
  if (!('approver' in event.body)) {
    throw new DomainError('INTEGRITY_FAILURE', 'another kind of event lies among those of a person');
  }
  const made = registryChange(event.body, undefined, event.record.sha256);
  const isOurs = event.body.approver.contact_sha256 === approver.contact_sha256;
  const whole = made.kind === 'approver-changed' && isOurs ? { ...made, contact } : made;
  return await commitChange(deps.registry, event, whole);
}
