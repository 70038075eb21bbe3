import { describe, expect, it } from 'vitest';
import { stageConfig } from '../../cdk/config.ts';
import { Env } from '../../lib/contracts/env.ts';
import { BARE_HEADERS } from '../../lib/contracts/page-headers.ts';
import { PAGE_ROUTES } from '../../lib/contracts/routes.ts';
import { Resolver } from './support/resolve.ts';
import { Simulator } from './support/simulate.ts';
import { ofType, only, synthesise, synthesiseConfig, type Templates } from './support/synth.ts';

const prod = synthesise('prod');
const { promotion } = prod;
const resolver = new Resolver(prod);
const simulator = new Simulator(prod);

function propertiesOf(type: string, idPrefix = 'PagesApi') {
  const [, { Properties }] = only(promotion, type, idPrefix);
  return JSON.parse(JSON.stringify(resolver.resolve(Properties, promotion)));
}

describe('the API of the public pages', () => {
  it('has the routes of the pages and no other, and asks nobody for a signature', () => {
    const methods = ofType(promotion, 'AWS::ApiGateway::Method').filter(([id]) => id.startsWith('PagesApi'));
    const verbs = methods.map(([, { Properties }]) => Properties.HttpMethod);
    expect(verbs.toSorted()).toEqual(PAGE_ROUTES.map(({ method }) => method).toSorted());
    for (const [, { Properties }] of methods) expect(Properties.AuthorizationType).toBe('NONE');
  });

  it('is an API of its own, public where the machine API may be private', () => {
    expect(propertiesOf('AWS::ApiGateway::RestApi')).toMatchObject({
      EndpointAccessMode: 'STRICT',
      EndpointConfiguration: { Types: ['REGIONAL'] },
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
    });
  });

  it('writes the secret of a link into no log, trace or metric', () => {
    const { AccessLogSetting, MethodSettings, TracingEnabled } = propertiesOf('AWS::ApiGateway::Stage');
    const variables = Object.values(JSON.parse(AccessLogSetting.Format));
    expect(variables).toContain('$context.resourcePath');
    for (const variable of variables) expect(variable).not.toMatch(/context\.path|query|header|body|message/i);
    expect(MethodSettings).toMatchObject([{ DataTraceEnabled: false, LoggingLevel: 'OFF' }]);
    expect(TracingEnabled).toBe(false);
    expect(propertiesOf('AWS::Lambda::Function', 'Pages').TracingConfig).toBeUndefined();
    const { RedactedFields } = propertiesOf('AWS::WAFv2::LoggingConfiguration', 'PagesApiFirewall');
    expect(RedactedFields).toContainEqual({ UriPath: {} });
    // A provider sends people back with the code in the address.
    expect(RedactedFields).toContainEqual({ QueryString: {} });
  });

  it("answers with the pages' headers whatever the gateway itself refuses: unknown paths, HEAD, floods, what the firewall stops", () => {
    const answers = ofType(promotion, 'AWS::ApiGateway::GatewayResponse').filter(([id]) => id.startsWith('PagesApi'));
    // Without one of its own, each type is answered by the default of its status; and these are all statuses.
    expect(answers.map(([, { Properties }]) => Properties.ResponseType)).toEqual(['DEFAULT_4XX', 'DEFAULT_5XX']);
    const headers = Object.entries(BARE_HEADERS).map(([name, value]) => [
      `gatewayresponse.header.${name}`,
      `'${value}'`,
    ]);
    for (const [id, { Properties }] of answers) {
      expect(Properties.ResponseParameters, id).toEqual(Object.fromEntries(headers));
    }
  });

  it('tells a person when it fails, as the machine API does', () => {
    const apis = [prod.promotion, prod.service].flatMap((template) =>
      ofType(template, 'AWS::CloudWatch::Alarm')
        .filter(([, { Properties }]) => Properties.MetricName === '5XXError')
        .map(([, { Properties }]) => resolver.resolve(Properties.Dimensions, template)),
    );
    expect(apis).toEqual(
      ['countersign-prod-pages', 'countersign-prod'].map((name) => [
        { Name: 'ApiName', Value: name },
        { Name: 'Stage', Value: 'prod' },
      ]),
    );
  });

  it('is throttled, and stands behind the firewall where there is one', () => {
    const [{ ThrottlingRateLimit, ThrottlingBurstLimit }] = propertiesOf('AWS::ApiGateway::Stage').MethodSettings;
    expect(ThrottlingRateLimit).toBeGreaterThan(0);
    expect(ThrottlingRateLimit).toBeLessThanOrEqual(50);
    expect(ThrottlingBurstLimit).toBeLessThanOrEqual(100);
    const { ResourceArn } = propertiesOf('AWS::WAFv2::WebACLAssociation', 'PagesApiFirewall');
    expect(ResourceArn).toMatch(/\/restapis\/.+\/stages\/prod$/);
  });
});

it('tells the pages, and nothing else, where people sign in, if anywhere', () => {
  const told = (templates: Templates) =>
    ofType(templates.promotion, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) => {
      const { Variables } = JSON.parse(JSON.stringify(Properties.Environment));
      return Variables[Env.SIGN_IN] === undefined ? [] : [[id.replace(/[0-9A-F]{8}$/, ''), Variables[Env.SIGN_IN]]];
    });
  const config = stageConfig('dev');
  const signIn = { issuer: 'https://login.example.com', clientId: 'countersign' };
  const signingIn = synthesiseConfig({ ...config, promotion: { ...config.promotion, signIn } });
  expect([told(prod), told(signingIn)]).toEqual([[], [['PagesFunction', JSON.stringify(signIn)]]]);
});

describe('mails to approvers', () => {
  it('go by TLS, from one address, and what comes back goes to the event bus', () => {
    expect(propertiesOf('AWS::SES::ConfigurationSet', 'ApprovalMail')).toMatchObject({
      Name: 'countersign-prod',
      DeliveryOptions: { TlsPolicy: 'REQUIRE' },
    });
    expect(propertiesOf('AWS::SES::ConfigurationSetEventDestination', 'ApprovalMail').EventDestination).toMatchObject({
      Enabled: true,
      MatchingEventTypes: ['bounce', 'complaint', 'reject'],
      EventBridgeDestination: { EventBusArn: expect.stringMatching(/:event-bus\/default$/) },
    });
  });

  it.each(['function:pages', 'function:approval-desk'] as const)(
    '%s sends from that address and no other',
    async (principal) => {
      const resource = 'arn:aws:ses:eu-central-1:123456789012:identity/countersign@example.com';
      const send = async (from: string) =>
        await simulator.simulate({
          principal,
          action: 'ses:SendEmail',
          resource,
          context: { 'ses:FromAddress': from },
        });
      expect(await send('countersign@example.com')).toBe('Allowed');
      expect(await send('somebody@example.com')).not.toBe('Allowed');
    },
  );
});
