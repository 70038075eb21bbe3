import { Construct } from 'constructs';
import { ROLES, type Role } from '../../lib/contracts/roles.ts';
import { ROUTES } from '../../lib/contracts/routes.ts';
import type { StageConfig } from '../config.ts';
import { EMERGENCY_ROLES, rolePolicyName } from '../names.ts';
import type { MachineApi } from './machine-api.ts';
import { Policy } from './policy.ts';

/**
 * One managed policy per role, to attach to the IAM roles that your people and pipelines already have.
 * Each allows `execute-api:Invoke` on the routes that list the role in ROUTES, and on no other. The emergency roles call
 * no route and lie beside the data.
 */
export class RolePolicies extends Construct {
  private readonly policies: ReadonlyMap<Role, Policy>;

  constructor(scope: Construct, id: string, props: { readonly config: StageConfig; readonly api: MachineApi }) {
    super(scope, id);
    const { config, api } = props;
    const callers = ROLES.filter((role) => !EMERGENCY_ROLES.some((name) => name === role));
    this.policies = new Map(callers.map((role) => [role, this.policyOf(role, config, api)]));
  }

  /** The policy of a role, to grant it what it needs besides its routes. */
  of(role: Role): Policy {
    const policy = this.policies.get(role);
    if (policy === undefined) throw new Error(`there is no policy for the role ${role}`);
    return policy;
  }

  private policyOf(role: Role, config: StageConfig, api: MachineApi): Policy {
    const policy = new Policy(this, role, {
      managedPolicyName: rolePolicyName(config.stage, role),
      description: `Countersign ${config.stage}: what the role ${role} may do`,
    });
    const routes = ROUTES.filter((route) => route.roles.some((allowed) => allowed === role));
    policy.allow({
      sid: 'CallRoutes',
      actions: ['execute-api:Invoke'],
      resources: routes.map((route) => api.routeArn(route)),
      wildcard: 'A path parameter is a wildcard in the ARN of a route.',
    });
    return policy;
  }
}
