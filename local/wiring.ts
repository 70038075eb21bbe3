import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { emulatorClients } from './clients.ts';
import { ControlServer } from './control-server.ts';
import { EventBus } from './events/bus.ts';
import { Faults } from './faults.ts';
import { FrontDoor } from './front-door.ts';
import { Identities } from './identities.ts';
import { LambdaHost } from './lambda-host.ts';
import { Mailbox } from './mail/mailbox.ts';
import { LOOPBACK } from './ports.ts';
import { Recorder } from './recorder.ts';
import type { Cloud } from './resources/maker.ts';
import { readingAccount } from './sagemaker/account.ts';
import { SageMaker } from './sagemaker/control-plane.ts';
import { StepFunctions } from './step-functions.ts';
import { Visibility } from './visibility.ts';

export interface EmulatorPorts {
  readonly ministack: number;
  readonly moto: number;
}

export interface WiringOptions {
  readonly region: string;
  readonly accountId: string;
  readonly stateDir: string;
  readonly ports: EmulatorPorts;
}

/** Everything of local AWS that runs inside this process, wired. Nothing listens yet. */
export function wire({ region, accountId, stateDir, ports }: WiringOptions) {
  const place = { region, accountId };
  const clients = emulatorClients(ports.ministack, region);
  const identities = new Identities(accountId);
  const stepFunctions = new StepFunctions({ port: ports.moto, region });
  const tableKeys = new Map<string, readonly string[]>();
  const recorder = new Recorder();
  const faults = new Faults();
  const visibility = new Visibility((table) => tableKeys.get(table), Date.now);
  const sendToQueue = async (queueArn: string, body: string) => {
    const name = queueArn.split(':').at(-1);
    const url = `http://${LOOPBACK}:${ports.ministack}/${accountId}/${name}`;
    await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
  };
  const host = new LambdaHost({
    identities,
    logDir: join(stateDir, 'logs'),
    baseEnvironment: () => ({
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ENDPOINT_URL: frontDoor.endpoint,
      PATH: process.env.PATH ?? '',
    }),
    sendToQueue,
  });
  const bus = new EventBus({ ...place, sendToQueue, invokeLater: (...event) => host.invokeLater(...event) });
  const mailbox = new Mailbox({ ...place, bus });
  const sagemaker = new SageMaker({ ...place, realNow: Date.now, ...readingAccount(clients) });
  const frontDoor = new FrontDoor({
    ...place,
    identities,
    host,
    recorder,
    faults,
    visibility,
    emulatorPort: ports.ministack,
    motoPort: ports.moto,
    stepFunctions,
    emulatorS3: clients.s3,
    sagemaker,
    bus,
    mailbox,
  });
  const cloud: Cloud = {
    ...place,
    clients,
    emulatorPort: ports.ministack,
    host,
    frontDoor,
    identities,
    stepFunctions,
    bus,
    mailbox,
    visibility,
    sendToQueue,
    eventSources: [],
    tableKeys,
    roles: new Map(),
    policies: new Map(),
    apis: new Map(),
  };
  const control = new ControlServer({ recorder, faults, visibility, host, sagemaker, mailbox });
  return { cloud, control, sagemaker };
}
