import { App, type AppProps, Validations } from 'aws-cdk-lib';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import { STAGE_CONFIGS, type StageConfig, stageConfig } from './config.ts';
import { bundleOf } from './constructs/bundle.ts';
import type { FunctionName } from './names.ts';
import { DataStack } from './stacks/data-stack.ts';
import { PromotionStack } from './stacks/promotion-stack.ts';
import { ServiceStack } from './stacks/service-stack.ts';

/** CDK's feature flags as it recommends them to a new project, for every way to run this app; with two exceptions. */
const FEATURE_FLAGS = {
  ...recommendedFlags,
  // Each statement of a policy stays by itself, with the Sid that says what it is for.
  '@aws-cdk/aws-iam:minimizePolicies': false,
  // Exports: CloudFormation then refuses to drop from a stack what a later one still uses.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};

export interface BuildProps extends Pick<AppProps, 'builtinCloudFormationValidation' | 'context' | 'outdir'> {
  /** @default - the stages in cdk/config.ts */
  readonly configs?: readonly StageConfig[];
  /**
   * Gives the folder with a function's code.
   * @default - bundles functions/
   */
  readonly codeOf?: (name: FunctionName) => string;
}

/**
 * The whole app of one stage: `-c stage=NAME`, `dev` unless given.
 *
 * @throws ConfigError when the stage cannot be used.
 */
export function buildApp({ configs = STAGE_CONFIGS, codeOf = bundleOf, context, ...props }: BuildProps = {}): App {
  const app = new App({ ...props, context: { ...FEATURE_FLAGS, ...context }, analyticsReporting: false });
  const config = stageConfig(String(app.node.tryGetContext('stage') ?? 'dev'), configs);
  // Of the stacks: CloudFormation hands them on to every resource that can have tags.
  const tags = { application: 'countersign', stage: config.stage };
  const data = new DataStack(app, 'Data', {
    tags,
    stackName: `countersign-${config.stage}-data`,
    description: `Countersign ${config.stage}: evidence, tables, keys and audit trail`,
    terminationProtection: config.retainData,
    config,
  });
  const promotion = new PromotionStack(app, 'Promotion', {
    tags,
    stackName: `countersign-${config.stage}-promotion`,
    description: `Countersign ${config.stage}: promotions, approvals, releases and webhooks`,
    config,
    codeOf,
    data,
  });
  new ServiceStack(app, 'Service', {
    tags,
    stackName: `countersign-${config.stage}-service`,
    description: `Countersign ${config.stage}: API, functions, roles and alarms`,
    config,
    codeOf,
    data,
    promotion,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new NIST80053R5Checks(app));
  return app;
}
