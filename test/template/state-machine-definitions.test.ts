import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definitionOf } from '../../cdk/constructs/state-machine.ts';
import { STATE_MACHINE_NAMES } from '../../cdk/names.ts';
import { PromotionError } from '../../lib/contracts/promotion.ts';
import { KEY_INACTIVE_ERROR, TRANSIENT_ERROR } from '../../lib/contracts/simulation.ts';

/** The package has no types of its own that the compiler finds. */
const lint: (definition: unknown) => { readonly errors: readonly { readonly Message: string }[] } = createRequire(
  import.meta.url,
)('asl-validator');

const SUBSTITUTIONS = {
  'simulate-policy': {
    Simulator: 'arn:aws:lambda:eu-central-1:123456789012:function:simulator',
    StagingBucket: 'staging',
    ChunksAtATime: 5,
  },
  'promote-model': {
    Promoter: 'arn:aws:lambda:eu-central-1:123456789012:function:promoter',
    PromotionGate: 'arn:aws:lambda:eu-central-1:123456789012:function:promotion-gate',
    ApprovalDesk: 'arn:aws:lambda:eu-central-1:123456789012:function:approval-desk',
    Deployer: 'arn:aws:lambda:eu-central-1:123456789012:function:deployer',
    Releaser: 'arn:aws:lambda:eu-central-1:123456789012:function:releaser',
    EndpointWaitSeconds: 1800,
    PollSeconds: 60,
    CleanUpSeconds: 3600,
    ReminderSeconds: 86_400,
    Reminders: 4,
    Rounds: 5,
  },
} as const satisfies Record<(typeof STATE_MACHINE_NAMES)[number], object>;

/**
 * "Handling errors in Step Functions workflows" and "Lambda", AWS Step Functions Developer Guide. A function that dies or is cut is
 * `Lambda.Unknown`, or what Lambda itself names as the `errorType`.
 */
const AWS_ERRORS = [
  'States.ALL',
  'States.Timeout',
  'Lambda.AWSLambdaException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.SdkClientException',
  'Lambda.ServiceException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Runtime.ExitError',
  'Sandbox.Timedout',
];

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  readonly MaxAttempts: number;
  readonly JitterStrategy: string;
}
interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Comment?: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly End?: boolean;
  readonly TimeoutSeconds?: number;
  readonly Choices?: readonly { readonly Next: string }[];
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly ResultPath?: string | null;
    readonly Next: string;
  }[];
  readonly ItemProcessor?: Flow;
}
interface Flow {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** The machine's own states, and those of the items of each map. */
function flowsOf(flow: Flow): readonly Flow[] {
  const inner = Object.values(flow.States).flatMap(({ ItemProcessor }) =>
    ItemProcessor ? flowsOf(ItemProcessor) : [],
  );
  return [flow, ...inner];
}

function targetsOf(state: State): readonly string[] {
  const branches = [...(state.Choices ?? []), ...(state.Catch ?? [])].map(({ Next }) => Next);
  return [state.Next, state.Default, ...branches].filter((target) => target !== undefined);
}

function reached(flow: Flow): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    const state = flow.States[name];
    if (state === undefined) throw new Error(`there is no state ${name}`);
    if (found.has(name)) return;
    found.add(name);
    for (const target of targetsOf(state)) visit(target);
  };
  visit(flow.StartAt);
  return found;
}

it('every file of statemachines/ is a state machine', () => {
  const files = readdirSync(join(import.meta.dirname, '../../statemachines'));
  expect(files.sort()).toEqual(STATE_MACHINE_NAMES.map((name) => `${name}.asl.json`).sort());
});

