import { DefaultStackSynthesizer, Fn, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { type FunctionName, functionRoleName } from '../names.ts';

// Roles by their ARNs, whether they exist yet or not: the policies of buckets and keys name roles of the other stack. A
// session of a role is matched too: `aws:PrincipalArn` is the ARN of the role itself.

/** ARN of a role without a path in this account. */
export function roleArn(scope: Construct, roleName: string): string {
  return Stack.of(scope).formatArn({ service: 'iam', region: '', resource: 'role', resourceName: roleName });
}

/** ARNs of the functions' execution roles. */
export function functionRoleArns(scope: Construct, { stage }: StageConfig, names: readonly FunctionName[]): string[] {
  return names.map((name) => roleArn(scope, functionRoleName(stage, name)));
}

/**
 * ARN of the role that CloudFormation deploys with: the one that `cdk bootstrap` made, whatever its qualifier.
 *
 * @throws Error when the stack is synthesised in a way that has no such role: deploying it would lock everybody out.
 */
export function deploymentRoleArn(scope: Construct): string {
  const { synthesizer } = Stack.of(scope);
  if (!(synthesizer instanceof DefaultStackSynthesizer)) {
    throw new Error('the stack must be deployed with the execution role of a CDK bootstrap: bucket policies name it');
  }
  return Fn.sub(synthesizer.cloudFormationExecutionRoleArn);
}
