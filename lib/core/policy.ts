import * as z from 'zod/mini';
import { DomainError } from './errors.ts';
import { BREAKDOWNS, CountsSchema, FormSchema, type SimulationReport } from './gate/what-if-report.ts';
import { type Person, PersonSchema } from './person.ts';
import { MAIN, type Slot, SlotSchema } from './slots.ts';
import { DAY_MS } from './time.ts';

/** What a policy revision has gone through before it may come into force. Whether it is in force, the activations tell. */
export const POLICY_STATES = ['proposed', 'tested', 'simulated', 'approved'] as const;
export type PolicyState = (typeof POLICY_STATES)[number];

/** One policy bundle: a revision of the rules and their data, by its digest. */
export interface PolicyRecord {
  /** SHA-256 of the bundle. */
  readonly sha256: string;
  /** The bundle's own revision. */
  readonly bundle_revision: string;
  readonly entrypoint: string;
  readonly size: number;
  readonly version_id: string;
  /** What asked for the change: a ticket or pull request. */
  readonly change_request: string;
  readonly state: PolicyState;
  /** Counts the changes of this record, from 1. */
  readonly revision: number;
  readonly author: Person;
  /** The test result that was accepted. */
  readonly tested?: z.output<typeof Tested>;
  /** What it would have decided of what was decided: the newest simulation that counts as a step. */
  readonly simulated?: z.output<typeof Simulated>;
  readonly approver?: Person;
}

const Tested = z.object({
  evidence: z.string(),
  by: z.string(),
  at: z.string(),
  /** Of the rules' lines, in percent, as the test result states it; null where it does not. */
  coverage: z.nullable(z.number()),
});

const Simulated = z.object({
  /** Where it would have stood. */
  slot: z.string(),
  /** Id of the simulation, and digest of its report. */
  simulation: z.string(),
  report: z.string(),
  from: z.string(),
  to: z.string(),
  form: FormSchema,
  counts: CountsSchema,
  at: z.string(),
});

export const PolicyRecordSchema: z.ZodMiniType<PolicyRecord> = z.object({
  sha256: z.string(),
  bundle_revision: z.string(),
  entrypoint: z.string(),
  size: z.number(),
  version_id: z.string(),
  change_request: z.string(),
  state: z.enum(POLICY_STATES),
  revision: z.number(),
  author: PersonSchema,
  tested: z.exactOptional(Tested),
  simulated: z.exactOptional(Simulated),
  approver: z.exactOptional(PersonSchema),
});

/**
 * Puts one policy in force, in place of the one before. The activations are the history of what was in force when: one history
 * of the main policy, and one of each slot beside it.
 */
export interface Activation {
  /** Of a withdrawal: the policy that was withdrawn. */
  readonly sha256: string;
  /** Left out of the main policy's. */
  readonly slot?: Slot;
  /** Digest of the policy that it took the place of; null for the first. */
  readonly previous: string | null;
  /** Where rollbacks lead from here, one after the other, nearest first. */
  readonly back_to: readonly string[];
  /** Why; always of a rollback and of a withdrawal. */
  readonly reason: string | null;
  readonly at: string;
  /** Counts the activations of the main policy, or of the slot, from 1; interrupted ones too. */
  readonly revision: number;
  /** Number of the activation that it took the place of; 0 for the first. One between them was interrupted and never in force. */
  readonly follows: number;
}

export const ActivationSchema: z.ZodMiniType<Activation> = z.object({
  sha256: z.string(),
  slot: z.exactOptional(SlotSchema),
  previous: z.nullable(z.string()),
  back_to: z.array(z.string()),
  reason: z.nullable(z.string()),
  at: z.string(),
  revision: z.number(),
  follows: z.number(),
});

/** An activation together with who asked for it (ARN), and the event that is the evidence of it. */
export interface RecordedActivation extends Activation {
  readonly by: string;
  readonly event: string;
}

export const RecordedActivationSchema: z.ZodMiniType<RecordedActivation> = z.intersection(
  ActivationSchema,
  z.object({ by: z.string(), event: z.string() }),
);

/** Rollbacks that can follow each other. */
export const MAX_ROLLBACKS = 20;

