import { rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { readAssembly } from './assembly.ts';
import { closeClients, emulatorClients } from './clients.ts';
import { LocalControl } from './control.ts';
import { ControlServer } from './control-server.ts';
import { createDemoIdentities } from './demo-identities.ts';
import type { LocalDescription, LocalResources } from './description.ts';
import { Faults } from './faults.ts';
import { FrontDoor } from './front-door.ts';
import { Identities } from './identities.ts';
import { LambdaHost } from './lambda-host.ts';
import { startMinistack } from './ministack.ts';
import { startMoto } from './moto.ts';
import { freePort, LOOPBACK } from './ports.ts';
import { Processes } from './processes.ts';
import { TemplateError } from './properties.ts';
import { type Outputs, provision } from './provisioner.ts';
import { ensurePython } from './python.ts';
import { Recorder } from './recorder.ts';
import type { Cloud } from './resources/maker.ts';
import { readingAccount } from './sagemaker/account.ts';
import { SageMaker } from './sagemaker/control-plane.ts';
import { StepFunctions } from './step-functions.ts';
import { runStep } from './steps.ts';
import { LOCAL_STAGE, synthesise } from './synthesis.ts';
import { Visibility } from './visibility.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** The account number of AWS's own examples. */
const ACCOUNT_ID = '111122223333';
const REGION = 'eu-west-1';

export interface LocalOptions {
  /**
   * Folder for local.json, logs and the record of processes. One stack runs in a folder at a time.
   * @default .countersign in the repository
   */
  readonly stateDir?: string;
  /**
   * Port of the front door.
   * @default a free one
   */
  readonly port?: number;
  /**
   * Folder of an assembly to provision.
   * @default the CDK app is synthesised for the stage `local`
   */
  readonly assembly?: string;
  /** Told each step. */
  readonly log?: (line: string) => void;
}

export interface LocalStack {
  readonly description: LocalDescription;
  readonly control: LocalControl;
  /** Ends all that was started, and removes local.json with its credentials. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts AWS on this machine, empty, and provisions it from the synthesised template.
 *
 * @throws SetupError for what the person at the keyboard can mend; nothing is left running then.
 */
export async function startLocal(options: LocalOptions = {}): Promise<LocalStack> {
  const stateDir = resolve(options.stateDir ?? join(ROOT, '.countersign'));
  const log = options.log ?? (() => {});
  const processes = await Processes.claim(recordFile(stateDir), log);
  // Undone in reverse order, however far the start has come.
  const undo: (() => Promise<void> | void)[] = [() => processes.stop()];
  const file = join(stateDir, 'local.json');
  // For a process that leaves without stop(): an exit cannot wait.
  const leave = () => {
    processes.killNow();
    rmSync(file, { force: true });
  };
  process.once('exit', leave);
  undo.push(() => void process.off('exit', leave));
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    for (const leftover of ['local.json', 'logs', 'tmp']) {
      await rm(join(stateDir, leftover), { recursive: true, force: true });
    }
    const ports = { ministack: await freePort(), moto: await freePort() };
    const parts = assemble(stateDir, ports);
    undo.push(
      () => closeClients(parts.cloud.clients),
      () => parts.cloud.stepFunctions.close(),
      () => parts.cloud.host.stop(),
      () => parts.sagemaker.close(),
      () => parts.cloud.frontDoor.close(),
      () => parts.control.close(),
    );
    const port = await parts.cloud.frontDoor.listen(options.port ?? 0);
    const endpoint = `http://${LOOPBACK}:${port}`;
    parts.setEndpoint(endpoint);
    const { stateMachineSecret: roleSecret } = parts.cloud.identities;
    const [assembly] = await Promise.all([
      options.assembly ?? runStep('synthesise the CDK app', log, () => synthesise(ROOT, stateDir)),
      startEmulators(processes, { ports, frontDoorPort: port, roleSecret, stateDir }, log),
    ]);
    const outputs = await runStep('provision it from the template', log, async () =>
      provision(await readAssembly(assembly), parts.cloud),
    );
    const description: LocalDescription = {
      region: REGION,
      accountId: ACCOUNT_ID,
      stage: LOCAL_STAGE,
      endpoint,
      apiUrl: `${endpoint}/${LOCAL_STAGE}`,
      ...pagesUrlOf(outputs),
      control: { url: `http://${LOOPBACK}:${await parts.control.listen()}`, token: parts.control.token },
      identities: createDemoIdentities(parts.cloud, LOCAL_STAGE),
      resources: resourcesOf(outputs),
      functions: parts.cloud.host.functions.map(({ name }) => name),
      assembly,
      logs: join(stateDir, 'logs'),
      pids: { launcher: process.pid, children: processes.pids },
    };
    await writeFile(file, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
    undo.push(() => rm(file, { force: true }));
    return { description, control: new LocalControl(description.control), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface EmulatorPorts {
  readonly ministack: number;
  readonly moto: number;
}

async function startEmulators(
  processes: Processes,
  options: {
    readonly ports: EmulatorPorts;
    readonly frontDoorPort: number;
    readonly roleSecret: string;
    readonly stateDir: string;
  },
  log: (line: string) => void,
): Promise<void> {
  const { ports, frontDoorPort, roleSecret, stateDir } = options;
  const requirements = join(import.meta.dirname, 'requirements.txt');
  // The environment is shared by every state folder: it depends on the requirements alone.
  const python = await ensurePython(join(ROOT, '.countersign', 'venv'), requirements, log);
  await mkdir(stateDir, { recursive: true });
  const common = { python, stateDir, region: REGION, accountId: ACCOUNT_ID };
  await runStep('start the emulators', log, () =>
    Promise.all([
      startMinistack(processes, { ...common, port: ports.ministack }),
      startMoto(processes, { ...common, port: ports.moto, frontDoorPort, roleSecret }),
    ]),
  );
}

/** Where a state folder has the record of its processes. */
export function recordFile(stateDir: string): string {
  return join(stateDir, 'run', 'processes.json');
}

/** Everything that runs inside this process, wired. Nothing listens yet. */
function assemble(stateDir: string, ports: EmulatorPorts) {
  let endpoint = '';
  const clients = emulatorClients(ports.ministack, REGION);
  const identities = new Identities(ACCOUNT_ID);
  const stepFunctions = new StepFunctions({ port: ports.moto, region: REGION });
  const tableKeys = new Map<string, readonly string[]>();
  const recorder = new Recorder();
  const faults = new Faults();
  const visibility = new Visibility((table) => tableKeys.get(table), Date.now);
  const host = new LambdaHost({
    identities,
    logDir: join(stateDir, 'logs'),
    baseEnvironment: () => ({
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_ENDPOINT_URL: endpoint,
      PATH: process.env.PATH ?? '',
    }),
    sendToQueue: async (queueArn, body) => {
      const name = queueArn.split(':').at(-1);
      const url = `http://${LOOPBACK}:${ports.ministack}/${ACCOUNT_ID}/${name}`;
      await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    },
  });
  const sagemaker = new SageMaker({
    region: REGION,
    accountId: ACCOUNT_ID,
    realNow: Date.now,
    ...readingAccount(clients),
  });
  const frontDoor = new FrontDoor({
    identities,
    host,
    recorder,
    faults,
    visibility,
    region: REGION,
    accountId: ACCOUNT_ID,
    emulatorPort: ports.ministack,
    motoPort: ports.moto,
    stepFunctions,
    emulatorS3: clients.s3,
    sagemaker,
  });
  const cloud: Cloud = {
    region: REGION,
    accountId: ACCOUNT_ID,
    clients,
    host,
    frontDoor,
    identities,
    stepFunctions,
    tableKeys,
    roles: new Map(),
    policies: new Map(),
    apis: new Map(),
  };
  const setEndpoint = (url: string) => {
    endpoint = url;
  };
  const control = new ControlServer({ recorder, faults, visibility, host, sagemaker });
  return { cloud, control, sagemaker, setEndpoint };
}

function pagesUrlOf(outputs: Outputs): Pick<LocalDescription, 'pagesUrl'> {
  const url = merged(outputs).PagesUrl;
  return url === undefined ? {} : { pagesUrl: url.replace(/\/$/, '') };
}

/** Output names are unique over the stacks of the app. */
function merged(outputs: Outputs): Readonly<Partial<Record<string, string>>> {
  return Object.assign({}, ...Object.values(outputs));
}

function resourcesOf(outputs: Outputs): LocalResources {
  const all = merged(outputs);
  const output = (name: string): string => {
    const value = all[name];
    if (value === undefined) throw new TemplateError(`the template has no output ${name}`);
    return value;
  };
  return {
    evidenceBucket: output('EvidenceBucketName'),
    stagingBucket: output('StagingBucketName'),
    evidenceTable: output('EvidenceTableName'),
    registryTable: output('RegistryTableName'),
    workflowTable: output('WorkflowTableName'),
    evidenceKeyArn: output('EvidenceKeyArn'),
    dataKeyArn: output('DataKeyArn'),
  };
}
