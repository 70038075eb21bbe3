import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { definitionOf, type Substitutions } from '../../../cdk/constructs/state-machine.ts';
import type { StateMachineName } from '../../../cdk/names.ts';
import { startMoto } from '../../../local/moto.ts';
import { statementsOf } from '../../../local/policies.ts';
import { Processes } from '../../../local/processes.ts';
import { ensurePython } from '../../../local/python.ts';
import { type Harness, type HarnessOptions, startHarness } from './harness.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export interface MachineOptions extends HarnessOptions {
  readonly name: StateMachineName;
  /** Values of the definition; `echo` is the function of the harness. */
  readonly substitutions: Substitutions;
  /** Variants of the definition by name, for what would take too long as it is written. */
  readonly variants?: Readonly<Record<string, (definition: string) => string>>;
}

/**
 * Starts moto, whose state machines call the front door of the harness.
 *
 * @returns what ends it.
 */
export async function startMotoBehind(harness: Harness): Promise<() => Promise<void>> {
  const { accountId, identities, local } = harness;
  const stateDir = await mkdtemp(join(tmpdir(), 'countersign-moto-'));
  const processes = await Processes.claim(join(stateDir, 'processes.json'), () => {});
  await startMoto(processes, {
    python: await ensurePython(join(ROOT, '.countersign/venv'), join(ROOT, 'local/requirements.txt'), () => {}),
    stateDir,
    region: local.region,
    accountId,
    port: harness.motoPort,
    frontDoorPort: Number(new URL(local.endpoint).port),
    roleSecret: identities.stateMachineSecret,
  });
  return async () => {
    await processes.stop();
    await rm(stateDir, { recursive: true, force: true });
  };
}

/** A state machine of statemachines/ in moto behind a front door, whose tasks are played by one stand-in function. */
export async function startMachine(options: MachineOptions) {
  const harness = await startHarness(options);
  const stopMoto = await startMotoBehind(harness);
  const { accountId, identities, local } = harness;
  const role = identities.createRole('machine-role', [
    ...statementsOf({
      Statement: { Effect: 'Allow', Action: ['lambda:InvokeFunction', 's3:GetObject'], Resource: '*' },
    }),
  ]);
  identities.assumeAsStateMachine(role, options.name);
  const written = Object.entries(options.substitutions).reduce(
    (definition, [name, value]) => definition.replaceAll(`\${${name}}`, String(value)),
    definitionOf(options.name, options.substitutions),
  );
  const variants = { [options.name]: (definition: string) => definition, ...options.variants };
  for (const [name, vary] of Object.entries(variants)) {
    harness.stepFunctions.define({ name, definition: vary(written), roleArn: role.arn });
  }
  const starter = identities.createRole('starter', 'everything');
  const { accessKeyId, secretAccessKey } = identities.assume(starter, {
    name: 'starter',
    kind: 'demo',
    sessionName: 'test',
  });
  const client = new SFNClient({ ...local, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });

  const start = async (name: string, input: object, machine: string = options.name): Promise<string> => {
    const stateMachineArn = `arn:aws:states:${local.region}:${accountId}:stateMachine:${machine}`;
    const { executionArn = '' } = await client.send(
      new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
    );
    return executionArn;
  };

  return {
    ...harness,
    client,
    /** Starts the machine, or a variant of it. @returns the ARN of the execution */
    start,
    /** Runs it to its end. */
    run: async (...started: Parameters<typeof start>): Promise<DescribeExecutionOutput> => {
      const executionArn = await start(...started);
      for (;;) {
        const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
        if (execution.status !== 'RUNNING') return execution;
        await delay(50);
      }
    },
    /** What the function was asked, in order, as it logged it. */
    asked: async (subject: string): Promise<readonly Record<string, unknown>[]> => {
      const log = await readFile(harness.logFile, 'utf8').catch(() => '');
      const lines = log.split('\n').filter((line) => line !== '');
      const entries: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
      return entries.filter(({ simulation, promotion }) => subject === (simulation ?? promotion));
    },
    close: async () => {
      client.destroy();
      await stopMoto();
      await harness.close();
    },
  };
}

export type Machine = Awaited<ReturnType<typeof startMachine>>;
