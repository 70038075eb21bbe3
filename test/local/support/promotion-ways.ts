import type { PromotionEnd, PromotionKind } from '../../../lib/contracts/promotion.ts';

/** What a task does when it is called: answers, throws an error of that name, takes its time, or dies. The last goes on. */
type Behaviour = object | { readonly thrown: string } | { readonly slow: number } | { readonly dies: true };

export interface Way {
  /** What the way is, as a clause. */
  readonly that: string;
  /** @default 'promotion' */
  readonly kind?: PromotionKind | 'recovery';
  /** By task; others do as in a promotion where all goes well. */
  readonly tasks?: Readonly<Record<string, readonly Behaviour[]>>;
  /** By role, or `endpoint`: the name of the error that ends the wait; null: nobody answers. Others are answered. */
  readonly answers?: Readonly<Record<string, readonly (string | null)[]>>;
  /** Task for which the machine waits 3 s only. @default - none: each has the time that is written */
  readonly impatient?: string;
  /** Tasks in order; those of approvals, which come side by side, once. */
  readonly way: readonly string[];
  /** How it ends; undefined: released; null: it fails, and no end is told. */
  readonly end?: PromotionEnd | null;
  /** Name of the reason that the end is told, where it is none that was caught. */
  readonly why?: string;
}

const ROLES = ['model-owner', 'privacy-officer'];
const passed = (round: number) => ({ outcome: 'passed', roles: ROLES, round });
const thrown = (name: string): Behaviour => ({ thrown: name });
/** Longer than the machine waits for a task that it is impatient for. */
const slow: Behaviour = { slow: 6_000 };

/** What each task does where all goes well. */
export const GOES_WELL: Readonly<Record<string, object>> = {
  'take-endpoint': { taken: 'yes' },
  'evaluate-request': passed(1),
  'evaluate-release': passed(1),
  watch: { state: 'in_service' },
  'watch-rollback': { state: 'rolled_back' },
  'clean-up': { state: 'rollback_failed' },
  'extend-retention': { cursor: null },
};

const ASK = ['take-endpoint', 'preflight', 'verify-artifact', 'evaluate-request', 'ask'];
const DECIDED = [...ASK, 'evaluate-release'];
const DEPLOYED = [...DECIDED, 'prepare', 'deploy'];
const SERVES = [...DEPLOYED, 'watch', 'check-integrity'];
const BACK = ['roll-back', 'watch-rollback', 'end'];
const NOT_BACK = ['end', 'clean-up'];
const SEALED = ['extend-retention', 'seal', 'announce-release'];

const END_OF: Readonly<Record<string, PromotionEnd>> = {
  PromotionCancelled: 'cancelled',
  PromotionSuperseded: 'superseded',
  Broken: 'failed',
};

/** Each task before the deployment, and the way to it. */
const BEFORE = {
  'take-endpoint': ASK.slice(0, 1),
  preflight: ASK.slice(0, 2),
  'verify-artifact': ASK.slice(0, 3),
  'evaluate-request': ASK.slice(0, 4),
  ask: ASK,
  'evaluate-release': DECIDED,
  prepare: [...DECIDED, 'prepare'],
} as const;

