import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { breakGlassRoleName, rolePolicyName } from '../names.ts';
import { Policy } from './policy.ts';

/**
 * The one role that exists here as a role, because the policies of the buckets name it. It is assumed with a second
 * factor, for an hour, and whatever it does raises an alarm. It lies beside the data, to outlive the service.
 */
export class BreakGlass extends Construct {
  readonly policy: Policy;

  constructor(scope: Construct, id: string, props: { readonly config: StageConfig }) {
    super(scope, id);
    const { stage } = props.config;
    const role = new iam.Role(this, 'Role', {
      roleName: breakGlassRoleName(stage),
      description: 'Emergency only: every use raises an alarm. See docs/runbook.md#break-glass-used',
      assumedBy: new iam.PrincipalWithConditions(new iam.AccountRootPrincipal(), {
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      }),
      maxSessionDuration: Duration.hours(1),
    });
    this.policy = new Policy(this, 'Policy', {
      managedPolicyName: rolePolicyName(stage, 'break-glass'),
      description: `Countersign ${stage}: what nobody else may do to evidence`,
      roles: [role],
    });
  }
}
