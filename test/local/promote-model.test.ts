import { type DescribeExecutionOutput, SendTaskFailureCommand, SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PromotionEnd, PromotionKind } from '../../lib/contracts/promotion.ts';
import { type Machine, startMachine } from './support/machine.ts';

/** What a task does when it is called: answers, throws an error of that name, or takes its time. The last goes on. */
type Behaviour = object | { readonly thrown: string } | { readonly slow: number };

interface Way {
  /** What the way is, as a clause. */
  readonly that: string;
  /** @default 'promotion' */
  readonly kind?: PromotionKind | 'recovery';
  /** By task; others do as in a promotion where all goes well. */
  readonly tasks?: Readonly<Record<string, readonly Behaviour[]>>;
  /** By role, or `endpoint`: the name of the error that ends the wait; null: nobody answers. Others are answered. */
  readonly answers?: Readonly<Record<string, readonly (string | null)[]>>;
  /** @default - as it is written, with short waits */
  readonly machine?: 'impatient';
  /** Tasks in order; those of approvals, which come side by side, once. */
  readonly way: readonly string[];
  /** How it ends; undefined: released. */
  readonly end?: PromotionEnd;
}

const ROLES = ['model-owner', 'privacy-officer'];
const passed = (round: number) => ({ outcome: 'passed', roles: ROLES, round });
const thrown = (name: string): Behaviour => ({ thrown: name });
const slow: Behaviour = { slow: 3000 };

const ASK = ['take-endpoint', 'verify-artifact', 'evaluate-request', 'ask'];
const DECIDED = [...ASK, 'evaluate-release'];
const DEPLOYED = [...DECIDED, 'prepare', 'deploy'];
const SERVES = [...DEPLOYED, 'watch', 'check-integrity'];
const BACK = ['roll-back', 'watch-rollback', 'end'];
const SEALED = ['extend-retention', 'seal', 'announce-release'];

const END_OF: Readonly<Record<string, PromotionEnd>> = {
  PromotionCancelled: 'cancelled',
  PromotionSuperseded: 'superseded',
  Broken: 'failed',
};

/** Each task before the deployment, and the way to it. */
const BEFORE = {
  'take-endpoint': ASK.slice(0, 1),
  'verify-artifact': ASK.slice(0, 2),
  'evaluate-request': ASK.slice(0, 3),
  ask: ASK,
  'evaluate-release': DECIDED,
  prepare: [...DECIDED, 'prepare'],
} as const;

