import type { SimulationQuestion } from '../../lib/core/simulation.ts';

/** Message to the seeding process: stores so many decisions of one day. Answered when they are there. */
export interface Seed {
  readonly decisions: number;
  /** UTC date. */
  readonly day: string;
}

/** Message to the evaluating process: lists, evaluates and reports. Answered with {@link Simulated}. */
export interface Simulate {
  readonly question: SimulationQuestion;
}

export interface Simulated {
  /** Time of the listing, the evaluation and the report. */
  readonly ms: number;
  /** The most memory that the process ever had, in bytes. */
  readonly peakBytes: number;
  readonly decisions: number;
  readonly unjudged: number;
}