export const WAYS: readonly Way[] = [
  { that: 'goes well', way: [...SERVES, ...SEALED] },
  {
    that: 'is sealed by a step that is not heard',
    tasks: { seal: [thrown('Broken')], 'roll-back': [thrown('ReleaseSealed')] },
    way: [...SERVES, 'extend-retention', 'seal', 'roll-back', 'announce-release'],
  },
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
    impatient: 'await-endpoint',
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
            impatient: task,
            way: [...way, 'end'],
            end: 'failed' as const,
          },
        ],
  ),
  ...(['rollback', 'recovery'] as const).map((kind) => ({
    that: `leads back as a ${kind}, and does not get its endpoint`,
    kind,
    tasks: { 'take-endpoint': [thrown('Broken')] },
    way: ['take-endpoint', ...NOT_BACK],
    end: 'rollback_failed' as const,
  })),
  {
    that: 'leads back, and is not heard of while it waits for its endpoint',
    kind: 'recovery',
    tasks: { 'take-endpoint': [{ taken: 'no' }] },
    answers: { endpoint: ['Broken'] },
    way: ['take-endpoint', 'await-endpoint', ...NOT_BACK],
    end: 'rollback_failed',
  },
  {
    that: 'is of another kind than its record says',
    tasks: { 'take-endpoint': [thrown('ForeignExecution')] },
    way: ['take-endpoint'],
    end: null,
  },
  ...['prepare', 'deploy'].map((task) => ({
    that: `is judged again when the gate's word is withheld in the task ${task}`,
    tasks: { [task]: [thrown('FactsChanged'), {}] },
    way: [
      ...DEPLOYED.slice(0, DEPLOYED.indexOf(task) + 1),
      ...SERVES.slice(SERVES.indexOf('evaluate-release')),
      ...SEALED,
    ],
  })),
  {
    that: 'has a model whose bytes changed',
    tasks: { 'verify-artifact': [thrown('IntegrityFailure')] },
    way: [...BEFORE['verify-artifact'], 'end'],
    end: 'failed',
  },
  {
    that: 'has a model that is not stored',
    tasks: { 'verify-artifact': [thrown('DeploymentRefused')] },
    way: [...BEFORE['verify-artifact'], 'end'],
    end: 'refused',
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
    tasks: { preflight: [thrown('DeploymentRefused')] },
    way: [...BEFORE.preflight, 'end'],
    end: 'refused',
  },
  {
    that: 'would not canary any more once people have answered',
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
    impatient: 'ask',
    way: [...SERVES, ...SEALED],
  },
  {
    that: 'is not answered',
    answers: { 'privacy-officer': [null, null] },
    impatient: 'ask',
    way: [...ASK, 'end'],
    end: 'expired',
  },
  {
    that: 'cannot mail anybody for longer than an attempt lasts: the next reminder tries, until there are no more',
    tasks: { ask: [thrown('MailUnavailable')] },
    impatient: 'ask',
    way: [...ASK, 'end'],
    end: 'expired',
  },
  {
    that: 'cannot mail anybody until its time is over',
    tasks: { ask: [thrown('MailUnavailable'), {}] },
    answers: { 'privacy-officer': ['ApprovalExpired', 'ApprovalExpired'] },
    way: [...ASK, 'end'],
    end: 'expired',
  },
  {
    that: 'cannot mail anybody at first',
    ...onceIn('ask', thrown('MailUnavailable')),
  },
  {
    that: 'is cancelled while nobody can be mailed',
    tasks: { ask: [thrown('MailUnavailable'), thrown('PromotionCancelled')] },
    way: [...ASK, 'end'],
    end: 'cancelled',
  },
  {
    that: 'is asked for again when facts change meanwhile',
    tasks: { 'evaluate-request': [passed(1), passed(2)] },
    answers: { 'privacy-officer': ['FactsChanged'] },
    way: [...ASK, 'evaluate-request', 'ask', ...SERVES.slice(5), ...SEALED],
  },
  {
    that: 'is asked for again when the gate finds facts changed',
    tasks: {
      'evaluate-request': [passed(1), passed(2)],
      'evaluate-release': [{ outcome: 'ask_again', roles: [], round: 2 }, passed(2)],
    },
    way: [...DECIDED, 'evaluate-request', 'ask', ...SERVES.slice(5), ...SEALED],
  },
  {
    that: 'changes faster than people approve',
    tasks: {
      'evaluate-request': [passed(1), passed(2), passed(3)],
      'evaluate-release': [{ outcome: 'ask_again', roles: [], round: 2 }],
    },
    way: [...DECIDED, 'evaluate-request', 'ask', 'evaluate-release', 'evaluate-request', 'end'],
    end: 'expired',
    why: 'ApprovalsUnsettled',
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
        impatient: task,
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
    way: [...DEPLOYED, 'watch', ...NOT_BACK],
    end: 'rollback_failed',
  },
  ...(['roll-back', 'watch-rollback'] as const).flatMap((task) => {
    const until = [...DEPLOYED, 'watch', ...BACK.slice(0, BACK.indexOf(task) + 1), ...NOT_BACK];
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
        impatient: task,
        ...failed,
      },
    ];
  }),
  {
    that: 'cannot be taken back, as SageMaker says',
    tasks: { watch: [{ state: 'failed' }], 'watch-rollback': [{ state: 'rollback_failed' }] },
    way: [...DEPLOYED, 'watch', ...BACK, 'clean-up'],
    end: 'rollback_failed',
  },
  {
    that: 'cannot be taken back until SageMaker lets go of it',
    tasks: { watch: [{ state: 'rollback_failed' }], 'clean-up': [{ state: 'moving' }, { state: 'rolled_back' }] },
    way: [...DEPLOYED, 'watch', ...NOT_BACK, 'clean-up'],
    end: 'rollback_failed',
  },
  {
    that: 'cannot be taken back, nor cleaned up after',
    tasks: { watch: [{ state: 'rollback_failed' }], 'clean-up': [thrown('Broken')] },
    way: [...DEPLOYED, 'watch', ...NOT_BACK],
    end: 'rollback_failed',
  },
  {
    that: 'cannot be taken back, and takes too long to be cleaned up after',
    tasks: { watch: [{ state: 'rollback_failed' }], 'clean-up': [slow] },
    impatient: 'clean-up',
    way: [...DEPLOYED, 'watch', ...NOT_BACK],
    end: 'rollback_failed',
  },
  {
    that: 'is sealed and nobody could be told: the promoter hears of an execution that failed',
    tasks: { 'announce-release': [thrown('Broken')] },
    way: [...SERVES, ...SEALED],
    end: null,
  },
  {
    that: 'past the gate asks nobody',
    kind: 'break_glass',
    way: [...BEFORE['evaluate-request'], 'prepare', 'deploy', 'watch', 'check-integrity', ...SEALED],
  },
  {
    that: 'past the gate is not for those who made the model',
    kind: 'break_glass',
    tasks: { 'evaluate-request': [{ outcome: 'refused', roles: [], round: 1 }] },
    way: [...BEFORE['evaluate-request'], 'end'],
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
    way: ['take-endpoint', 'roll-back', 'watch-rollback', 'extend-retention', 'seal', ...NOT_BACK],
    end: 'rollback_failed',
  },
  {
    that: 'takes back what a stopped execution had begun',
    kind: 'recovery',
    way: ['take-endpoint', ...BACK],
    end: 'rolled_back',
  },
  // Policies of Retry for all tasks: test/template/state-machine-definitions.test.ts.
  ...['take-endpoint', 'await-endpoint', 'ask', 'watch', 'roll-back', 'end'].map((task) => ({
    that: `tries ${task} again when it is worth it`,
    ...onceIn(task, thrown('TransientError')),
  })),
  ...['evaluate-request', 'ask', 'evaluate-release', 'deploy', 'seal', 'roll-back', 'end'].map((task) => ({
    that: `tries ${task} again when its function dies`,
    ...onceIn(task, { dies: true }),
  })),
];

function endOf(error: string): { readonly end: PromotionEnd } {
  return { end: END_OF[error] ?? 'failed' };
}

/** A way that passes the task, which fails once in a way that is worth a retry. */
function onceIn(task: string, failure: Behaviour): Omit<Way, 'that'> {
  const again = { [task]: [failure, GOES_WELL[task] ?? {}] };
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
