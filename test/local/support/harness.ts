import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalApi, LocalRoute } from '../../../local/api-model.ts';
import { closeClients, emulatorClients } from '../../../local/clients.ts';
import { EventBus } from '../../../local/events/bus.ts';
import { Faults } from '../../../local/faults.ts';
import { FrontDoor } from '../../../local/front-door.ts';
import { Identities } from '../../../local/identities.ts';
import { LambdaHost } from '../../../local/lambda-host.ts';
import { Mailbox } from '../../../local/mail/mailbox.ts';
import { statementsOf } from '../../../local/policies.ts';
import { freePort, listen } from '../../../local/ports.ts';
import { Recorder } from '../../../local/recorder.ts';
import { SageMaker } from '../../../local/sagemaker/control-plane.ts';
import { StepFunctions } from '../../../local/step-functions.ts';
import { Visibility } from '../../../local/visibility.ts';

const REGION = 'eu-west-1';
const ACCOUNT_ID = '111122223333';
const API_ID = 'a1b2c3d4e5';

/** What the stand-in for the emulator was sent. */
export interface UpstreamRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface HarnessOptions {
  /** Source of the function's module (`export const handler = …`). */
  readonly handler: string;
  readonly routes?: readonly Pick<LocalRoute, 'method' | 'path'>[];
  /** Copies of the function that run at a time. @default - as local AWS has it */
  readonly copies?: number;
  /** Timeout of the function. */
  readonly timeoutMs?: number;
  /** Timeout of the integration. */
  readonly integrationTimeoutMs?: number;
  readonly retries?: number;
  readonly gatewayResponses?: LocalApi['gatewayResponses'];
  /** What the stand-in for the emulator answers; an empty 200 unless given. */
  readonly answer?: (request: UpstreamRequest) => { readonly status: number; readonly body: string };
}

/**
 * The front door with one API and one function, in front of a stand-in for the emulator: for what the front door itself
 * plays. A caller `producer` may call GET and POST on every route but `/v1/forbidden`.
 */
export async function startHarness(options: HarnessOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-harness-'));
  await writeFile(join(folder, 'index.mjs'), options.handler);
  const upstream: UpstreamRequest[] = [];
  const emulator = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body: Buffer.concat(chunks) };
      upstream.push(seen);
      const answer = options.answer?.(seen) ?? { status: 200, body: '' };
      response.writeHead(answer.status).end(answer.body);
    });
  });
  const emulatorPort = await listen(emulator, 0);
  const clients = emulatorClients(emulatorPort, REGION);

  const identities = new Identities(ACCOUNT_ID);
  const recorder = new Recorder();
  const faults = new Faults();
  const sentToQueue: { readonly queueArn: string; readonly body: string }[] = [];
  let endpoint = '';
  const host = new LambdaHost({
    identities,
    logDir: join(folder, 'logs'),
    baseEnvironment: () => ({ AWS_REGION: REGION, AWS_ENDPOINT_URL: endpoint }),
    sendToQueue: async (queueArn, body) => {
      sentToQueue.push({ queueArn, body });
    },
    ...(options.copies === undefined ? {} : { copies: options.copies }),
  });
  const place = { region: REGION, accountId: ACCOUNT_ID };
  const bus = new EventBus({
    ...place,
    invokeLater: (...event) => host.invokeLater(...event),
    sendToQueue: async (queueArn, body) => {
      sentToQueue.push({ queueArn, body });
    },
  });
  const mailbox = new Mailbox({ ...place, bus });
  const visibility = new Visibility((table) => (table === 'things' ? ['pk', 'sk'] : undefined), Date.now);
  const motoPort = await freePort();
  const stepFunctions = new StepFunctions({ port: motoPort, region: REGION });
  const sagemaker = new SageMaker({
    region: REGION,
    accountId: ACCOUNT_ID,
    realNow: Date.now,
    alarmStates: async () => new Map(),
    objectExists: async () => true,
  });
  const frontDoor = new FrontDoor({
    identities,
    host,
    recorder,
    faults,
    visibility,
    region: REGION,
    accountId: ACCOUNT_ID,
    emulatorPort,
    emulatorS3: clients.s3,
    motoPort,
    stepFunctions,
    sagemaker,
    bus,
    mailbox,
  });
  const everything = {
    Effect: 'Allow',
    Action: ['s3:PutObject', 'dynamodb:Query', 'lambda:InvokeFunction', 'ses:SendEmail', 'events:PutEvents'],
    Resource: '*',
  };
  host.register({
    name: 'echo',
    arn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:echo`,
    codeDir: folder,
    handler: 'index.handler',
    runtime: 'nodejs24.x',
    environment: { GREETING: 'hello' },
    role: identities.createRole('echo-role', [...statementsOf({ Statement: [everything] })]),
    timeoutMs: options.timeoutMs ?? 5_000,
    memorySize: 256,
    logGroup: '/aws/lambda/echo',
    retries: options.retries ?? 2,
    failureQueueArn: `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:failed`,
  });
  const routes = options.routes ?? [
    { method: 'GET', path: '/v1/things/{id}' },
    { method: 'POST', path: '/v1/things' },
    { method: 'GET', path: '/v1/forbidden' },
  ];
  frontDoor.addApi({
    id: API_ID,
    stage: 'local',
    stageVariables: null,
    binaryMediaTypes: ['*/*'],
    gatewayResponses: options.gatewayResponses ?? new Map(),
    routes: routes.map((route) => ({
      ...route,
      resourceId: 'r',
      authorization: 'AWS_IAM' as const,
      functionName: 'echo',
      timeoutMs: options.integrationTimeoutMs ?? 29_000,
    })),
  });
  const invoke = `arn:aws:execute-api:${REGION}:${ACCOUNT_ID}:${API_ID}/local`;
  const producer = identities.createRole('producer', [
    ...statementsOf({
      Statement: {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Resource: [`${invoke}/GET/v1/things/*`, `${invoke}/POST/v1/things`],
      },
    }),
    ...statementsOf({ Statement: [everything] }),
  ]);
  const caller = identities.assume(producer, { name: 'producer', kind: 'demo', sessionName: 'job-7' });
  endpoint = `http://127.0.0.1:${await frontDoor.listen(0)}`;

  return {
    local: { endpoint, region: REGION },
    accountId: ACCOUNT_ID,
    caller,
    frontDoor,
    bus,
    mailbox,
    host,
    faults,
    recorder,
    visibility,
    upstream,
    /** Ask the stand-in for the emulator. */
    emulatorClients: clients,
    sentToQueue,
    identities,
    stepFunctions,
    motoPort,
    /** Where the code of the function lies. */
    folder,
    logFile: join(folder, 'logs', 'echo.jsonl'),
    close: async () => {
      await frontDoor.close();
      stepFunctions.close();
      sagemaker.close();
      closeClients(clients);
      await host.stop();
      await new Promise<void>((resolve) => emulator.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;
