import { createHash } from 'node:crypto';
import { type GatewayResponse, isPublic, type LocalApi, type LocalRoute } from '../api-model.ts';
import { TemplateError } from '../properties.ts';
import { type Cloud, type Maker, type Makers, withoutEffect } from './maker.ts';

/** A REST API while its parts are being made. */
export interface ApiDraft {
  readonly id: string;
  readonly binaryMediaTypes: readonly string[];
  /** Paths by resource id. */
  readonly paths: Map<string, string>;
  readonly routes: LocalRoute[];
  readonly gatewayResponses: Map<string, GatewayResponse>;
  readonly stages: Pick<LocalApi, 'stage' | 'stageVariables'>[];
}

/** The longest that API Gateway waits for an integration unless the template says less. */
const DEFAULT_TIMEOUT_MS = 29_000;

/** The ten characters of an API's id, and the six of a resource's, are the same on every start. */
function idFor(text: string, length: number): string {
  const number = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
  return number.toString(36).slice(0, length);
}

const restApi: Maker = (properties, context) => {
  const id = idFor(`${context.stackName}/${context.logicalId}`, 10);
  const rootId = idFor(`${id}/`, 10);
  context.cloud.apis.set(id, {
    id,
    binaryMediaTypes: properties.texts('BinaryMediaTypes'),
    paths: new Map([[rootId, '']]),
    routes: [],
    gatewayResponses: new Map(),
    stages: [],
  });
  properties.ignore('Name', 'Description', 'EndpointAccessMode', 'EndpointConfiguration', 'SecurityPolicy', 'Policy');
  properties.ignore('MinimumCompressionSize', 'ApiKeySourceType', 'Tags', 'DisableExecuteApiEndpoint');
  return { ref: id, attributes: { RootResourceId: rootId, RestApiId: id } };
};

const resource: Maker = (properties, { cloud, logicalId }) => {
  const api = draftAt(cloud, properties.text('RestApiId'));
  const parent = api.paths.get(properties.text('ParentId'));
  if (parent === undefined) throw new TemplateError(`${logicalId}: its parent resource was not made`);
  const path = `${parent}/${properties.text('PathPart')}`;
  const id = idFor(`${api.id}${path}`, 6);
  api.paths.set(id, path);
  return { ref: id, attributes: { ResourceId: id } };
};

const method: Maker = (properties, { cloud, logicalId }) => {
  const api = draftAt(cloud, properties.text('RestApiId'));
  const resourceId = properties.text('ResourceId');
  const path = api.paths.get(resourceId);
  if (path === undefined) throw new TemplateError(`${logicalId}: its resource was not made`);
  const integration = properties.part('Integration');
  integration.oneOf('Type', ['AWS_PROXY']);
  integration.oneOf('IntegrationHttpMethod', ['POST']);
  const uri = integration.text('Uri');
  const functionName = /:function:([^:/]+)/.exec(uri)?.[1];
  if (functionName === undefined) throw new TemplateError(`${logicalId}: ${uri} names no function`);
  api.routes.push({
    resourceId,
    path,
    functionName,
    method: properties.text('HttpMethod'),
    authorization: properties.oneOf('AuthorizationType', ['AWS_IAM', 'NONE']),
    timeoutMs: integration.optionalNumber('TimeoutInMillis') ?? DEFAULT_TIMEOUT_MS,
  });
  // Models and operation names describe; validation is the handlers' part, so a validator would be news.
  properties.ignore('OperationName', 'MethodResponses', 'RequestModels', 'ApiKeyRequired');
  return { ref: `${api.id}-${resourceId}` };
};

const response: Maker = (properties, { cloud, logicalId }) => {
  const api = draftAt(cloud, properties.text('RestApiId'));
  const statusCode = properties.optionalNumber('StatusCode');
  api.gatewayResponses.set(properties.text('ResponseType'), {
    templates: properties.textMap('ResponseTemplates'),
    parameters: properties.textMap('ResponseParameters'),
    ...(statusCode === undefined ? {} : { statusCode }),
  });
  return { ref: logicalId };
};

const stage: Maker = (properties, { cloud }) => {
  const api = draftAt(cloud, properties.text('RestApiId'));
  const name = properties.text('StageName');
  const variables = properties.textMap('Variables');
  api.stages.push({
    stage: name,
    stageVariables: Object.keys(variables).length === 0 ? null : variables,
  });
  properties.ignore('AccessLogSetting', 'DeploymentId', 'MethodSettings', 'TracingEnabled', 'Description', 'Tags');
  return { ref: name };
};

const deployment: Maker = (properties, context) => {
  properties.ignore('RestApiId', 'Description');
  return { ref: idFor(context.logicalId, 6) };
};

function draftAt(cloud: Cloud, id: string): ApiDraft {
  const draft = cloud.apis.get(id);
  if (draft === undefined) throw new TemplateError(`there is no REST API ${id}`);
  return draft;
}

/**
 * Opens every stage that the template deploys.
 *
 * @returns what a text of the template becomes here: `https://ID.execute-api.…` is the origin that the API has.
 */
export async function deployApis(cloud: Cloud): Promise<(text: string) => string> {
  const origins = new Map<string, string>();
  for (const { stages, paths: _paths, ...draft } of cloud.apis.values()) {
    for (const each of stages) {
      const api = { ...draft, ...each };
      if (isPublic(api)) {
        origins.set(api.id, await cloud.frontDoor.openApi(api));
      } else {
        cloud.frontDoor.addApi(api);
        origins.set(api.id, cloud.frontDoor.endpoint);
      }
    }
  }
  return (text) =>
    text.replaceAll(/https:\/\/(\w+)\.execute-api\.[\w.-]+/g, (url, id: string) => origins.get(id) ?? url);
}

export const apiGatewayMakers: Makers = {
  'AWS::ApiGateway::RestApi': restApi,
  'AWS::ApiGateway::Resource': resource,
  'AWS::ApiGateway::Method': method,
  'AWS::ApiGateway::GatewayResponse': response,
  'AWS::ApiGateway::Stage': stage,
  'AWS::ApiGateway::Deployment': deployment,
  // Lets API Gateway write logs.
  'AWS::ApiGateway::Account': withoutEffect,
};
