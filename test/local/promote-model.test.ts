import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PromotionError } from '../../lib/contracts/promotion.ts';
import { type Machine, startMachine } from './support/machine.ts';
import { GOES_WELL, WAYS, type Way } from './support/promotion-ways.ts';

/** All functions of the machine. What they do is in the way whose number begins the name of the promotion. */
const counts = mkdtempSync(join(tmpdir(), 'countersign-ways-'));
const HANDLER = `
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
const first = (file) => {
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
};
const WAYS = ${JSON.stringify(WAYS.map(({ tasks = {} }) => tasks))};
const GOES_WELL = ${JSON.stringify(GOES_WELL)};
export const handler = async (event) => {
  console.log(JSON.stringify(event));
  const { task, promotion, role = '' } = event;
  const what = WAYS[Number.parseInt(promotion.slice(1), 10)][task] ?? [GOES_WELL[task] ?? {}];
  let at = 0;
  // Counted in files: a function runs in several processes.
  while (!first(join(${JSON.stringify(counts)}, [promotion, task, role, at].join('-')))) at++;
  const does = what[Math.min(at, what.length - 1)];
  if (does.thrown) throw Object.assign(new Error('no luck'), { name: does.thrown });
  if (does.dies) process.exit(1);
  if (does.slow) await new Promise((resolve) => setTimeout(resolve, does.slow));
  return does;
};
`;

/** The way in which all goes well. */
const ALL_WELL = WAYS.findIndex(({ that }) => that === 'goes well');

let machine: Machine;

/**
 * The machine with 3 s for one task, and one more attempt at mails. The others have minutes: what is slow on a busy machine must not
 * end there.
 */
function waitingLessFor(task: string): (definition: string) => string {
  const isOfMail = ({ ErrorEquals }: { readonly ErrorEquals: readonly string[] }) =>
    ErrorEquals.includes(PromotionError.mailDown);
  return (definition) =>
    JSON.stringify(
      JSON.parse(definition, (_, value) =>
        value?.Parameters?.Payload?.task === task
          ? {
              ...value,
              TimeoutSeconds: 3,
              Retry: value.Retry.map((retry: Parameters<typeof isOfMail>[0]) =>
                isOfMail(retry) ? { ...retry, IntervalSeconds: 1, MaxAttempts: 1 } : retry,
              ),
            }
          : value,
      ),
    );
}

beforeAll(async () => {
  machine = await startMachine({
    name: 'promote-model',
    substitutions: {
      Promoter: 'echo',
      PromotionGate: 'echo',
      ApprovalDesk: 'echo',
      Deployer: 'echo',
      Releaser: 'echo',
      EndpointWaitSeconds: 600,
      PollSeconds: 1,
      CleanUpSeconds: 1,
      ReminderSeconds: 600,
      Reminders: 1,
      Rounds: 2,
    },
    handler: HANDLER,
    // Five ways run at a time, each with two who are asked side by side and a slow task that goes on when it is given up:
    // an event that waited for a copy would run out of time before the function hears of it.
    copies: 16,
    timeoutMs: 20_000,
    variants: {
      ...Object.fromEntries(
        WAYS.flatMap(({ impatient }) => (impatient ? [[impatient, waitingLessFor(impatient)]] : [])),
      ),
      asking: (definition) => JSON.stringify({ ...JSON.parse(definition), StartAt: 'AskApprovals' }),
    },
  });
});
afterAll(async () => {
  await machine?.close();
  rmSync(counts, { recursive: true });
});

interface Told {
  readonly execution: DescribeExecutionOutput;
  readonly asked: readonly Record<string, unknown>[];
}

/** Runs a way, and answers what it waits for as the way says. */
async function run(index: number, { kind = 'promotion', impatient, answers = {} }: Way): Promise<Told> {
  const promotion = `p${index}`;
  const heard = new Set<unknown>();
  const counts = new Map<unknown, number>();
  const answer = async (): Promise<void> => {
    for (const { token, role = 'endpoint' } of await machine.asked(promotion)) {
      if (typeof token !== 'string' || heard.has(token)) continue;
      heard.add(token);
      const count = counts.get(role) ?? 0;
      counts.set(role, count + 1);
      const error = answers[String(role)]?.[count];
      if (error === null) continue;
      const told =
        error === undefined
          ? machine.client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{}' }))
          : machine.client.send(new SendTaskFailureCommand({ taskToken: token, error }));
      await told.catch((failed: unknown) => {
        // A wait that its task has ended by throwing is not there any more.
        if (!(failed instanceof TaskTimedOut || failed instanceof TaskDoesNotExist || failed instanceof InvalidToken))
          throw failed;
      });
    }
  };
  const answering = setInterval(() => void answer(), 250);
  try {
    const execution = await machine.run(promotion, { promotion, kind }, impatient);
    return { execution, asked: await machine.asked(promotion) };
  } finally {
    clearInterval(answering);
  }
}

/**
 * Tasks in order; those that are asked side by side once, where the first is: one who is asked may hear of it after the
 * other has ended the wait.
 */
function wayOf(asked: Told['asked']): readonly unknown[] {
  const isAsked = ({ task }: Told['asked'][number]) => task === 'ask';
  return asked
    .filter(
      (one, at) => !isAsked(one) || asked.findIndex((other) => isAsked(other) && other.round === one.round) === at,
    )
    .map(({ task }) => task);
}

describe('a promotion that', () => {
  it.concurrent.each(WAYS.map((way, index) => [way.that, index, way] as const))('%s', async (_, index, way) => {
    const { execution, asked } = await run(index, way);
    expect(wayOf(asked)).toEqual(way.way);
    const ends = asked.filter(({ task }) => task === 'end');
    if (way.end === undefined) {
      expect(execution.status).toBe('SUCCEEDED');
      expect(ends).toEqual([]);
    } else {
      expect(execution).toMatchObject({ status: 'FAILED', ...(way.end === null ? {} : { error: 'NotReleased' }) });
      expect(ends.at(-1)?.end ?? null).toBe(way.end);
      if (way.why) expect(ends.at(-1)).toMatchObject({ failure: { Error: way.why } });
    }
  });
});

describe('two hundred promotions that wait for people at once', () => {
  const WAITING = 200;
  /** Each begins in half a second, as moto begins them. */
  const MINUTES = 10;

  it(
    'take no step and call nothing while they wait',
    async () => {
      const gate = { roles: ['model-owner', 'privacy-officer'], round: 1 };
      const { recorder, client } = machine;
      recorder.reset();
      const executions: string[] = [];
      for (let at = 0; at < WAITING; at++) {
        const promotion = `p${ALL_WELL}-${at}`;
        executions.push(await machine.start(promotion, { promotion, kind: 'promotion', gate }, 'asking'));
      }
      const invoked = () => recorder.counters['lambda:Invoke'] ?? 0;
      const steps = async () => {
        let events = 0;
        for (const executionArn of executions) {
          const history = await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
          events += history.events?.length ?? 0;
        }
        return events;
      };
      await vi.waitFor(() => expect(invoked()).toBe(WAITING * gate.roles.length), {
        timeout: MINUTES * 60_000,
        interval: 500,
      });
      // Step Functions notes the last answers, as fast as the machine lets it.
      let before = await steps();
      for (let last = -1; last !== before; before = await steps()) {
        last = before;
        await delay(1_000);
      }
      await delay(5_000);
      expect(await steps()).toBe(before);
      expect(invoked()).toBe(WAITING * gate.roles.length);
      for (const executionArn of executions.slice(0, 3)) {
        expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({ status: 'RUNNING' });
      }
    },
    (MINUTES + 2) * 60_000,
  );
});
