import type { GateInput, Verdict } from '../../../lib/core/gate/input.ts';
import { DATA } from './cases/data.ts';
import { MAKING } from './cases/making.ts';
import { QUALITY } from './cases/quality.ts';
import { RELEASE } from './cases/release.ts';

/** What one rule answers to one set of facts. */
export interface Case {
  readonly rule: string;
  readonly when: string;
  readonly input: GateInput;
  readonly verdict: Verdict;
  /** Codes of the reasons, sorted. */
  readonly codes: readonly string[];
}

/** Each rule's answers, both ways. */
export const CASES: readonly Case[] = Object.entries({ ...DATA, ...MAKING, ...QUALITY, ...RELEASE }).flatMap(
  ([rule, rows]) => rows.map(([when, input, verdict, ...codes]) => ({ rule, when, input, verdict, codes })),
);
