import { describe, expect, it } from 'vitest';
import { buildApp } from '../../cdk/build.ts';
import { stageConfig } from '../../cdk/config.ts';
import { FUNCTION_NAMES } from '../../cdk/names.ts';
import { Env } from '../../lib/contracts/env.ts';
import { PROBLEMS, type ProblemCode } from '../../lib/contracts/problems.ts';
import { ROUTES } from '../../lib/contracts/routes.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { logger, logProblem } from '../../lib/runtime/http.ts';
import { linesOf } from '../support/log-lines.ts';
import { filterPattern } from './support/filter-pattern.ts';
import { Resolver } from './support/resolve.ts';
import {
  inScratch,
  ofType,
  only,
  synthesise,
  synthesiseConfig,
  type Template,
  templatesOf,
  withoutCode,
} from './support/synth.ts';

const prod = synthesise('prod');
const { service } = prod;
const resolver = new Resolver(prod);

/** @param idPrefix - of the logical ids, such as `Api` for what belongs to the machine API */
function resolved(template: Template, type: string, idPrefix = ''): readonly Readonly<Record<string, unknown>>[] {
  const found = ofType(template, type).filter(([id]) => id.startsWith(idPrefix));
  return found.map(([, { Properties }]) =>
    Object.fromEntries(Object.entries(Properties).map(([name, value]) => [name, resolver.resolve(value, template)])),
  );
}

/** The same, of every stack. */
function everywhere(type: string): readonly Readonly<Record<string, unknown>>[] {
  return templatesOf(prod).flatMap((template) => resolved(template, type));
}

describe('the API', () => {
  /** Full path of an API Gateway resource, from its parents' path parts. */
  function pathOf(resourceId: string): string {
    const properties = service.Resources[resourceId]?.Properties;
    const parentId = /"Ref":"(\w+)"/.exec(JSON.stringify(properties?.ParentId))?.[1];
    return `${parentId === undefined ? '' : pathOf(parentId)}/${String(properties?.PathPart)}`;
  }
  const ofThisApi = ofType(service, 'AWS::ApiGateway::Method').filter(([id]) => id.startsWith('Api'));
  const methods = ofThisApi.map(([, { Properties }]) => ({
    route: `${String(Properties.HttpMethod)} ${pathOf(/"Ref":"(\w+)"/.exec(JSON.stringify(Properties.ResourceId))?.[1] ?? '')}`,
    properties: Properties,
  }));

  it('has the routes of the table and no other', () => {
    expect(methods.map(({ route }) => route).sort()).toEqual(
      ROUTES.map(({ method, path }) => `${method} ${path}`).sort(),
    );
  });

  it.each(methods)('$route is authorised by IAM and served by a Lambda', ({ properties }) => {
    expect(properties).toMatchObject({ AuthorizationType: 'AWS_IAM', Integration: { Type: 'AWS_PROXY' } });
  });

  it('passes bodies as bytes, and speaks TLS 1.2 with forward secrecy or better', () => {
    expect(resolved(service, 'AWS::ApiGateway::RestApi', 'Api')).toMatchObject([
      {
        BinaryMediaTypes: ['*/*'],
        EndpointAccessMode: 'STRICT',
        EndpointConfiguration: { Types: ['REGIONAL'] },
        SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      },
    ]);
  });

  it('throttles, traces, and logs errors without data', () => {
    const { throttle } = stageConfig('prod');
    expect(resolved(service, 'AWS::ApiGateway::Stage', 'Api')).toMatchObject([
      {
        StageName: 'prod',
        TracingEnabled: true,
        MethodSettings: [
          {
            HttpMethod: '*',
            ResourcePath: '/*',
            LoggingLevel: 'ERROR',
            DataTraceEnabled: false,
            ThrottlingRateLimit: throttle.requestsPerSecond,
            ThrottlingBurstLimit: throttle.burst,
          },
        ],
      },
    ]);
  });

  it('writes JSON access logs with neither path, query nor body', () => {
    const [stage] = resolved(service, 'AWS::ApiGateway::Stage', 'Api');
    const format = JSON.parse(JSON.stringify(stage)).AccessLogSetting.Format;
    const variables = Object.values(JSON.parse(format));
    expect(variables).toContain('$context.resourcePath');
    expect(variables).toContain('$context.xrayTraceId');
    for (const variable of variables) {
      expect(variable).not.toMatch(/^\$context\.path$|query|body|error\.message|authorizer|requestOverride/i);
    }
  });

  it("keeps API Gateway's own execution log encrypted and for a time", () => {
    const [, log] = only(service, 'AWS::Logs::LogGroup', 'ApiExecutionLog');
    expect(resolver.resolve(log.Properties, service)).toMatchObject({
      LogGroupName: expect.stringMatching(/^API-Gateway-Execution-Logs_.+\/prod$/),
      RetentionInDays: 400,
      KmsKeyId: expect.stringMatching(/:key\/auditkey/),
    });
  });
});

