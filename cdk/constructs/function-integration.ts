import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ServiceFunction } from './service-function.ts';

/**
 * Lets an API call a function, by one permission for all methods of its stage. CDK gives one per method by itself, and a stack
 * holds 500 resources. The permission lies in the stack of the API, because the function may be another's that comes before.
 */
export function integrationWith(api: apigateway.RestApi, { fn }: ServiceFunction): apigateway.LambdaIntegration {
  new lambda.CfnPermission(api, `Calls${fn.node.addr}`, {
    action: 'lambda:InvokeFunction',
    functionName: fn.functionArn,
    principal: 'apigateway.amazonaws.com',
    sourceArn: api.arnForExecuteApi('*', '/*', api.deploymentStage.stageName),
  });
  const permitted = lambda.Function.fromFunctionAttributes(api, `Integrated${fn.node.addr}`, {
    functionArn: fn.functionArn,
    skipPermissions: true,
  });
  return new apigateway.LambdaIntegration(permitted, { proxy: true });
}
