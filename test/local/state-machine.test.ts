import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sfnExecutions } from '../../lib/adapters/sfn/executions.ts';
import { type Machine, startMachine } from './support/machine.ts';

/**
 * Every way through statemachines/simulate-policy.asl.json. The function is a stand-in: its answers are in the name of the
 * simulation, as `what.task`; `asked` is what it was called with.
 */
const HANDLER = `
const calls = new Map();
export const handler = async (event) => {
  console.log(JSON.stringify(event));
  const { task, simulation, cursor, chunk } = event;
  const [what, where] = simulation.split('.');
  const calledBefore = calls.get(simulation + task) ?? 0;
  calls.set(simulation + task, calledBefore + 1);
  const thrown = (name) => Object.assign(new Error('no luck with ' + task), { name });
  if (where === task && what === 'transient' && calledBefore === 0) throw thrown('TransientError');
  if (where === task && what === 'broken') throw thrown('PolicyBroken');
  if (where === task && what === 'slow') await new Promise((resolve) => setTimeout(resolve, 3000));
  if (where === 'report' && what === 'unrecorded') if (task === 'report' || task === 'fail') throw thrown('PolicyBroken');
  if (task === 'list' && what === 'endless') return { cursor: 'more', chunks: 1 };
  if (task === 'list' && what === 'empty') return { cursor: null, chunks: 0 };
  if (task === 'list') return cursor === null ? { cursor: '2026-11-02', chunks: 2 } : { cursor: null, chunks: 3 };
  return task === 'evaluate' ? { chunk } : {};
};
`;
const CHUNKS = '[{"chunk":0},{"chunk":1},{"chunk":2}]';

let machine: Machine;

beforeAll(async () => {
  machine = await startMachine({
    name: 'simulate-policy',
    substitutions: { Simulator: 'echo', StagingBucket: 'staging', ChunksAtATime: 1 },
    handler: HANDLER,
    timeoutMs: 10_000,
    answer: ({ url }) =>
      url.startsWith('/staging/simulations/') && !url.includes('unread')
        ? { status: 200, body: CHUNKS }
        : { status: 404, body: '<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>' },
    variants: {
      // The machine as it is allows 2,000 calls, and 910 s for each. What is slow on a busy machine must not end there.
      brief: (definition) => definition.replaceAll('2000', '3'),
      impatient: (definition) =>
        JSON.stringify(
          JSON.parse(definition, (_, value) =>
            value?.Parameters?.Payload?.task === 'report' ? { ...value, TimeoutSeconds: 1 } : value,
          ),
        ),
    },
  });
});
afterAll(async () => await machine?.close());

const attempt = 3;
const run = (simulation: string, variant?: string) => machine.run(simulation, { simulation, attempt }, variant);

async function tasksOf(simulation: string): Promise<readonly unknown[]> {
  return (await machine.asked(simulation)).map(({ task }) => task);
}

describe('a simulation', () => {
  it('lists until there is no cursor, evaluates every chunk, and reports', async () => {
    expect(await run('happy')).toMatchObject({ status: 'SUCCEEDED' });
    const execution = { simulation: 'happy', attempt };
    expect(await machine.asked('happy')).toEqual([
      { task: 'list', ...execution, cursor: null },
      { task: 'list', ...execution, cursor: '2026-11-02' },
      { task: 'evaluate', ...execution, chunk: 0 },
      { task: 'evaluate', ...execution, chunk: 1 },
      { task: 'evaluate', ...execution, chunk: 2 },
      { task: 'report', ...execution },
    ]);
  });

  it('of no decisions goes on to the report without a map', async () => {
    expect(await run('empty')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await tasksOf('empty')).toEqual(['list', 'report']);
  });

  it('calls as the role of the state machine', async () => {
    await run('role');
    const calls = machine.recorder.records.filter(({ kind }) => kind === 'state-machine');
    expect(new Set(calls.map(({ service, operation }) => `${service}:${operation}`))).toEqual(
      new Set(['lambda:Invoke', 's3:GetObject']),
    );
    expect(new Set(calls.map(({ roleArn }) => roleArn))).toEqual(
      new Set(['arn:aws:iam::111122223333:role/machine-role']),
    );
    const chunks = calls.find(({ service }) => service === 's3');
    expect(chunks?.resources).toEqual({
      bucket: 'staging',
      key: expect.stringMatching(/^simulations\/\w+\/chunks.json$/),
    });
  });
});