type Step = 'test' | 'simulate' | 'shadow' | 'approve' | 'activate';
const AFTER: Readonly<Record<Step, readonly PolicyState[]>> = {
  test: ['proposed'],
  simulate: ['tested', 'simulated', 'approved'],
  // It opens and closes nothing: it is how an approver comes to know a candidate.
  shadow: ['tested', 'simulated', 'approved'],
  approve: ['simulated'],
  activate: ['approved'],
};

/** @throws DomainError POLICY_STATE_CONFLICT when the step before was not taken */
export function requireStep({ sha256, state }: PolicyRecord, step: Step): void {
  if (AFTER[step].includes(state)) return;
  throw new DomainError(
    'POLICY_STATE_CONFLICT',
    `the policy ${sha256} is ${state}; to ${step} it, it must be ${AFTER[step].join(' or ')}`,
    {
      hint: 'a policy is proposed, tested, simulated, approved by another person, and then activated; `countersign policy show` tells where it stands',
    },
  );
}

/** How far back a simulation must look to count as a step, and for how long it does. */
export const HISTORY_DAYS = 30;
const FRESH_DAYS = 7;

/**
 * Whether a simulation takes its policy a step further; another one is a question among others. A policy that broke down must be
 * mended first. Stored decisions that are gone keep no policy out for ever: the step's counts tell how many were not judged.
 */
export function isStep({ from, to, environment, counts, unjudged_codes }: SimulationReport): boolean {
  const looksFarBack = environment === null && Date.parse(to) - Date.parse(from) >= HISTORY_DAYS * DAY_MS;
  const judgedSome = counts.decisions === 0 || counts.unjudged < counts.decisions;
  return looksFarBack && judgedSome && !unjudged_codes.some(({ code }) => BREAKDOWNS.has(code));
}

/** @throws DomainError POLICY_STATE_CONFLICT when much may have been decided since the policy was simulated */
export function requireFreshSimulation({ sha256, simulated }: PolicyRecord, now: Date): void {
  if (simulated && now.getTime() - Date.parse(simulated.to) <= FRESH_DAYS * DAY_MS) return;
  throw new DomainError(
    'POLICY_STATE_CONFLICT',
    `the policy ${sha256} was simulated up to ${simulated?.to}; to approve it, that must be at most ${FRESH_DAYS} days ago`,
    { hint: `\`countersign policy simulate ${sha256}\`` },
  );
}

/**
 * A main policy that gives denials shuts every gate. Where the simulation had nothing to judge, nobody knows how it answers: the
 * first policy of all comes into force so.
 *
 * @throws DomainError POLICY_STATE_CONFLICT for one that gave denials when it was simulated
 */
export function requireVerdicts({ sha256, simulated }: PolicyRecord): void {
  if (simulated?.form !== 'denials') return;
  throw new DomainError(
    'POLICY_STATE_CONFLICT',
    `the policy ${sha256} cannot be the main one: when it was simulated, it gave denials`,
    { hint: 'what gives denials stands beside the main policy: `countersign policy activate SHA256 --slot NAME`' },
  );
}

/**
 * What takes the place of another policy may open what that one kept shut: that must have been seen. Into a slot in which nothing
 * stands it may come as it was simulated elsewhere, for there it can only close.
 *
 * @throws DomainError POLICY_STATE_CONFLICT
 */
export function requireSimulatedFor({ sha256, simulated }: PolicyRecord, slot: string, isEmpty: boolean): void {
  if (simulated?.slot === slot || (slot !== MAIN && isEmpty)) return;
  throw new DomainError(
    'POLICY_STATE_CONFLICT',
    `the policy ${sha256} was simulated for the place ${simulated?.slot}, not for ${slot}, where it would replace another`,
    { hint: `\`countersign policy simulate ${sha256} --slot ${slot}\`, and approve it anew`, pointer: '/slot' },
  );
}

/** @throws DomainError DUTIES_NOT_SEPARATE when the one who approves is the one who wrote */
export function requireOther({ author }: PolicyRecord, approver: { readonly unique_id: string }): void {
  if (approver.unique_id !== author.unique_id) return;
  throw new DomainError('DUTIES_NOT_SEPARATE', 'the author of a policy does not approve it', {
    hint: 'another policy approver runs `countersign policy approve`',
  });
}
