import { rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readAssembly } from './assembly.ts';
import { closeClients } from './clients.ts';
import { LocalControl } from './control.ts';
import { createDemoIdentities } from './demo-identities.ts';
import type { LocalDescription, LocalResources } from './description.ts';
import { INBOX_PATH } from './mail/inbox.ts';
import { startMinistack } from './ministack.ts';
import { startMoto } from './moto.ts';
import { freePort, LOOPBACK } from './ports.ts';
import { Processes } from './processes.ts';
import { TemplateError } from './properties.ts';
import { type Outputs, provision } from './provisioner.ts';
import { ensurePython } from './python.ts';
import { runStep } from './steps.ts';
import { LOCAL_STAGE, synthesise } from './synthesis.ts';
import { type EmulatorPorts, wire } from './wiring.ts';

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
    const parts = wire({ region: REGION, accountId: ACCOUNT_ID, stateDir, ports });
    undo.push(
      () => closeClients(parts.cloud.clients),
      () => parts.cloud.stepFunctions.close(),
      () => parts.cloud.host.stop(),
      () => {
        for (const source of parts.cloud.eventSources) source.stop();
      },
      () => parts.sagemaker.close(),
      () => parts.cloud.frontDoor.close(),
      () => parts.control.close(),
    );
    const port = await parts.cloud.frontDoor.listen(options.port ?? 0);
    const { endpoint } = parts.cloud.frontDoor;
    const { stateMachineSecret: roleSecret } = parts.cloud.identities;
    const [assembly] = await Promise.all([
      options.assembly ?? runStep('synthesise the CDK app', log, () => synthesise(ROOT, stateDir)),
      startEmulators(processes, { ports, frontDoorPort: port, roleSecret, stateDir }, log),
    ]);
    const outputs = await runStep('provision it from the template', log, async () =>
      provision(await readAssembly(assembly), parts.cloud),
    );
    // Not by whoever calls Step Functions first: functions wait some seconds for it, and its interpreter takes as many to load.
    await runStep('load its state machines', log, () => parts.cloud.stepFunctions.ready());
    const description: LocalDescription = {
      region: REGION,
      accountId: ACCOUNT_ID,
      stage: LOCAL_STAGE,
      endpoint,
      apiUrl: `${endpoint}/${LOCAL_STAGE}`,
      ...pagesUrlOf(outputs),
      inbox: `${endpoint}${INBOX_PATH}`,
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