describe('an error of the gateway', () => {
  const responses = resolved(service, 'AWS::ApiGateway::GatewayResponse', 'Api');

  // "Gateway response types for API Gateway", all of them.
  it('is answered by us whatever its type', () => {
    expect(responses.map(({ ResponseType }) => ResponseType).sort()).toEqual([
      'ACCESS_DENIED',
      'API_CONFIGURATION_ERROR',
      'AUTHORIZER_CONFIGURATION_ERROR',
      'AUTHORIZER_FAILURE',
      'BAD_REQUEST_BODY',
      'BAD_REQUEST_PARAMETERS',
      'DEFAULT_4XX',
      'DEFAULT_5XX',
      'EXPIRED_TOKEN',
      'INTEGRATION_FAILURE',
      'INTEGRATION_TIMEOUT',
      'INVALID_API_KEY',
      'INVALID_SIGNATURE',
      'MISSING_AUTHENTICATION_TOKEN',
      'QUOTA_EXCEEDED',
      'REQUEST_TOO_LARGE',
      'RESOURCE_NOT_FOUND',
      'THROTTLED',
      'UNAUTHORIZED',
      'UNSUPPORTED_MEDIA_TYPE',
      'WAF_FILTERED',
    ]);
  });

  const codes = Object.keys(PROBLEMS).filter((code): code is ProblemCode => code in PROBLEMS);

  it.each(responses)('$ResponseType is a problem document of the one list', (response) => {
    expect(response.ResponseParameters).toMatchObject({
      'gatewayresponse.header.Content-Type': "'application/problem+json'",
    });
    const template = JSON.parse(JSON.stringify(response.ResponseTemplates))['application/json'];
    const document = JSON.parse(
      template.replace('$context.error.messageString', '"why"').replace('$context.requestId', 'id-1'),
    );
    const code = codes.find((known) => known === document.code);
    if (code === undefined) throw new Error(`${document.code} is not among the problems`);
    expect(document).toMatchObject({
      ...PROBLEMS[code],
      type: `https://countersign.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`,
      // As the handlers name a request.
      instance: 'urn:countersign:request:id-1',
    });
    expect(document.status).toBe(Number(response.StatusCode));
    // What went wrong inside is not the caller's business.
    expect('detail' in document).toBe(document.status < 500);
  });
});

it('each stack has room left in what one holds: 500 resources', () => {
  for (const { Resources } of templatesOf(prod)) expect(Object.keys(Resources).length).toBeLessThan(400);
});

