import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provision } from '../../local/provisioner.ts';
import { signedFetch } from './support/clients.ts';
import { type Harness, startHarness } from './support/harness.ts';
import { cloudOf, resourcesOf, stackOf } from './support/templates.ts';

const HANDLER = `
const answers = {
  '/pages/{token}': (event) => ({
    statusCode: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    multiValueHeaders: { 'Set-Cookie': ['a=1; HttpOnly', 'b=2'] },
    body: '<!doctype html><p>' + event.pathParameters.token + ' ' + JSON.stringify(event.multiValueQueryStringParameters),
  }),
  '/pages/{token}/answers': (event) => ({ statusCode: 303, headers: { Location: 'done' }, body: JSON.stringify({
    ...Object.fromEntries(new URLSearchParams(event.isBase64Encoded ? atob(event.body) : event.body)),
    authorization: event.headers.authorization, forwarded: event.headers['X-Forwarded-For'],
    identity: event.requestContext.identity, path: event.requestContext.path, linkBase: process.env.PAGES_URL,
  }) }),
};
export const handler = async (event) => answers[event.resource](event);
`;

const uri =
  'arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:pages/invocations';
const method = (api: string, resource: string, HttpMethod: string, AuthorizationType: string) =>
  [
    'AWS::ApiGateway::Method',
    {
      RestApiId: { Ref: api },
      ResourceId: { Ref: resource },
      HttpMethod,
      AuthorizationType,
      Integration: { Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST', Uri: uri },
    },
  ] as const;
const resource = (api: string, parent: object, PathPart: string) =>
  ['AWS::ApiGateway::Resource', { RestApiId: { Ref: api }, ParentId: { ...parent }, PathPart }] as const;
const root = (api: string) => ({ 'Fn::GetAtt': [api, 'RootResourceId'] });

const url = (api: string) => ({
  'Fn::Join': ['', ['https://', { Ref: api }, '.execute-api.', { Ref: 'AWS::Region' }, '.amazonaws.com/both/']],
});

/** Two APIs of one stage name: the machines' asks for a signature, the pages' does not. */
const RESOURCES = resourcesOf({
  Server: [
    'AWS::Lambda::Function',
    {
      FunctionName: 'pages',
      Role: { 'Fn::GetAtt': ['ServerRole', 'Arn'] },
      Code: { S3Bucket: 'assets', S3Key: 'code.zip' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Environment: { Variables: { PAGES_URL: url('Pages') } },
    },
  ],
  ServerRole: ['AWS::IAM::Role', { RoleName: 'server' }],
  Machines: ['AWS::ApiGateway::RestApi', { Name: 'machines' }],
  Things: resource('Machines', root('Machines'), 'things'),
  GetThings: method('Machines', 'Things', 'GET', 'AWS_IAM'),
  MachinesStage: ['AWS::ApiGateway::Stage', { RestApiId: { Ref: 'Machines' }, StageName: 'both' }],
  Pages: ['AWS::ApiGateway::RestApi', { Name: 'pages' }],
  Page: resource('Pages', root('Pages'), 'pages'),
  Token: resource('Pages', { Ref: 'Page' }, '{token}'),
  Answers: resource('Pages', { Ref: 'Token' }, 'answers'),
  GetToken: method('Pages', 'Token', 'GET', 'NONE'),
  PostAnswers: method('Pages', 'Answers', 'POST', 'NONE'),
  PagesStage: ['AWS::ApiGateway::Stage', { RestApiId: { Ref: 'Pages' }, StageName: 'both' }],
});

describe('an API that asks nobody for a signature', () => {
  let harness: Harness;
  let pages = '';
  let machines = '';

  beforeAll(async () => {
    harness = await startHarness({ handler: HANDLER });
    const { frontDoor, host, identities, accountId, local, folder } = harness;
    const cloud = cloudOf({
      region: local.region,
      accountId,
      frontDoor,
      host,
      identities,
      apis: new Map(),
      roles: new Map(),
    });
    const outputs = { PagesUrl: { Value: url('Pages') }, ApiUrl: { Value: url('Machines') } };
    const assetFolders = new Map([['code.zip', folder]]);
    const made = await provision([stackOf({ resources: RESOURCES, outputs, assetFolders })], cloud);
    pages = made.stack?.PagesUrl ?? '';
    machines = made.stack?.ApiUrl ?? '';
  });
  afterAll(() => harness.close());

  const post = (init: RequestInit = {}) =>
    fetch(`${pages}pages/t0ken/answers`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ decision: 'approve', comment: 'ä & b=c' }),
      ...init,
    });

  it('has an origin of its own, under the stage, and the other keeps that of the front door', () => {
    expect(pages).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/both\/$/);
    expect(machines).toBe(`${harness.local.endpoint}/both/`);
    expect(new URL(pages).origin).not.toBe(harness.local.endpoint);
  });

  it('serves HTML with every header and cookie that the function sets', async () => {
    const answer = await fetch(`${pages}pages/t0ken?a=1&a=2&b=%20x`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
    expect(await answer.text()).toBe('<!doctype html><p>t0ken {"a":["1","2"],"b":[" x"]}');
  });

  it('takes a form, names nobody as its sender, and tells the function the address that it has here', async () => {
    const answer = await post({ headers: { authorization: 'Bearer x', 'x-forwarded-for': '203.0.113.9' } });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('done');
    expect(await answer.json()).toMatchObject({
      decision: 'approve',
      comment: 'ä & b=c',
      authorization: 'Bearer x',
      forwarded: '203.0.113.9, 127.0.0.1',
      path: '/both/pages/t0ken/answers',
      linkBase: pages,
      identity: { sourceIp: '127.0.0.1', userArn: null, caller: null, accountId: null },
    });
  });

  it.each([
    ['HEAD where there is no such method', 'HEAD', 'pages/t0ken'],
    ['GET where only POST is', 'GET', 'pages/t0ken/answers'],
    ['OPTIONS', 'OPTIONS', 'pages/t0ken'],
    ['an unknown path', 'GET', 'nothing'],
  ])('answers %s as a missing signature', async (_, method, path) => {
    const answer = await fetch(`${pages}${path}`, { method });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(await answer.text()).toBe(method === 'HEAD' ? '' : '{"message":"Missing Authentication Token"}');
  });

  it('has nothing outside its stage', async () => {
    const answer = await fetch(new URL('/bothersome', pages));
    expect([answer.status, await answer.json()]).toEqual([403, { message: 'Forbidden' }]);
  });

  it('opens nothing of the API beside it, which still refuses whoever does not sign', async () => {
    expect((await fetch(`${machines}things`)).status).toBe(403);
    expect((await fetch(`${pages}things`)).status).toBe(403);
    const stranger = await signedFetch(harness.local, harness.caller, { method: 'GET', path: '/both/things' });
    expect([stranger.status, stranger.headers.get('x-amzn-errortype')]).toEqual([403, 'AccessDeniedException']);
  });
});
