import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ServiceFunction } from './service-function.ts';

/**
 * Lets an API call a function, by one permission for all methods of its stage. CDK gives one per method by itself, and a stack
 * holds 500 resources.
 */
export function integrationWith(api: apigateway.RestApi, { fn }: ServiceFunction): apigateway.LambdaIntegration {
  fn.addPermission(`CalledBy${api.node.addr}`, {
    principal: new iam.ServicePrincipal('apigateway.amazonaws.com'),
    sourceArn: api.arnForExecuteApi('*', '/*', api.deploymentStage.stageName),
  });
  const permitted = lambda.Function.fromFunctionAttributes(api, `Integrated${fn.node.addr}`, {
    functionArn: fn.functionArn,
    skipPermissions: true,
  });
  return new apigateway.LambdaIntegration(permitted, { proxy: true });
}
