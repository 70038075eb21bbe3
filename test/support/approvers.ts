import { type ApproverDeps, addApprover } from '../../lib/app/directory/manage-approvers.ts';
import { type AddApprover, AddApproverSchema } from '../../lib/core/approver-requests.ts';
import { type ControlPlane, caller } from './control-plane.ts';

export const PEOPLE_ADMIN = caller('people-admin');

/** The use cases of the directory over a deployment in memory; each salt is another. */
export function approverDeps(plane: ControlPlane): ApproverDeps {
  let salts = 0;
  return {
    ...plane.submitDeps,
    directory: plane.registry.directory,
    newSalt: () => String(++salts).padStart(64, '0'),
  };
}

/** The body of POST /v1/approvers. */
export function person(id: string, changes: Partial<AddApprover> = {}): AddApprover {
  return AddApproverSchema.parse({
    id,
    name: `The Person ${id}`,
    email: `${id}@example.org`,
    roles: ['model-owner'],
    ...changes,
  });
}

export async function enlist(deps: ApproverDeps, id: string, changes: Partial<AddApprover> = {}): Promise<void> {
  await addApprover(deps, person(id, changes), PEOPLE_ADMIN);
}
