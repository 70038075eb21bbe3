import { dutyOf } from '../../core/approvals/duties.ts';
import type { AskablePerson } from '../../core/approver.ts';
import type { Ask } from '../../core/promotion.ts';
import { type ApproversOfDeps, approversOf } from '../directory/approvers-of.ts';
import type { DecisionFacts } from './facts.ts';

/** Why somebody may not decide. `decided`: they decided in another role. `role`: they are not asked, or no more. */
export type Bar = 'producer' | 'committer' | 'requester' | 'decided' | 'role';

/**
 * Who is asked for a role now: whoever the directory names for it, but for those whose duties forbid it.
 *
 * @param others - what the other roles of the promotion are asked
 */
export async function askablePeople(
  deps: ApproversOfDeps,
  { role, at }: { readonly role: string; readonly at: Date },
  facts: DecisionFacts,
  others: readonly Ask[],
): Promise<readonly AskablePerson[]> {
  const people = await approversOf(deps, role, at);
  return people.filter((person) => barOf(person, facts, others) === undefined);
}

/** The same of one person, when they act: much may have changed since they were asked. */
export async function findPerson(
  deps: ApproversOfDeps,
  { person, role, at }: { readonly person: string; readonly role: string; readonly at: Date },
  facts: DecisionFacts,
  others: readonly Ask[],
): Promise<{ readonly person: AskablePerson; readonly bar: Bar | undefined } | undefined> {
  const found = (await approversOf(deps, role, at)).find(({ id }) => id === person);
  return found && { person: found, bar: barOf(found, facts, others) };
}

function barOf({ id, email }: AskablePerson, { input }: DecisionFacts, others: readonly Ask[]): Bar | undefined {
  if (others.some(({ state, decided }) => state === 'approved' && decided?.person === id)) return 'decided';
  return dutyOf(input, [id, email]);
}