describe('functions', () => {
  const functions = everywhere('AWS::Lambda::Function');
  const SIGNING = [Env.EVIDENCE_BUCKET, Env.EVIDENCE_TABLE, Env.REGISTRY_TABLE, Env.EVIDENCE_KEY_ARN, Env.RETENTION];
  const HEARING = [...SIGNING, Env.WORKFLOW_TABLE, Env.DATA_KEY_ARN, Env.MAIL_FROM, Env.MAIL_CONFIGURATION_SET];
  const ENVIRONMENT = {
    intake: [...SIGNING, Env.UNSIGNED_STAGES],
    artifacts: [...SIGNING, Env.STAGING_BUCKET, Env.ARTIFACT_VERIFIER, Env.SINGLE_PUT_MAX_BYTES],
    'artifact-verifier': [...SIGNING, Env.STAGING_BUCKET, Env.ARTIFACT_VERIFIER],
    reader: [
      Env.EVIDENCE_BUCKET,
      Env.EVIDENCE_TABLE,
      Env.REGISTRY_TABLE,
      Env.WORKFLOW_TABLE,
      Env.RETENTION,
      Env.UNSIGNED_STAGES,
    ],
    registry: SIGNING,
    holds: SIGNING,
    gates: [...SIGNING, Env.WORKFLOW_TABLE, Env.GATE_SAMPLING],
    policies: [...SIGNING, Env.WORKFLOW_TABLE, Env.SIMULATION_MACHINE_ARN],
    approvers: SIGNING,
    simulator: [...SIGNING, Env.STAGING_BUCKET, Env.WORKFLOW_TABLE],
    'waiver-watch': [Env.REGISTRY_TABLE],
    promotions: [...SIGNING, Env.WORKFLOW_TABLE, Env.DATA_KEY_ARN, Env.PROMOTION_MACHINE_ARN],
    promoter: [
      ...SIGNING,
      Env.WORKFLOW_TABLE,
      Env.DATA_KEY_ARN,
      Env.PROMOTION_MACHINE_ARN,
      Env.LEASE_SECONDS,
      Env.ENDPOINT_WAIT_SECONDS,
    ],
    'promotion-gate': [...SIGNING, Env.WORKFLOW_TABLE],
    deployer: [
      Env.EVIDENCE_BUCKET,
      Env.EVIDENCE_TABLE,
      Env.REGISTRY_TABLE,
      Env.WORKFLOW_TABLE,
      Env.RETENTION,
      Env.SERVING_ROLE_ARN,
      Env.ALL_AT_ONCE_IN,
    ],
    releaser: [...SIGNING, Env.WORKFLOW_TABLE],
    incidents: [...SIGNING, Env.WORKFLOW_TABLE],
    pages: HEARING,
    'approval-watch': [...HEARING, Env.PAGES_URL],
    'approval-desk': [...HEARING, Env.PAGES_URL, Env.REMINDER_SECONDS, Env.REMINDERS, Env.ESCALATE_AFTER],
    webhooks: [...SIGNING, Env.WORKFLOW_TABLE, Env.DATA_KEY_ARN],
    'webhook-sender': [Env.REGISTRY_TABLE, Env.WORKFLOW_TABLE, Env.DATA_KEY_ARN],
    'model-mirror': [
      Env.EVIDENCE_BUCKET,
      Env.EVIDENCE_TABLE,
      Env.REGISTRY_TABLE,
      Env.WORKFLOW_TABLE,
      Env.RETENTION,
      Env.PACKAGE_GROUP_PREFIX,
    ],
  } as const satisfies Record<(typeof FUNCTION_NAMES)[number], readonly string[]>;

  it('are those that we know', () => {
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      FUNCTION_NAMES.map((name) => `countersign-prod-${name}`).sort(),
    );
  });

  it.each(FUNCTION_NAMES)('%s runs Node 24 on arm64, traced, and knows what it needs and no more', (name) => {
    const fn = functions.find(({ FunctionName }) => FunctionName === `countersign-prod-${name}`);
    expect(fn).toMatchObject({
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      // A trace of a page would hold the secret of a link.
      ...(name === 'pages' ? {} : { TracingConfig: { Mode: 'Active' } }),
      LoggingConfig: { LogFormat: 'JSON', LogGroup: `/aws/lambda/countersign-prod-${name}` },
    });
    const { Environment } = JSON.parse(JSON.stringify(fn));
    expect(Object.keys(Environment.Variables).sort()).toEqual(['NODE_OPTIONS', Env.STAGE, ...ENVIRONMENT[name]].sort());
  });

  it('answer before the API gives up at 29 s, but for those that it does not wait for', () => {
    const behindNoApi = ['artifact-verifier', 'simulator', 'promotion-gate', 'releaser'].map(
      (name) => `countersign-prod-${name}`,
    );
    for (const { FunctionName, Timeout } of functions) {
      if (behindNoApi.includes(String(FunctionName))) expect(Timeout).toBe(900);
      else if (FunctionName === 'countersign-prod-waiver-watch') expect(Timeout).toBe(60);
      else if (FunctionName === 'countersign-prod-approval-watch') expect(Timeout).toBe(300);
      // Its state machine waits for 60 s.
      else if (/-(promoter|deployer|approval-desk)$/.test(String(FunctionName))) expect(Timeout).toBe(55);
      else if (FunctionName === 'countersign-prod-webhook-sender') expect(Timeout).toBe(360);
      else if (FunctionName === 'countersign-prod-model-mirror') expect(Timeout).toBe(120);
      else expect(Timeout).toBeLessThan(29);
    }
  });

  it('the verifier may continue itself; what fails for good is kept with its error', () => {
    expect(functions.filter(({ RecursiveLoop }) => RecursiveLoop === 'Allow')).toHaveLength(1);
    const kept = (name: string, queue: string, template: Template) => ({
      FunctionName: `countersign-prod-${name}`,
      DestinationConfig: {
        OnFailure: { Destination: resolver.arn(only(template, 'AWS::SQS::Queue', queue)[0], template) },
      },
      MaximumRetryAttempts: 2,
    });
    expect(everywhere('AWS::Lambda::EventInvokeConfig')).toMatchObject([
      kept('promoter', 'FailedStops', prod.promotion),
      kept('approval-watch', 'FailedNews', prod.promotion),
      kept('webhook-sender', 'FailedAnnouncements', prod.promotion),
      kept('model-mirror', 'FailedMirrors', prod.promotion),
      kept('artifact-verifier', 'FailedEvents', service),
    ]);
  });
});