const WAYS: readonly Way[] = [
  { that: 'goes well', way: [...SERVES, ...SEALED] },
  {
    that: 'wants no approval',
    tasks: {
      'evaluate-request': [{ outcome: 'passed', roles: [], round: 1 }],
      'evaluate-release': [{ outcome: 'passed', roles: [], round: 1 }],
    },
    way: [...SERVES.filter((task) => task !== 'ask'), ...SEALED],
  },
  {
    that: 'takes several looks and parts',
    tasks: {
      watch: [{ state: 'moving' }, { state: 'moving' }, { state: 'in_service' }],
      'extend-retention': [{ cursor: 'more' }, { cursor: null }],
    },
    way: [...DEPLOYED, 'watch', 'watch', 'watch', 'check-integrity', 'extend-retention', ...SEALED],
  },
  {
    that: 'waits for its endpoint until it is woken',
    tasks: { 'take-endpoint': [{ taken: 'no' }, { taken: 'yes' }] },
    way: ['take-endpoint', 'await-endpoint', ...SERVES, ...SEALED],
  },
  {
    that: 'waits for its endpoint and looks by itself',
    tasks: { 'take-endpoint': [{ taken: 'no' }, { taken: 'yes' }] },
    answers: { endpoint: [null] },
    way: ['take-endpoint', 'await-endpoint', ...SERVES, ...SEALED],
  },
  ...['PromotionCancelled', 'PromotionSuperseded', 'Broken'].map((error) => ({
    that: `ends by ${error} while it waits for its endpoint`,
    tasks: { 'take-endpoint': [{ taken: 'no' }] },
    answers: { endpoint: [error] },
    way: ['take-endpoint', 'await-endpoint', 'end'],
    ...endOf(error),
  })),
  ...Object.entries(BEFORE).flatMap(([task, way]) =>
    ['PromotionCancelled', 'PromotionSuperseded', 'Broken'].map((error) => ({
      that: `ends by ${error} in the task ${task}`,
      tasks: { [task]: [thrown(error)] },
      way: [...way, 'end'],
      ...endOf(error),
    })),
  ),
  ...Object.entries(BEFORE).flatMap(([task, way]) =>
    task === 'ask'
      ? []
      : [
          {
            that: `fails when the task ${task} takes too long`,
            tasks: { [task]: [slow] },
            machine: 'impatient' as const,
            way: [...way, 'end'],
            end: 'failed' as const,
          },
        ],
  ),
  {
    that: 'has a model whose bytes changed',
    tasks: { 'verify-artifact': [thrown('IntegrityFailure')] },
    way: ['take-endpoint', 'verify-artifact', 'end'],
    end: 'failed',
  },
  {
    that: 'is refused by the gate before people are asked',
    tasks: { 'evaluate-request': [{ outcome: 'refused', roles: [], round: 1 }] },
    way: [...BEFORE['evaluate-request'], 'end'],
    end: 'refused',
  },
  {
    that: 'hears another answer of the gate',
    tasks: { 'evaluate-request': [{ outcome: 'ask_again', roles: [], round: 1 }] },
    way: [...BEFORE['evaluate-request'], 'end'],
    end: 'failed',
  },
  {
    that: 'is refused by the gate after people were asked',
    tasks: { 'evaluate-release': [{ outcome: 'refused', roles: [], round: 1 }] },
    way: [...DECIDED, 'end'],
    end: 'refused',
  },
  {
    that: 'would not canary',
    tasks: { prepare: [thrown('DeploymentRefused')] },
    way: [...BEFORE.prepare, 'end'],
    end: 'refused',
  },
  {
    that: 'is rejected by one of two',
    answers: { 'privacy-officer': ['ApprovalRejected'], 'model-owner': [null] },
    way: [...ASK, 'end'],
    end: 'rejected',
  },
  {
    that: 'is approved after a reminder',
    answers: { 'privacy-officer': [null] },
    way: [...SERVES, ...SEALED],
  },
  {
    that: 'is not answered',
    answers: { 'privacy-officer': [null, null] },
    way: [...ASK, 'end'],
    end: 'expired',
  },
  {
    that: 'is asked for again when facts change meanwhile',
    tasks: { 'evaluate-request': [passed(1), passed(2)] },
    answers: { 'privacy-officer': ['FactsChanged'] },
    way: [...ASK, 'evaluate-request', 'ask', ...SERVES.slice(4), ...SEALED],
  },
  {
    that: 'is asked for again when the gate finds facts changed',
    tasks: {
      'evaluate-request': [passed(1), passed(2)],
      'evaluate-release': [{ outcome: 'ask_again', roles: [], round: 2 }, passed(2)],
    },
    way: [...DECIDED, 'evaluate-request', 'ask', ...SERVES.slice(4), ...SEALED],
  },
  {
    that: 'changes faster than people approve',
    tasks: {
      'evaluate-request': [passed(1), passed(2), passed(3)],
      'evaluate-release': [{ outcome: 'ask_again', roles: [], round: 2 }],
    },
    way: [...DECIDED, 'evaluate-request', 'ask', 'evaluate-release', 'evaluate-request', 'end'],
    end: 'expired',
  },
  ...(['PromotionCancelled', 'PromotionSuperseded', 'DeploymentRefused'] as const).map((error) => ({
    that: `ends by ${error} before anything is told to SageMaker`,
    tasks: { deploy: [thrown(error)] },
    way: [...DEPLOYED, 'end'],
    end: error === 'DeploymentRefused' ? ('refused' as const) : (END_OF[error] ?? 'failed'),
  })),
  ...(['deploy', 'watch', 'check-integrity', 'extend-retention', 'seal'] as const).flatMap((task) => {
    const way = [...SERVES, 'extend-retention', 'seal'];
    const until = way.slice(0, way.indexOf(task) + 1);
    const back = { way: [...until, ...BACK], end: 'rolled_back' as const };
    return [
      { that: `is taken back when the task ${task} fails`, tasks: { [task]: [thrown('Broken')] }, ...back },
      {
        that: `is taken back when the task ${task} takes too long`,
        tasks: { [task]: [slow] },
        machine: 'impatient' as const,
        ...back,
      },
    ];
  }),
  {
    that: 'is taken back when it stands still with something else',
    tasks: { watch: [{ state: 'failed' }], 'watch-rollback': [{ state: 'moving' }, { state: 'rolled_back' }] },
    way: [...DEPLOYED, 'watch', 'roll-back', 'watch-rollback', 'watch-rollback', 'end'],
    end: 'rolled_back',
  },
  {
    that: 'was taken back by SageMaker',
    tasks: { watch: [{ state: 'rolled_back' }] },
    way: [...DEPLOYED, 'watch', 'end'],
    end: 'rolled_back',
  },
  {
    that: 'was not taken back by SageMaker',
    tasks: { watch: [{ state: 'rollback_failed' }] },
    way: [...DEPLOYED, 'watch', 'end'],
    end: 'rollback_failed',
  },
  ...(['roll-back', 'watch-rollback'] as const).flatMap((task) => {
    const until = [...DEPLOYED, 'watch', ...BACK.slice(0, BACK.indexOf(task) + 1), 'end'];
    const failed = { way: until, end: 'rollback_failed' as const };
    return [
      {
        that: `cannot be taken back when the task ${task} fails`,
        tasks: { watch: [thrown('Broken')], [task]: [thrown('Broken')] },
        ...failed,
      },
      {
        that: `cannot be taken back when the task ${task} takes too long`,
        tasks: { watch: [thrown('Broken')], [task]: [slow] },
        machine: 'impatient' as const,
        ...failed,
      },
    ];
  }),
  {
    that: 'cannot be taken back, as SageMaker says',
    tasks: { watch: [{ state: 'failed' }], 'watch-rollback': [{ state: 'rollback_failed' }] },
    way: [...DEPLOYED, 'watch', ...BACK],
    end: 'rollback_failed',
  },
  {
    that: 'is sealed and nobody could be told',
    tasks: { 'announce-release': [thrown('Broken')] },
    way: [...SERVES, ...SEALED],
  },
  {
    that: 'past the gate asks nobody',
    kind: 'break_glass',
    way: [...ASK.slice(0, 3), 'prepare', 'deploy', 'watch', 'check-integrity', ...SEALED],
  },
  {
    that: 'past the gate is not for those who made the model',
    kind: 'break_glass',
    tasks: { 'evaluate-request': [{ outcome: 'refused', roles: [], round: 1 }] },
    way: [...ASK.slice(0, 3), 'end'],
    end: 'refused',
  },
  {
    that: 'leads back, and is sealed',
    kind: 'rollback',
    way: ['take-endpoint', 'roll-back', 'watch-rollback', ...SEALED],
  },
  {
    that: 'leads back, and cannot be sealed',
    kind: 'rollback',
    tasks: { seal: [thrown('Broken')] },
    way: ['take-endpoint', 'roll-back', 'watch-rollback', 'extend-retention', 'seal', 'end'],
    end: 'rollback_failed',
  },
  {
    that: 'takes back what a stopped execution had begun',
    kind: 'recovery',
    way: ['take-endpoint', ...BACK],
    end: 'rolled_back',
  },
  ...[...SERVES, ...SEALED, ...BACK, 'await-endpoint'].map((task) => ({
    that: `tries ${task} again when it is worth it`,
    ...transientIn(task),
  })),
];

