import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import { stageConfig } from './config.ts';
import { DataStack } from './stacks/data-stack.ts';
import { ServiceStack } from './stacks/service-stack.ts';

/** Feature flags are part of what is synthesised, so they lie beside the code and hold for every way to run it. */
const FEATURE_FLAGS = {
  '@aws-cdk/aws-apigateway:disableCloudWatchRole': true,
  '@aws-cdk/aws-iam:standardizedServicePrincipals': true,
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
  '@aws-cdk/core:target-partitions': ['aws', 'aws-cn', 'aws-us-gov'],
};

/**
 * The whole app of one stage: `-c stage=NAME`, `dev` unless given.
 *
 * @throws ConfigError when the stage cannot be used.
 */
export function buildApp(props: Pick<AppProps, 'context' | 'outdir'> = {}): App {
  const app = new App({ ...props, context: { ...FEATURE_FLAGS, ...props.context }, analyticsReporting: false });
  const config = stageConfig(String(app.node.tryGetContext('stage') ?? 'dev'));
  const prefix = `countersign-${config.stage}`;
  const data = new DataStack(app, 'Data', {
    stackName: `${prefix}-data`,
    description: `Countersign ${config.stage}: evidence, tables, keys and audit trail`,
    terminationProtection: config.retainData,
    config,
  });
  new ServiceStack(app, 'Service', {
    stackName: `${prefix}-service`,
    description: `Countersign ${config.stage}: API, functions, roles and alarms`,
    config,
    data,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new NIST80053R5Checks(app));
  return app;
}
