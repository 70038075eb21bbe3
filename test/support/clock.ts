import type { Clock } from '../../lib/app/ports.ts';
import { NOW } from './manifests.ts';

/** A clock that moves only when it is told to. */
export interface TestClock {
  readonly now: Clock;
  advance(milliseconds: number): void;
  set(instant: string): void;
}

export const SECOND = 1000;
export const DAY = 24 * 60 * 60 * SECOND;

export function testClock(start = NOW): TestClock {
  let at = Date.parse(start);
  return {
    now: () => new Date(at),
    advance: (milliseconds) => {
      at += milliseconds;
    },
    set: (instant) => {
      at = Date.parse(instant);
    },
  };
}