describe('what is worth another try', () => {
  it.each(['list', 'evaluate', 'report'])('is tried again in the task "%s"', async (task) => {
    const simulation = `transient.${task}`;
    expect(await run(simulation)).toMatchObject({ status: 'SUCCEEDED' });
    const tasks = await tasksOf(simulation);
    expect(tasks.filter((asked) => asked === task).length).toBe({ list: 3, evaluate: 4, report: 2 }[task]);
    expect(tasks).not.toContain('fail');
  });

  it('is tried again when the failure is recorded', async () => {
    machine.faults.arm({
      match: { service: 'lambda', operation: 'Invoke' },
      effect: { kind: 'refuse', status: 429, code: 'TooManyRequestsException' },
      skip: 1,
    });
    expect(await run('broken.list')).toMatchObject({ status: 'FAILED', error: 'SimulationFailed' });
    expect(await tasksOf('broken.list')).toEqual(['list', 'fail']);
    expect(machine.faults.armed).toEqual([]);
  });
});

describe('a failure', () => {
  it.each([
    ['report', 'PolicyBroken', /no luck with report/],
    ['evaluate', 'States.ExceedToleratedFailureThreshold', /tolerated failure threshold was exceeded/],
  ])('in the task "%s" is recorded as %s, and fails the execution', async (task, error, cause) => {
    const simulation = `broken.${task}`;
    expect(await run(simulation)).toMatchObject({ status: 'FAILED', cause: expect.stringMatching(cause) });
    const recorded = (await machine.asked(simulation)).filter(({ task: asked }) => asked === 'fail');
    expect(recorded).toEqual([{ task: 'fail', simulation, attempt, error, cause: expect.stringMatching(cause) }]);
    if (task === 'evaluate') expect(await tasksOf(simulation)).not.toContain('report');
  });

  it('to read the list of chunks is recorded', async () => {
    expect(await run('unread')).toMatchObject({ status: 'FAILED', error: 'SimulationFailed' });
    // States.ItemReaderFailed on AWS; moto does not tell it from other errors, and neither do we.
    expect((await machine.asked('unread')).at(-1)).toMatchObject({ task: 'fail', error: 'States.Runtime' });
  });

  it('to come to an end of the listing is recorded', async () => {
    expect(await run('endless', 'brief')).toMatchObject({ status: 'FAILED', error: 'SimulationFailed' });
    expect(await tasksOf('endless')).toEqual(['list', 'list', 'list', 'fail']);
    expect((await machine.asked('endless')).at(-1)).toMatchObject({ error: 'ListingTooLong' });
  });

  it('to answer in time is recorded', async () => {
    const simulation = 'slow.report';
    expect(await run(simulation, 'impatient')).toMatchObject({ status: 'FAILED', error: 'SimulationFailed' });
    expect((await machine.asked(simulation)).at(-1)).toMatchObject({ task: 'fail', error: 'States.Timeout' });
  });

  it('to record a failure fails the execution all the same', async () => {
    expect(await run('unrecorded.report')).toMatchObject({ status: 'FAILED', error: 'PolicyBroken' });
    expect((await tasksOf('unrecorded.report')).filter((task) => task === 'fail')).toHaveLength(1);
  });
});

describe('an execution by its name', () => {
  const executions = () =>
    sfnExecutions(machine.client, 'arn:aws:states:eu-west-1:111122223333:stateMachine:simulate-policy');

  it('is absent, runs, has ended, and is started once however often it is asked for', async () => {
    const { start, state } = executions();
    const simulation = 'slow.report';
    const name = 'asked-for-often';
    const before = (await machine.asked(simulation)).length;
    expect(await state(name)).toBe('absent');
    await Promise.all([start(name, { simulation, attempt }), start(name, { simulation, attempt })]);
    expect(await state(name)).toBe('running');
    await vi.waitFor(async () => expect(await state(name)).toBe('ended'), { timeout: 60_000, interval: 100 });
    await start(name, { simulation, attempt });
    expect(await state(name)).toBe('ended');
    const tasks = (await tasksOf(simulation)).slice(before);
    expect(tasks.filter((task) => task === 'report')).toHaveLength(1);
  });
});
