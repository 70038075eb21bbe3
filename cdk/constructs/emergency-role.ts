import type { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { type EmergencyRoleName, emergencyRoleName, rolePolicyName } from '../names.ts';
import { Policy } from './policy.ts';

/**
 * A role that exists here as a role, not only as a policy to attach: it must have a fixed name, by which policies except
 * it and alarms notice it. It is assumed with a second factor, for as long as `session`, and whatever it does raises an
 * alarm. It lies beside the data, to outlive the service.
 */
export class EmergencyRole extends Construct {
  readonly policy: Policy;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly config: StageConfig;
      readonly name: EmergencyRoleName;
      /** What the role is for, as a clause. */
      readonly purpose: string;
      /** The longest session. */
      readonly session: Duration;
    },
  ) {
    super(scope, id);
    const { name, purpose, session } = props;
    const { stage } = props.config;
    const role = new iam.Role(this, 'Role', {
      roleName: emergencyRoleName(stage, name),
      description: `Every use raises an alarm. See docs/runbook.md#${name}-used`,
      assumedBy: new iam.PrincipalWithConditions(new iam.AccountRootPrincipal(), {
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      }),
      maxSessionDuration: session,
    });
    this.policy = new Policy(this, 'Policy', {
      managedPolicyName: rolePolicyName(stage, name),
      description: `Countersign ${stage}: ${purpose}`,
      roles: [role],
    });
  }
}
