import type { GateResult, RuleVerdict } from '../gate/input.ts';
import { isLetThrough } from '../gate/result.ts';

/** Code and parameter by which a rule says whose approval is not there: policies/rules/required_approvals.rego. */
const MISSING = 'approval_missing';

/** As keys are registered for roles, and people are. */
const ROLE = /^[a-z][a-z0-9-]{0,63}$/;

/** The roles whose approvals the policies want and do not find, each once. */
export function rolesWanted({ verdicts }: GateResult): readonly string[] {
  const roles = verdicts.flatMap(({ reasons }) =>
    reasons.flatMap(({ code, params: { role } }) =>
      code === MISSING && typeof role === 'string' && ROLE.test(role) ? [role] : [],
    ),
  );
  return [...new Set(roles)].toSorted();
}

/** The verdicts that close the gate, whatever people approve. */
export function closedFor(verdicts: readonly RuleVerdict[]): readonly RuleVerdict[] {
  return verdicts.filter((verdict) => !isLetThrough(verdict) && !isMissingApproval(verdict));
}

/** Whether a rule wants nothing but approvals that can be asked for. */
function isMissingApproval({ reasons }: Pick<RuleVerdict, 'reasons'>): boolean {
  return (
    reasons.length > 0 &&
    reasons.every(({ code, params: { role } }) => {
      return code === MISSING && typeof role === 'string' && ROLE.test(role);
    })
  );
}
