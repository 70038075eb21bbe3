import type { z } from 'zod/mini';
import { type Answer, awsErrorAnswer } from '../answers.ts';
import type { AwsCall } from '../aws-call.ts';
import type { SageMaker } from './control-plane.ts';
import { SageMakerError } from './errors.ts';
import * as packages from './registry-requests.ts';
import * as requests from './requests.ts';

type Operation = (sagemaker: SageMaker, input: unknown) => unknown;

/** The operation whose input has this schema. */
function of<T extends z.ZodMiniType>(
  schema: T,
  perform: (sagemaker: SageMaker, request: z.infer<T>) => unknown,
): Operation {
  return (sagemaker, input) => perform(sagemaker, requests.read(schema, input));
}

const { model, endpointConfig, endpoint } = requests;
const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    CreateModel: of(requests.createModel, (sagemaker, request) => sagemaker.createModel(request)),
    DescribeModel: of(model, (sagemaker, { ModelName }) => sagemaker.describeModel(ModelName)),
    DeleteModel: of(model, (sagemaker, { ModelName }) => sagemaker.deleteModel(ModelName)),
    ListModels: of(requests.list, (sagemaker, query) => sagemaker.listModels(query)),
    CreateEndpointConfig: of(requests.createEndpointConfig, (sagemaker, request) =>
      sagemaker.createEndpointConfig(request),
    ),
    DescribeEndpointConfig: of(endpointConfig, (sagemaker, { EndpointConfigName }) =>
      sagemaker.describeEndpointConfig(EndpointConfigName),
    ),
    DeleteEndpointConfig: of(endpointConfig, (sagemaker, { EndpointConfigName }) =>
      sagemaker.deleteEndpointConfig(EndpointConfigName),
    ),
    CreateEndpoint: of(requests.createEndpoint, (sagemaker, request) => sagemaker.createEndpoint(request)),
    UpdateEndpoint: of(requests.updateEndpoint, (sagemaker, request) => sagemaker.updateEndpoint(request)),
    DescribeEndpoint: of(endpoint, (sagemaker, { EndpointName }) => sagemaker.describeEndpoint(EndpointName)),
    DeleteEndpoint: of(endpoint, (sagemaker, { EndpointName }) => sagemaker.deleteEndpoint(EndpointName)),
    ListEndpoints: of(requests.list, (sagemaker, query) => sagemaker.listEndpoints(query)),
    CreateModelPackageGroup: of(packages.createGroup, ({ registry }, request) => registry.createGroup(request)),
    DescribeModelPackageGroup: of(packages.group, ({ registry }, { ModelPackageGroupName }) =>
      registry.describeGroup(ModelPackageGroupName),
    ),
    CreateModelPackage: of(packages.createPackage, ({ registry }, request) => registry.createPackage(request)),
    UpdateModelPackage: of(packages.updatePackage, ({ registry }, request) => registry.updatePackage(request)),
    DescribeModelPackage: of(packages.describePackage, ({ registry }, { ModelPackageName }) =>
      registry.describePackage(ModelPackageName),
    ),
    ListModelPackages: of(packages.listPackages, ({ registry }, query) => registry.listPackages(query)),
    AddTags: of(requests.addTags, (sagemaker, { ResourceArn, Tags }) => sagemaker.addTags(ResourceArn, Tags)),
    ListTags: of(requests.listTags, (sagemaker, { ResourceArn }) => sagemaker.listTags(ResourceArn)),
  }),
);

/** Carries out a call of AWS JSON 1.1, as the SDKs send it. What the caller got wrong is answered 400 with its name. */
export async function sagemakerAnswer(sagemaker: SageMaker, call: AwsCall, requestId: string): Promise<Answer> {
  const operation = OPERATIONS.get(call.operation);
  try {
    if (operation === undefined) {
      throw new SageMakerError('UnknownOperationException', `The local SageMaker does not know ${call.operation}.`);
    }
    await sagemaker.catchUp();
    const output = await operation(sagemaker, call.input ?? {});
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
      // An operation that answers nothing answers an empty body.
      body: output === undefined ? '' : JSON.stringify(output),
    };
  } catch (error) {
    if (!(error instanceof SageMakerError)) throw error;
    const { code, message } = error;
    return awsErrorAnswer('sagemaker', { status: 400, code, message }, requestId);
  }
}
