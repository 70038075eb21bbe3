import type { GateInput, Verdict } from '../../../../lib/core/gate/input.ts';
import { type AttestationName, signed } from '../edits.ts';
import { PASSING } from '../fixture.ts';

/** Of one rule: [when, input, verdict, codes]. */
export type Row = readonly [when: string, input: GateInput, verdict: Verdict, ...codes: string[]];

export const passes: Row = ['everything is there', PASSING, 'pass'];
/** Undetermined, and perhaps for further reasons. */
export const unreadable = (name: AttestationName, ...codes: string[]): Row => [
  `the ${name} cannot be read`,
  signed(name, 'unreadable'),
  'undetermined',
  ...[...codes, 'evidence_unreadable'].toSorted(),
];

/** By rule. */
export type Rows = Readonly<Record<string, readonly Row[]>>;

/** A list of facts that could not be read. */
export const UNREAD = { known: false, code: 'DEPENDENCY_UNAVAILABLE' } as const;
