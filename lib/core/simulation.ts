import * as z from 'zod/mini';
import { ENVIRONMENTS, type Environment } from '../contracts/predicates.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { DomainError } from './errors.ts';
import { type Counts, CountsSchema } from './gate/what-if-report.ts';
import { DAY_MS } from './time.ts';

/** What is asked: what would have been decided, with the policy in its place, of all that was decided from `from` on and before `to`? */
export interface SimulationQuestion {
  /** Digest of the policy bundle. */
  readonly policy: string;
  /** Where it would stand: in the place of what stood there, as tightly bounded as there. */
  readonly slot: string;
  /** RFC 3339 in UTC. */
  readonly from: string;
  readonly to: string;
  /** Null: all of them. */
  readonly environment: Environment | null;
}

/** One simulation, as the workflow table has it. */
export interface Simulation extends SimulationQuestion {
  readonly id: string;
  readonly state: 'running' | 'finished' | 'failed';
  /** Counts its executions, from 1. */
  readonly attempt: number;
  readonly requested_at: string;
  readonly requested_by: z.output<typeof Requester>;
  /** Chunks that the decisions are evaluated in; null while they are listed. */
  readonly chunks: number | null;
  /** Gates in the range that decided nothing, because they were skipped; null while they are listed. */
  readonly skipped: number | null;
  /** Digest of the report; null until it is finished. */
  readonly report: string | null;
  readonly counts: Counts | null;
  /** Why it fails: the code of a problem, and a sentence. */
  readonly failure: { readonly code: string; readonly detail: string } | null;
  readonly updated_at: string;
  /** Counts the changes of this record, from 1. */
  readonly revision: number;
}

const Requester = z.object({ arn: z.string(), unique_id: z.string(), account: z.string() });

export const SimulationSchema: z.ZodMiniType<Simulation> = z.object({
  id: z.string(),
  policy: z.string(),
  slot: z.string(),
  from: z.string(),
  to: z.string(),
  environment: z.nullable(z.enum(ENVIRONMENTS)),
  state: z.enum(['running', 'finished', 'failed']),
  attempt: z.number(),
  requested_at: z.string(),
  requested_by: Requester,
  chunks: z.nullable(z.number()),
  skipped: z.nullable(z.number()),
  report: z.nullable(z.string()),
  counts: z.nullable(CountsSchema),
  failure: z.nullable(z.object({ code: z.string(), detail: z.string() })),
  updated_at: z.string(),
  revision: z.number(),
});

/** Longest range of one simulation. */
export const MAX_RANGE_DAYS = 400;

/** The same question is the same simulation. */
export function simulationId({ policy, slot, from, to, environment }: SimulationQuestion): string {
  return sha256Hex(canonicalBytes({ policy, slot, from, to, environment }));
}

/** Name of an execution; Step Functions takes up to 80 characters. */
export function executionName({ id, attempt }: Pick<Simulation, 'id' | 'attempt'>): string {
  return `${id}-${attempt}`;
}

/** @throws DomainError REQUEST_INVALID */
export function requireRange({ from, to }: SimulationQuestion, now: Date): void {
  const refuse = (what: string, pointer: string): never => {
    throw new DomainError('REQUEST_INVALID', what, { pointer });
  };
  if (Date.parse(to) > now.getTime()) refuse('to must not lie in the future', '/to');
  if (from >= to) refuse('from must lie before to', '/from');
  if (Date.parse(to) - Date.parse(from) > MAX_RANGE_DAYS * DAY_MS) {
    refuse(`the range has more than ${MAX_RANGE_DAYS} days`, '/from');
  }
}

/** A decision is found by the time that its gate was asked, and committed within this: a gate has 28 seconds, and clocks differ. */
const COMMITTED_MS = 60_000;

/** Up to when a simulation surely has all decisions of its range: some that were asked for later may not have been committed. */
export function completeUntil({ to, requested_at }: Pick<Simulation, 'to' | 'requested_at'>): string {
  return new Date(Math.min(Date.parse(to), Date.parse(requested_at) - COMMITTED_MS)).toISOString();
}

/** UTC dates that the range touches, in order. */
export function* datesOf({ from, to }: Pick<SimulationQuestion, 'from' | 'to'>): Generator<string> {
  for (let day = Date.parse(from.slice(0, 10)); day < Date.parse(to); day += DAY_MS) {
    yield new Date(day).toISOString().slice(0, 10);
  }
}

/**
 * Why a simulation failed that did not say it itself: it crashed or ran out of time.
 *
 * @param error - name of the error, as Step Functions has it
 */
export function failureOf(error: string): NonNullable<Simulation['failure']> {
  return { code: 'INTERNAL', detail: `${error.slice(0, 200)}: the log of the simulator has the reason` };
}
