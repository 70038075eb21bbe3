import { dutyOf, plainName } from '../../core/approvals/duties.ts';
import {
  type AskablePerson,
  areOnePerson,
  askableFor,
  type Contact,
  committedContact,
  type ListedApprover,
} from '../../core/approver.ts';
import type { Ask } from '../../core/promotion.ts';
import { type ApproversOfDeps, approversOf } from '../directory/approvers-of.ts';
import type { DecisionFacts } from './facts.ts';

/** Why somebody may not decide. `decided`: they decided in another role. `role`: they are not asked, or no more. */
export type Bar = 'producer' | 'committer' | 'requester' | 'decided' | 'role';

/** Who somebody is, and how they are reached. */
export type Reach = Pick<AskablePerson, 'id' | 'name' | 'email' | 'oidc_subject' | 'mail'>;

/** Somebody who acts, and in whose place they do at this moment. */
export type Acting = Reach & Pick<AskablePerson, 'deputy_for'>;

interface Asked {
  readonly role: string;
  /** What was approved in an earlier one keeps nobody from another role: it counts no more. */
  readonly round: number;
  readonly at: Date;
}

/**
 * Who is asked for a role now: whoever the directory names for it, but for those whose duties forbid it, and those on standby
 * as long as it does not come to them.
 *
 * @param isLate - whether reminders have gone unanswered
 * @param others - what the other roles of the promotion are asked
 */
export async function askablePeople(
  deps: ApproversOfDeps,
  { isLate, ...asked }: Asked & { readonly isLate: boolean },
  facts: DecisionFacts,
  others: readonly Ask[],
): Promise<readonly AskablePerson[]> {
  const people = await barredPeople(deps, asked, facts, others);
  const askable = people.flatMap(({ person, bar }) => (bar === undefined ? [person] : []));
  // Whoever stands in for somebody absent has their place, and does not wait.
  const first = askable.filter(({ mail, deputy_for }) => mail !== 'standby' || deputy_for.length > 0);
  return isLate || first.length === 0 ? askable : first;
}

/** The same of one person, when they act: much may have changed since they were asked. */
export async function findPerson(
  deps: ApproversOfDeps,
  { person: id, ...asked }: Asked & { readonly person: string },
  facts: DecisionFacts,
  others: readonly Ask[],
): Promise<PersonAndBar | undefined> {
  return (await barredPeople(deps, asked, facts, others)).find(({ person }) => person.id === id);
}

/**
 * Somebody at their address of the directory, whatever became of their roles: whoever approved may take that back.
 *
 * @returns undefined once they are erased
 */
export async function findReach(deps: ApproversOfDeps, person: string): Promise<Reach | undefined> {
  const [found] = await approversOf(deps, ({ id }) => id === person);
  const contact = found && committedContact(found);
  if (!contact) return undefined;
  const { salt: _salt, ...reach } = contact;
  return { id: person, ...reach, mail: found.approver.mail };
}

interface PersonAndBar {
  readonly person: AskablePerson;
  readonly bar: Bar | undefined;
}

async function barredPeople(
  deps: ApproversOfDeps,
  { role, round, at }: Asked,
  { input }: DecisionFacts,
  others: readonly Ask[],
): Promise<readonly PersonAndBar[]> {
  const standing = others.filter((ask) => ask.round === round);
  const decided = new Set(standing.flatMap(deciderOf).map(plainName));
  const listed = await approversOf(deps, ({ id, roles }) => roles.includes(role) || decided.has(plainName(id)));
  const contacts = listed.filter(({ approver }) => decided.has(plainName(approver.id))).flatMap(contactOf);
  const isDecider = (person: AskablePerson) =>
    decided.has(plainName(person.id)) || contacts.some((contact) => areOnePerson(contact, person));
  return askableFor(role, listed, at).map((person) => ({
    person,
    bar: isDecider(person) ? 'decided' : dutyOf(input, [person.id, person.email]),
  }));
}

/** Id of who approved for a role, or is about to: what is claimed is recorded by whoever comes next. */
function deciderOf({ state, deciding, decided }: Ask): readonly string[] {
  if (state === 'asked' && deciding) return [deciding.person];
  return state === 'approved' && decided ? [decided.person] : [];
}

/** Of somebody who was erased since, nothing is left to compare. */
function contactOf(listed: ListedApprover): readonly Contact[] {
  const contact = committedContact(listed);
  return contact ? [contact] : [];
}