it('the waiver watch is started once a day, by its rule and nobody else', () => {
  const arn = resolver.arn(only(service, 'AWS::Lambda::Function', 'WaiverWatch')[0], service);
  const [rule, ...others] = resolved(service, 'AWS::Events::Rule').filter((one) => JSON.stringify(one).includes(arn));
  expect(rule).toMatchObject({ ScheduleExpression: 'cron(0 6 * * ? *)', State: 'ENABLED', Targets: [{ Arn: arn }] });
  expect(others).toEqual([]);
  const permissions = resolved(service, 'AWS::Lambda::Permission').filter(({ FunctionName }) => FunctionName === arn);
  const ruleArn = resolver.arn(only(service, 'AWS::Events::Rule', 'WatchWaivers')[0], service);
  expect(permissions).toMatchObject([{ Principal: 'events.amazonaws.com', SourceArn: ruleArn }]);
});

it('an execution that ended and could not be handed to the promoter is kept, by its rule and nobody else', () => {
  const { promotion } = prod;
  const [queue] = only(promotion, 'AWS::SQS::Queue', 'FailedStops');
  const queueArn = resolver.arn(queue, promotion);
  const rule = resolved(promotion, 'AWS::Events::Rule').find(
    ({ Name }) => Name === 'countersign-prod-promotion-stopped',
  );
  expect(rule).toMatchObject({ Targets: [{ DeadLetterConfig: { Arn: queueArn } }] });
  const ruleArn = resolver.arn(only(promotion, 'AWS::Events::Rule', 'PromotionStopped')[0], promotion);
  const policies = resolved(promotion, 'AWS::SQS::QueuePolicy').filter((one) => JSON.stringify(one).includes(queueArn));
  const statements = policies.flatMap(({ PolicyDocument }) => Object(PolicyDocument).Statement);
  expect(statements.filter(({ Effect }: { Effect: string }) => Effect === 'Allow')).toMatchObject([
    {
      Action: 'sqs:SendMessage',
      Principal: { Service: 'events.amazonaws.com' },
      Condition: { ArnEquals: { 'aws:SourceArn': ruleArn } },
    },
  ]);
});

it('webhooks are sent to by what we announce and by a tick a minute, and on AWS never to the machine itself', () => {
  const [name, { Properties }] = only(prod.promotion, 'AWS::Lambda::Function', 'WebhookSender');
  const arn = resolver.arn(name, prod.promotion);
  const rules = everywhere('AWS::Events::Rule').filter((one) => JSON.stringify(one).includes(arn));
  expect(rules.map(({ EventPattern, ScheduleExpression }) => EventPattern ?? ScheduleExpression)).toEqual(
    expect.arrayContaining([{ source: ['countersign'] }, 'rate(1 minute)']),
  );
  expect(rules).toHaveLength(2);
  expect(JSON.stringify(Properties)).not.toContain(Env.WEBHOOK_LOOPBACK);
});

