import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { type FunctionName, functionName } from '../names.ts';
import type { ServiceFunction } from './service-function.ts';

export interface DailyRunProps {
  readonly config: StageConfig;
  readonly source: ServiceFunction;
  readonly name: FunctionName;
  /** UTC. */
  readonly hour: number;
}

/** Starts a function once a day. EventBridge may start it twice, and a failure is tried again by Lambda. */
export class DailyRun extends Construct {
  constructor(scope: Construct, id: string, { config, source, name, hour }: DailyRunProps) {
    super(scope, id);
    new events.Rule(this, 'Rule', {
      ruleName: functionName(config.stage, name),
      description: `Starts ${functionName(config.stage, name)} once a day`,
      schedule: events.Schedule.cron({ hour: String(hour), minute: '0' }),
      targets: [new LambdaFunction(source.fn)],
    });
  }
}
