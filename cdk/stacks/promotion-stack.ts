import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { Alarms } from '../constructs/alarms.ts';
import type { ServiceFunction } from '../constructs/service-function.ts';
import type {
  ApprovalFunctionName,
  FunctionName,
  MirrorFunctionName,
  PromotionFunctionName,
  ReleaseFunctionName,
  WebhookFunctionName,
} from '../names.ts';
import { approvalFunctions, watchApprovals } from './approvals.ts';
import type { DataStack } from './data-stack.ts';
import { watchFunctions } from './function-alarms.ts';
import { modelMirror } from './model-mirror.ts';
import { promoteModel, promotionFunctions, watchPromotions } from './promotion.ts';
import { releaseFunctions } from './release-functions.ts';
import { watchWebhooks, webhookFunctions } from './webhooks.ts';

/** The functions of this stack. */
export type PromotionStackFunctions = Readonly<
  Record<PromotionFunctionName | ReleaseFunctionName | ApprovalFunctionName | WebhookFunctionName, ServiceFunction> &
    Partial<Record<MirrorFunctionName, ServiceFunction>>
>;

/**
 * What takes models to endpoints, asks people about it, and tells of it. Comes before the stack of the API, whose routes call its
 * functions; apart from it, because a stack holds 500 resources. Can be deleted and deployed again while no promotion runs.
 */
export class PromotionStack extends Stack {
  readonly functions: PromotionStackFunctions;

  constructor(
    scope: Construct,
    id: string,
    props: StackProps & {
      readonly config: StageConfig;
      readonly data: DataStack;
      /** Gives the folder with a function's code. */
      readonly codeOf: (name: FunctionName) => string;
    },
  ) {
    super(scope, id, props);
    const { config, data } = props;
    const alarms = new Alarms(this, 'Alarms', { config, topic: data.alarmTopic });
    const { packageGroupPrefix: prefix } = config;
    const { functions: promoting, failedStops } = promotionFunctions(this, props);
    const approvals = approvalFunctions(this, props);
    const functions = {
      ...promoting,
      ...releaseFunctions(this, props),
      ...approvals.functions,
      ...webhookFunctions(this, props),
      ...(prefix === undefined ? {} : { 'model-mirror': modelMirror(this, { ...props, alarms, prefix }) }),
    };
    watchFunctions(alarms, functions);
    watchPromotions(alarms, promoteModel(this, props), failedStops);
    watchApprovals(this, { config, data, alarms, approvals });
    watchWebhooks(this, { config, data, alarms, functions });
    this.functions = functions;
  }
}