describe('the mirror into the SageMaker Model Registry', () => {
  it('is started by the ends of promotions, and by nothing else', () => {
    const arn = resolver.arn(only(prod.promotion, 'AWS::Lambda::Function', 'ModelMirror')[0], prod.promotion);
    const rules = everywhere('AWS::Events::Rule').filter((one) => JSON.stringify(one).includes(arn));
    expect(rules).toMatchObject([
      {
        EventPattern: {
          source: ['countersign'],
          'detail-type': [
            'dev.countersign.release.released.v1',
            'dev.countersign.release.rolled-back.v1',
            'dev.countersign.promotion.refused.v1',
            'dev.countersign.promotion.rejected.v1',
            'dev.countersign.promotion.ended.v1',
          ],
        },
      },
    ]);
  });

  it('is absent where no groups are named', () => {
    const { promotion } = synthesise('dev');
    expect(JSON.stringify(promotion)).not.toContain('model-mirror');
    expect(ofType(promotion, 'AWS::Lambda::Function')).toHaveLength(
      ofType(prod.promotion, 'AWS::Lambda::Function').length - 1,
    );
  });
});

/** Of one metric. */
function filtersOf(metric: string) {
  const named = ({ MetricTransformations }: Record<string, unknown>) =>
    JSON.stringify(MetricTransformations).includes(`"MetricName":"${metric}"`);
  return everywhere('AWS::Logs::MetricFilter').filter(named);
}

/** The line that a function writes when it answers with a problem. */
async function problemLine(code: ProblemCode): Promise<unknown> {
  const [line] = await linesOf(() => logProblem(code, new DomainError(code, 'why')));
  return line;
}

it('one answer of a function that evidence does not verify raises an alarm', async () => {
  const filters = filtersOf('integrity-failure');
  expect(filters.map(({ LogGroupName }) => LogGroupName).sort()).toEqual(
    FUNCTION_NAMES.map((name) => `/aws/lambda/countersign-prod-${name}`).sort(),
  );
  for (const { FilterPattern } of filters) {
    const matches = filterPattern(String(FilterPattern));
    expect(matches(await problemLine('INTEGRITY_FAILURE'))).toBe(true);
    expect(matches(await problemLine('DEPENDENCY_UNAVAILABLE'))).toBe(false);
  }
});

it('one gate that the policy in force leaves undecided raises an alarm', async () => {
  const [filter, ...others] = filtersOf('gate-without-a-policy');
  expect([filter?.LogGroupName, others]).toEqual(['/aws/lambda/countersign-prod-gates', []]);
  const matches = filterPattern(String(filter?.FilterPattern));
  const broken = [
    'POLICY_INVALID',
    'POLICY_FAILED',
    'POLICY_TIMED_OUT',
    'POLICY_MEMORY_EXCEEDED',
    'POLICY_RESULT_INVALID',
  ] as const;
  for (const code of broken) expect(matches(await problemLine(code)), code).toBe(true);
  for (const code of ['POLICY_UNAVAILABLE', 'MODEL_UNKNOWN'] as const) {
    expect(matches(await problemLine(code)), code).toBe(false);
  }
});

it('one link that dies of wrong codes raises an alarm, and a wrong code does not', async () => {
  const [filter, ...others] = filtersOf('link-dead');
  expect([filter?.LogGroupName, others]).toEqual(['/aws/lambda/countersign-prod-pages', []]);
  const matches = filterPattern(String(filter?.FilterPattern));
  const lineOf = async (event: string) => (await linesOf(() => logger.warn(event, { tries: 5 })))[0];
  expect(matches(await lineOf('link-dead'))).toBe(true);
  expect(matches(await lineOf('code-wrong'))).toBe(false);
});

it.each(['data', 'promotion', 'service'] as const)(
  'every log group of the %s stack is encrypted and kept for a time',
  (name) => {
    const groups = resolved(prod[name], 'AWS::Logs::LogGroup');
    expect(groups.length).toBeGreaterThan(0);
    for (const group of groups) {
      expect(group).toMatchObject({ RetentionInDays: 400, KmsKeyId: expect.stringMatching(/:key\/auditkey/) });
    }
  },
);

