import { RemovalPolicy } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { BARE_HEADERS } from '../../lib/contracts/page-headers.ts';
import { PAGE_ROUTES } from '../../lib/contracts/routes.ts';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { Firewall } from './firewall.ts';
import { integrationWith } from './function-integration.ts';
import { requireModernTls } from './rest-api.ts';
import type { ServiceFunction } from './service-function.ts';

export interface PagesApiProps {
  readonly config: StageConfig;
  readonly auditKey: kms.IKey;
  readonly pages: ServiceFunction;
}

/**
 * The public pages behind the links of mails: on an API, and with it an origin, of their own. Nobody is authenticated here; the
 * secret of a link lies in the path, so no log, trace or metric has the path.
 */
export class PagesApi extends Construct {
  /** Base of the pages, with a slash at its end. */
  readonly url: string;
  readonly stage: apigateway.Stage;

  constructor(scope: Construct, id: string, { config, auditKey, pages }: PagesApiProps) {
    super(scope, id);
    const accessLog = new logs.LogGroup(this, 'AccessLog', {
      logGroupName: `/countersign/${config.stage}/pages`,
      retention: config.logRetentionDays,
      encryptionKey: auditKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const api = new apigateway.RestApi(this, 'Api', {
      restApiName: `countersign-${config.stage}-pages`,
      description: `Countersign ${config.stage}: public pages`,
      endpointConfiguration: { types: [apigateway.EndpointType.REGIONAL] },
      // The role through which API Gateway writes any log belongs to the account: one API makes it, and this is the first.
      cloudWatchRole: true,
      defaultMethodOptions: { authorizationType: apigateway.AuthorizationType.NONE },
      deployOptions: {
        stageName: config.stage,
        accessLogDestination: new apigateway.LogGroupLogDestination(accessLog),
        accessLogFormat: ACCESS_LOG_FORMAT,
        // Of errors the execution log quotes the path.
        loggingLevel: apigateway.MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
        metricsEnabled: true,
        tracingEnabled: false,
        throttlingRateLimit: PEOPLE_PER_SECOND,
        throttlingBurstLimit: PEOPLE_AT_ONCE,
      },
    });
    api.node.tryRemoveChild('Endpoint');
    requireModernTls(api);
    const integration = integrationWith(api, pages);
    for (const { method, path } of PAGE_ROUTES) api.root.resourceForPath(path).addMethod(method, integration);
    for (const type of [apigateway.ResponseType.DEFAULT_4XX, apigateway.ResponseType.DEFAULT_5XX]) {
      api.addGatewayResponse(type.responseType, { type, responseHeaders: QUOTED_HEADERS, templates: NOT_SERVED });
    }
    if (config.firewall !== undefined) {
      new Firewall(this, 'Firewall', {
        config,
        name: 'pages',
        hasSecretPaths: true,
        requestsPerAddress: config.firewall.requestsPerAddress,
        auditKey,
        apiStage: api.deploymentStage,
      });
    }
    this.url = api.url;
    this.stage = api.deploymentStage;
    this.acknowledgeFindings(api, config);
  }

  private acknowledgeFindings(api: apigateway.RestApi, config: StageConfig): void {
    const secretPaths = 'The path holds the secret of a link, which no log or trace may have.';
    acknowledge(api, {
      'AwsSolutions-APIG2': 'The handler reads forms strictly; the gateway would have to know every field as well.',
      'AwsSolutions-APIG4':
        'Whoever has a link has no account of ours: a code to their own address proves who they are.',
      'AwsSolutions-APIG6': secretPaths,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
        'The role through which API Gateway writes logs belongs to the whole account, so it has the policy that AWS made for it.',
      'AwsSolutions-COG4':
        'Whoever has a link has no account of ours: a code to their own address proves who they are.',
      'NIST.800.53.R5-APIGWCacheEnabledAndEncrypted': 'No cache: pages are for one person, and must not be kept.',
      'NIST.800.53.R5-APIGWExecutionLoggingEnabled': secretPaths,
      'NIST.800.53.R5-APIGWSSLEnabled':
        'Client certificates identify a gateway to HTTP back ends; this is a Lambda function, called by IAM.',
      'NIST.800.53.R5-APIGWXrayEnabled': secretPaths,
      ...(config.firewall === undefined
        ? {
            'AwsSolutions-APIG3': 'No firewall in this stage.',
            'NIST.800.53.R5-APIGWAssociatedWithWAF': 'No firewall in this stage.',
          }
        : {}),
    });
  }
}

/** What the gateway itself refuses keeps its status, and says nothing of the path. Values stand in quotes, which the inner ones do not end. */
const QUOTED_HEADERS = Object.fromEntries(Object.entries(BARE_HEADERS).map(([name, value]) => [name, `'${value}'`]));
const NOT_SERVED = { 'application/json': '{"message":"there is no such page, or not now"}' };

/** Over all callers: people read pages, and only so many approve at a time. */
const PEOPLE_PER_SECOND = 20;
const PEOPLE_AT_ONCE = 40;

/** One JSON object per request. The template of the path, and never the path. */
const ACCESS_LOG_FORMAT = apigateway.AccessLogFormat.custom(
  JSON.stringify({
    requestId: '$context.requestId',
    time: '$context.requestTimeEpoch',
    method: '$context.httpMethod',
    route: '$context.resourcePath',
    status: '$context.status',
    errorType: '$context.error.responseType',
    sourceIp: '$context.identity.sourceIp',
    tlsVersion: '$context.tlsVersion',
    responseLength: '$context.responseLength',
    latencyMs: '$context.responseLatency',
    integrationStatus: '$context.integration.integrationStatus',
    functionRequestId: '$context.integration.requestId',
  }),
);