function endOf(error: string): { readonly end: PromotionEnd } {
  return { end: END_OF[error] ?? 'failed' };
}

/** A way that passes the task, which fails once in a way that is worth a retry. */
function transientIn(task: string): Omit<Way, 'that'> {
  const again = { [task]: [thrown('TransientError'), answerOf(task)] };
  if (task === 'await-endpoint') {
    const tasks = { ...again, 'take-endpoint': [{ taken: 'no' }, { taken: 'yes' }] };
    return { tasks, way: ['take-endpoint', task, task, ...SERVES, ...SEALED] };
  }
  const failing = BACK.includes(task) ? { watch: [{ state: 'failed' }] } : {};
  const whole = BACK.includes(task) ? [...DEPLOYED, 'watch', ...BACK] : [...SERVES, ...SEALED];
  // Those who are asked side by side are counted once.
  const way = whole.flatMap((one) => (one === task && task !== 'ask' ? [one, one] : [one]));
  return { tasks: { ...failing, ...again }, way, ...(BACK.includes(task) ? { end: 'rolled_back' } : {}) };
}

function answerOf(task: string): object {
  return GOES_WELL[task] ?? {};
}

const GOES_WELL: Readonly<Record<string, object>> = {
  'take-endpoint': { taken: 'yes' },
  'evaluate-request': passed(1),
  'evaluate-release': passed(1),
  watch: { state: 'in_service' },
  'watch-rollback': { state: 'rolled_back' },
  'extend-retention': { cursor: null },
};

