import { plainName } from '../../core/approvals/duties.ts';
import type { Ask } from '../../core/promotion.ts';
import { type ApproversOfDeps, approversOf } from './approvers-of.ts';

/**
 * The asks whose approval comes from somebody who does not hold the role any more, as the directory says with its signed events:
 * they left, were erased, or lost the role. Who is away did approve.
 */
export async function withoutHolder(deps: ApproversOfDeps, approved: readonly Ask[]): Promise<readonly Ask[]> {
  if (approved.length === 0) return [];
  const givers = new Set(approved.map(giverOf));
  const listed = await approversOf(deps, ({ id }) => givers.has(plainName(id)));
  const holds = (ask: Ask) =>
    listed.some(
      ({ approver: { id, state, roles } }) =>
        plainName(id) === giverOf(ask) && state === 'active' && roles.includes(ask.role),
    );
  return approved.filter((ask) => !holds(ask));
}

/** Whose approval it is, as ids are compared. */
export function giverOf({ decided }: Ask): string {
  return plainName(decided?.person ?? '');
}