describe.each(STATE_MACHINE_NAMES)('%s', (name) => {
  const definition = definitionOf(name, SUBSTITUTIONS[name]);
  const machine: Flow & { readonly TimeoutSeconds?: number } = JSON.parse(definition);
  const flows = flowsOf(machine);
  const states = flows.flatMap((flow) => Object.entries(flow.States));

  it('is Amazon States Language', () => {
    expect(lint(JSON.parse(definition)).errors).toEqual([]);
  });

  it('reaches every state, and none that is not there', () => {
    for (const flow of flows) expect([...reached(flow)].sort()).toEqual(Object.keys(flow.States).sort());
  });

  it('retries and catches only errors that somebody throws', () => {
    const named = states.flatMap(([, { Retry = [], Catch = [] }]) =>
      [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(
      named.filter(
        (error) =>
          ![...AWS_ERRORS, TRANSIENT_ERROR, KEY_INACTIVE_ERROR, ...Object.values<string>(PromotionError)].includes(
            error,
          ),
      ),
    ).toEqual([]);
  });

  it('says how long retries may take altogether', () => {
    const retried = states.flatMap(([, { Comment = '', Retry = [] }]) =>
      Retry.map((retrier) => ({ Comment, retrier })),
    );
    const policies = new Map(retried.map(({ retrier }) => [JSON.stringify(retrier), retrier]));
    expect(policies.size).toBe(name === 'promote-model' ? 4 : 1);
    for (const [policy, { IntervalSeconds, BackoffRate, MaxDelaySeconds, MaxAttempts }] of policies) {
      const waits = Array.from({ length: MaxAttempts }, (_, at) =>
        Math.min(IntervalSeconds * BackoffRate ** at, MaxDelaySeconds),
      );
      const rising = waits.filter((wait) => wait < MaxDelaySeconds);
      const longest = waits.length - rising.length;
      const tail = longest === 1 ? `${MaxDelaySeconds}` : `${longest} x ${MaxDelaySeconds}`;
      const total = waits.reduce((sum, wait) => sum + wait);
      // The first state that is retried so says it for all.
      const first = retried.find(({ retrier }) => JSON.stringify(retrier) === policy);
      expect(first?.Comment).toContain(`${[...rising, tail].join(' + ')} = ${total} s`);
    }
  });

  it('hands on why it ends, and nothing of what it went on after', () => {
    const goesOn = (target: string) => !/^(End|RollBack|NotReleased|RecordFailure)/.test(target);
    const kept = states.flatMap(([state, { Catch = [] }]) =>
      Catch.filter(({ Next, ResultPath }) => goesOn(Next) && ResultPath !== null).map(({ Next }) => [state, Next]),
    );
    expect(kept).toEqual([]);
  });

  it('waits for the evidence key wherever the promoter ends, and wherever a gate, a release or an approval is signed', () => {
    const waiting = states.filter(([, { Retry = [] }]) =>
      Retry.some(({ ErrorEquals }) => ErrorEquals.includes(KEY_INACTIVE_ERROR)),
    );
    const signing = states.filter(([state]) =>
      /^(End.*|Evaluate.*Gate|AskRole|SealRelease|AnnounceRelease)$/.test(state),
    );
    expect(waiting).toEqual(name === 'promote-model' ? signing : []);
  });

  it('ends by itself, and so does every task', () => {
    expect(machine.TimeoutSeconds).toBeGreaterThan(0);
    for (const [, { Type, TimeoutSeconds }] of states) if (Type === 'Task') expect(TimeoutSeconds).toBeGreaterThan(0);
  });

  it('waits by looking only for what SageMaker does: whoever waits for people or an endpoint takes no step meanwhile', () => {
    const looking = states.flatMap(([state, { Type }]) => (Type === 'Wait' ? [state] : []));
    const waiting = states.filter(([, { Resource }]) => Resource?.endsWith('.waitForTaskToken'));
    const expected = {
      'simulate-policy': { looking: [], waiting: [] },
      'promote-model': {
        looking: ['WaitForDeployment', 'WaitForRollback', 'WaitForCleanUp'],
        waiting: ['AwaitEndpoint', 'AskRole'],
      },
    };
    expect({ looking, waiting: waiting.map(([state]) => state) }).toEqual(expected[name]);
    // Whoever waits looks by itself at most twice an hour, should a word be lost.
    for (const [, { TimeoutSeconds }] of waiting) expect(TimeoutSeconds).toBeGreaterThanOrEqual(1800);
  });

  it('is refused with a value missing or one too many', () => {
    expect(() => definitionOf(name, {})).toThrow('no value for [');
    expect(() => definitionOf(name, { ...SUBSTITUTIONS[name], Other: 'x' })).toThrow('no place for [Other]');
  });
});