/** All functions of the machine. What they do is in the way whose number is in the name of the promotion. */
const HANDLER = `
const WAYS = ${JSON.stringify(WAYS.map(({ tasks = {} }) => tasks))};
const GOES_WELL = ${JSON.stringify(GOES_WELL)};
const calls = new Map();
export const handler = async (event) => {
  console.log(JSON.stringify(event));
  const { task, promotion, role = '' } = event;
  const what = WAYS[Number(promotion.slice(1))][task] ?? [GOES_WELL[task] ?? {}];
  const at = calls.get(promotion + task + role) ?? 0;
  calls.set(promotion + task + role, at + 1);
  const does = what[Math.min(at, what.length - 1)];
  if (does.thrown) throw Object.assign(new Error('no luck'), { name: does.thrown });
  if (does.slow) await new Promise((resolve) => setTimeout(resolve, does.slow));
  return does;
};
`;

let machine: Machine;

beforeAll(async () => {
  machine = await startMachine({
    name: 'promote-model',
    substitutions: {
      Promoter: 'echo',
      PromotionGate: 'echo',
      ApprovalDesk: 'echo',
      Deployer: 'echo',
      Releaser: 'echo',
      EndpointWaitSeconds: 2,
      PollSeconds: 1,
      ReminderSeconds: 3,
      Reminders: 1,
      Rounds: 2,
    },
    handler: HANDLER,
    timeoutMs: 10_000,
    variants: {
      // The machine as it is allows 60 s, or 910 s, for each call, and tries six times.
      impatient: (definition) => definition.replaceAll(/"TimeoutSeconds":(60|910)\b/g, '"TimeoutSeconds":1'),
    },
  });
});
afterAll(async () => await machine?.close());

interface Told {
  readonly execution: DescribeExecutionOutput;
  readonly asked: readonly Record<string, unknown>[];
}

/** Runs a way, and answers what it waits for as the way says. */
async function run(index: number, { kind = 'promotion', machine: variant, answers = {} }: Way): Promise<Told> {
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
      // A wait that its task has ended by throwing is not there any more.
      await told.catch(() => undefined);
    }
  };
  const answering = setInterval(() => void answer(), 100);
  try {
    const execution = await machine.run(promotion, { promotion, kind }, variant);
    return { execution, asked: await machine.asked(promotion) };
  } finally {
    clearInterval(answering);
  }
}

/** Tasks in order; those that are asked side by side once. */
function wayOf(asked: Told['asked']): readonly unknown[] {
  return asked.map(({ task }) => task).filter((task, at, all) => task !== 'ask' || all[at - 1] !== 'ask');
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
      expect(execution).toMatchObject({ status: 'FAILED', error: 'NotReleased' });
      expect(ends.at(-1)).toMatchObject({ end: way.end });
    }
  });
});
