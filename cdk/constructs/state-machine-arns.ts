import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { type StateMachineName, stateMachineName } from '../names.ts';

export interface StateMachineArns {
  readonly machine: string;
  /** Of all its executions. */
  readonly executions: string;
  /** Of the executions that a distributed map with this label makes for its items. */
  readonly items: (label: string) => string;
}

/** ARNs of a state machine by its fixed name: lets policies name it without depending on it. */
export function stateMachineArns(scope: Construct, { stage }: StageConfig, name: StateMachineName): StateMachineArns {
  const arn = (resource: string, resourceName: string): string =>
    Stack.of(scope).formatArn({
      service: 'states',
      resource,
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  const named = stateMachineName(stage, name);
  return {
    machine: arn('stateMachine', named),
    executions: arn('execution', `${named}:*`),
    items: (label) => arn('execution', `${named}/${label}:*`),
  };
}