it.each(['data', 'promotion', 'service'] as const)(
  'every output of the %s stack that people read says what it is',
  (name) => {
    const outputs = Object.entries(prod[name].Outputs).filter(([, { Export }]) => Export === undefined);
    expect(outputs.length).toBeGreaterThan(1);
    for (const [output, { Description }] of outputs) expect(Description, output).toMatch(/\w+ \w+/);
    // One output each: CDK would add the URL of the API a second time.
    expect(new Set(outputs.map(([, { Value }]) => JSON.stringify(Value))).size).toBe(outputs.length);
  },
);

it('the stacks are tagged, and so is all that is in them', () => {
  inScratch((outdir) => {
    const app = buildApp({ ...withoutCode(outdir), context: { stage: 'dev' }, builtinCloudFormationValidation: false });
    const stacks = app.synth().stacks;
    expect(stacks.map(({ tags }) => tags)).toEqual(stacks.map(() => ({ application: 'countersign', stage: 'dev' })));
  });
});

describe('a private API', () => {
  const config = { ...stageConfig('dev'), vpcEndpointIds: ['vpce-0123456789abcdef0'] };
  const templates = synthesiseConfig(config);
  const [, { Properties }] = only(templates.service, 'AWS::ApiGateway::RestApi', 'Api');
  const api = JSON.parse(JSON.stringify(new Resolver(templates).resolve(Properties, templates.service)));

  it('is reached through its endpoints only', () => {
    expect(api.EndpointConfiguration).toEqual({ Types: ['PRIVATE'], VpcEndpointIds: ['vpce-0123456789abcdef0'] });
    expect(api.Policy.Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'execute-api:Invoke',
        Condition: { StringNotEquals: { 'aws:SourceVpce': ['vpce-0123456789abcdef0'] } },
      }),
    );
  });

  it('still leaves it to the identity policies who calls what', () => {
    const allowed = api.Policy.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    expect(allowed).toMatchObject([{ Principal: { AWS: 'arn:aws:iam::123456789012:root' } }]);
  });
});

describe('the firewall', () => {
  it('stands before the API where it is configured', () => {
    const [, association] = only(service, 'AWS::WAFv2::WebACLAssociation', 'ApiFirewall');
    expect(resolver.resolve(association.Properties.ResourceArn, service)).toMatch(
      /^arn:aws:apigateway:eu-central-1::\/restapis\/.+\/stages\/prod$/,
    );
  });
  it.each([
    ['ApiFirewall', service, []],
    // The secret of a link.
    ['PagesApiFirewall', prod.promotion, [{ UriPath: {} }]],
  ])('logs without query and credentials: %s', (id, template, more) => {
    const [, logging] = only(template, 'AWS::WAFv2::LoggingConfiguration', id);
    const { RedactedFields } = JSON.parse(JSON.stringify(logging.Properties));
    expect(RedactedFields).toEqual([
      { QueryString: {} },
      ...more,
      { SingleHeader: { Name: 'authorization' } },
      { SingleHeader: { Name: 'cookie' } },
      { SingleHeader: { Name: 'referer' } },
      { SingleHeader: { Name: 'x-amz-security-token' } },
    ]);
  });
  it('refuses no body for its content: rules that look into bodies only count', () => {
    const [, acl] = only(service, 'AWS::WAFv2::WebACL', 'ApiFirewall');
    const rules: { Name: string; Statement: Record<string, unknown> }[] = JSON.parse(
      JSON.stringify(acl.Properties.Rules),
    );
    expect(rules.map(({ Name }) => Name)).toEqual([
      'rate',
      'AWSManagedRulesAmazonIpReputationList',
      'AWSManagedRulesKnownBadInputsRuleSet',
    ]);
    expect(rules[2]?.Statement).toMatchObject({
      ManagedRuleGroupStatement: {
        RuleActionOverrides: ['JavaDeserializationRCE_BODY', 'Log4JRCE_BODY', 'ReactJSRCE_BODY'].map((Name) => ({
          Name,
          ActionToUse: { Count: {} },
        })),
      },
    });
  });
  it('is absent where it is not', () => {
    expect(ofType(synthesise('dev').service, 'AWS::WAFv2::WebACL')).toEqual([]);
  });
});
