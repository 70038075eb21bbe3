import { RemovalPolicy } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROUTES, type Route, type RouteGroup } from '../../lib/contracts/routes.ts';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { Firewall } from './firewall.ts';
import { integrationWith } from './function-integration.ts';
import { GatewayResponses } from './gateway-responses.ts';
import { requireModernTls } from './rest-api.ts';
import type { ServiceFunction } from './service-function.ts';

export interface MachineApiProps {
  readonly config: StageConfig;
  readonly auditKey: kms.IKey;
  /** The function that serves each route group. */
  readonly functions: Readonly<Record<RouteGroup, ServiceFunction>>;
}

/**
 * The API that pipelines and tools call: every route of ROUTES, each authorised by IAM.
 * Bodies pass as the bytes that were sent, because evidence is bytes.
 */
export class MachineApi extends Construct {
  readonly api: apigateway.RestApi;

  constructor(scope: Construct, id: string, props: MachineApiProps) {
    super(scope, id);
    const { config } = props;
    const accessLog = new logs.LogGroup(this, 'AccessLog', {
      logGroupName: `/countersign/${config.stage}/api`,
      retention: config.logRetentionDays,
      encryptionKey: props.auditKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.api = new apigateway.RestApi(this, 'Api', {
      restApiName: `countersign-${config.stage}`,
      description: `Countersign ${config.stage}: machine API`,
      ...this.endpoint(config),
      // API Gateway replaces invalid UTF-8 in text bodies; declared binary, they pass untouched.
      binaryMediaTypes: ['*/*'],
      // The pages' API has made it for the account, in a stack before this one.
      cloudWatchRole: false,
      defaultMethodOptions: { authorizationType: apigateway.AuthorizationType.IAM },
      deployOptions: {
        stageName: config.stage,
        accessLogDestination: new apigateway.LogGroupLogDestination(accessLog),
        accessLogFormat: ACCESS_LOG_FORMAT,
        // Errors only and never a data trace: a trace would write bodies into the log.
        loggingLevel: apigateway.MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        metricsEnabled: true,
        tracingEnabled: true,
        throttlingRateLimit: config.throttle.requestsPerSecond,
        throttlingBurstLimit: config.throttle.burst,
      },
    });
    // CDK's own output of the URL; ours has a stable name.
    this.api.node.tryRemoveChild('Endpoint');
    requireModernTls(this.api);
    this.ownExecutionLog(config, props.auditKey);
    this.addRoutes(props.functions);
    new GatewayResponses(this, 'Responses', { api: this.api });
    if (config.firewall !== undefined) {
      new Firewall(this, 'Firewall', {
        config,
        requestsPerAddress: config.firewall.requestsPerAddress,
        auditKey: props.auditKey,
        apiStage: this.api.deploymentStage,
      });
    }
    this.acknowledgeFindings(config);
  }

  /** ARN that `execute-api:Invoke` names for one route. A path parameter is a wildcard there: AWS has no other. */
  routeArn(route: Route): string {
    return this.api.arnForExecuteApi(
      route.method,
      route.path.replaceAll(/\{[^}]+\}/g, '*'),
      this.api.deploymentStage.stageName,
    );
  }

  private addRoutes(functions: MachineApiProps['functions']): void {
    const serving = new Set(ROUTES.map(({ group }) => functions[group]));
    const integrations = new Map([...serving].map((fn) => [fn, integrationWith(this.api, fn)] as const));
    for (const { method, path, group } of ROUTES) {
      this.api.root.resourceForPath(path).addMethod(method, integrations.get(functions[group]));
    }
  }

  /** Public and regional, or private behind the stage's interface endpoints. */
  private endpoint(config: StageConfig): Pick<apigateway.RestApiProps, 'endpointConfiguration' | 'policy'> {
    if (config.vpcEndpointIds.length === 0) {
      return { endpointConfiguration: { types: [apigateway.EndpointType.REGIONAL] } };
    }
    const vpcEndpoints = config.vpcEndpointIds.map((endpointId, index) =>
      ec2.InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(this, `Endpoint${index}`, {
        vpcEndpointId: endpointId,
        port: 443,
      }),
    );
    return {
      endpointConfiguration: { types: [apigateway.EndpointType.PRIVATE], vpcEndpoints },
      policy: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({
            sid: 'OnlyThroughOurEndpoints',
            effect: iam.Effect.DENY,
            principals: [new iam.AnyPrincipal()],
            actions: ['execute-api:Invoke'],
            resources: ['execute-api:/*'],
            conditions: { StringNotEquals: { 'aws:SourceVpce': [...config.vpcEndpointIds] } },
          }),
          new iam.PolicyStatement({
            // Names the account, not everybody: allowing `*` would let any identity of the account call every route,
            // because within one account either policy suffices. So the roles' own policies still decide.
            sid: 'IdentityPoliciesDecide',
            principals: [new iam.AccountRootPrincipal()],
            actions: ['execute-api:Invoke'],
            resources: ['execute-api:/*'],
          }),
        ],
      }),
    };
  }

  /** API Gateway would make its execution log by itself, unencrypted and kept for ever. */
  private ownExecutionLog(config: StageConfig, auditKey: kms.IKey): void {
    const log = new logs.LogGroup(this, 'ExecutionLog', {
      logGroupName: `API-Gateway-Execution-Logs_${this.api.restApiId}/${config.stage}`,
      retention: config.logRetentionDays,
      encryptionKey: auditKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.api.deploymentStage.node.addDependency(log);
  }

  private acknowledgeFindings(config: StageConfig): void {
    acknowledge(this.api, {
      'AwsSolutions-APIG2':
        'Handlers validate the bytes strictly; the gateway would have to re-read them as text first.',
      'AwsSolutions-COG4': 'Callers are AWS roles: every method is authorised by IAM.',
      'NIST.800.53.R5-APIGWCacheEnabledAndEncrypted':
        'No cache: an answer about evidence must not be older than the evidence.',
      'NIST.800.53.R5-APIGWSSLEnabled':
        'Client certificates identify a gateway to HTTP back ends; these are Lambda functions, called by IAM.',
      ...(config.firewall === undefined
        ? {
            'AwsSolutions-APIG3': 'No firewall in this stage: only callers with an IAM signature reach a handler.',
            'NIST.800.53.R5-APIGWAssociatedWithWAF':
              'No firewall in this stage: only callers with an IAM signature reach a handler.',
          }
        : {}),
    });
  }
}

/** One JSON object per request. The template of the path, not the path; no query, no body, no message that quotes them. */
const ACCESS_LOG_FORMAT = apigateway.AccessLogFormat.custom(
  JSON.stringify({
    requestId: '$context.requestId',
    extendedRequestId: '$context.extendedRequestId',
    time: '$context.requestTimeEpoch',
    method: '$context.httpMethod',
    route: '$context.resourcePath',
    status: '$context.status',
    errorType: '$context.error.responseType',
    account: '$context.identity.accountId',
    caller: '$context.identity.caller',
    userArn: '$context.identity.userArn',
    sourceIp: '$context.identity.sourceIp',
    vpcEndpoint: '$context.identity.vpceId',
    tlsVersion: '$context.tlsVersion',
    responseLength: '$context.responseLength',
    latencyMs: '$context.responseLatency',
    integrationLatencyMs: '$context.integrationLatency',
    integrationStatus: '$context.integration.integrationStatus',
    functionRequestId: '$context.integration.requestId',
    xrayTraceId: '$context.xrayTraceId',
  }),
);
