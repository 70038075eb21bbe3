import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ROLES, type Role } from '../../lib/contracts/roles.ts';
import { ROUTES } from '../../lib/contracts/routes.ts';
import type { StageConfig } from '../config.ts';
import { breakGlassRoleName, rolePolicyName } from '../names.ts';
import type { MachineApi } from './machine-api.ts';
import { Policy } from './policy.ts';

/**
 * One managed policy per role, to attach to the IAM roles that your people and pipelines already have.
 * Each allows `execute-api:Invoke` on the routes that list the role in ROUTES, and on no other.
 */
export class RolePolicies extends Construct {
  private readonly policies: ReadonlyMap<Role, Policy>;

  constructor(scope: Construct, id: string, props: { readonly config: StageConfig; readonly api: MachineApi }) {
    super(scope, id);
    const { config, api } = props;
    this.policies = new Map(ROLES.map((role) => [role, this.policyOf(role, config, api)]));
    this.breakGlassRole(config);
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
    if (routes.length > 0) {
      policy.allow({
        sid: 'CallRoutes',
        actions: ['execute-api:Invoke'],
        resources: routes.map((route) => api.routeArn(route)),
        wildcard: 'A path parameter is a wildcard in the ARN of a route.',
      });
    }
    return policy;
  }

  /**
   * Break-glass is the one role that exists here as a role: the policies of the buckets name it.
   * It is assumed with a second factor, for an hour, and whatever it does raises an alarm.
   */
  private breakGlassRole(config: StageConfig): void {
    new iam.Role(this, 'BreakGlassRole', {
      roleName: breakGlassRoleName(config.stage),
      description: 'Emergency only: every use raises an alarm. See docs/runbook.md#break-glass-used',
      assumedBy: new iam.PrincipalWithConditions(new iam.AccountRootPrincipal(), {
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      }),
      maxSessionDuration: Duration.hours(1),
      managedPolicies: [this.of('break-glass')],
    });
  }
}
