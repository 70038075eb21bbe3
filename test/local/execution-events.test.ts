import { setTimeout as delay } from 'node:timers/promises';
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventPattern } from '../../local/events/pattern.ts';
import { type Harness, startHarness } from './support/harness.ts';
import { startMotoBehind } from './support/machine.ts';

const QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:ends';
const STATES = {
  passing: { Type: 'Pass', Result: 7, End: true },
  failing: { Type: 'Fail', Error: 'Broken', Cause: 'It broke.' },
  waiting: { Type: 'Wait', Seconds: 3600, End: true },
} as const;

describe('the end of an execution', () => {
  let harness: Harness;
  let stopMoto: () => Promise<void>;
  let client: SFNClient;

  beforeAll(async () => {
    harness = await startHarness({ handler: 'export const handler = () => {};' });
    stopMoto = await startMotoBehind(harness);
    const { identities, stepFunctions, bus, local } = harness;
    const role = identities.createRole('machine', []);
    identities.assumeAsStateMachine(role, 'machine');
    const define = (name: string, State: object, rest: object = {}) =>
      stepFunctions.define({
        name,
        roleArn: role.arn,
        definition: JSON.stringify({ StartAt: 'State', States: { State }, ...rest }),
      });
    for (const [name, state] of Object.entries(STATES)) define(name, state);
    define('slow', STATES.waiting, { TimeoutSeconds: 1 });
    bus.addRule({
      name: 'ends',
      bus: 'default',
      pattern: eventPattern({
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] },
      }),
      targets: [{ kind: 'queue', arn: QUEUE }],
    });
    const { accessKeyId, secretAccessKey } = identities.assume(identities.createRole('starter', 'everything'), {
      name: 'starter',
      kind: 'demo',
      sessionName: 'test',
    });
    client = new SFNClient({ ...local, credentials: { accessKeyId, secretAccessKey } });
  });
  afterAll(async () => {
    client.destroy();
    await stopMoto();
    await harness.close();
  });

  const arn = (kind: string, name: string) => `arn:aws:states:eu-west-1:111122223333:${kind}:${name}`;
  const start = (machine: string) =>
    client.send(
      new StartExecutionCommand({ stateMachineArn: arn('stateMachine', machine), name: 'run-1', input: '{"a":1}' }),
    );
  const told = async (machine: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const events: Record<string, unknown>[] = harness.sentToQueue.map(({ body }) => JSON.parse(body));
      const found = events.find(({ detail }) => Object(detail).executionArn === arn('execution', `${machine}:run-1`));
      if (found !== undefined) return found;
      await delay(20);
    }
  };

  it('is told to whoever has a rule for it, with what came of it', async () => {
    const { startDate } = await start('passing');
    expect(await told('passing')).toMatchObject({
      source: 'aws.states',
      resources: [arn('execution', 'passing:run-1')],
      detail: {
        stateMachineArn: arn('stateMachine', 'passing'),
        name: 'run-1',
        status: 'SUCCEEDED',
        startDate: startDate?.getTime(),
        stopDate: expect.any(Number),
        input: '{"a":1}',
        output: '7',
        error: null,
      },
    });
  });

  it.each([
    ['that failed', 'failing', { status: 'FAILED', error: 'Broken', cause: 'It broke.', output: null }],
    ['that took too long', 'slow', { status: 'TIMED_OUT', output: null }],
  ])('is told of one %s', async (_, machine, detail) => {
    await start(machine);
    expect(await told(machine)).toMatchObject({ detail });
  });

  it('is told of one that was stopped from outside', async () => {
    const { executionArn } = await start('waiting');
    await client.send(new StopExecutionCommand({ executionArn }));
    expect(await told('waiting')).toMatchObject({ detail: { status: 'ABORTED', output: null } });
  });

  it('is believed of nobody else', async () => {
    const before = harness.sentToQueue.length;
    const url = `${harness.local.endpoint}/_local/executions/${arn('execution', 'passing:run-1')}`;
    const answer = await fetch(url, { method: 'POST', headers: { authorization: 'Bearer guessed' } });
    expect(answer.status).toBe(403);
    expect(harness.sentToQueue).toHaveLength(before);
  });
});
