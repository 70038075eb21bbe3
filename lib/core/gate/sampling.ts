import type { SamplingRates } from '../../contracts/env.ts';
import type { Environment } from '../../contracts/predicates.ts';
import { sha256Hex } from '../digest.ts';

/**
 * Whether the gate checks what a run made: the first 32 bits of the SHA-256 of its id, as a fraction, lie below the rate. So
 * anyone can say beforehand and afterwards which runs are checked, and a retry changes nothing. Whoever chooses run ids chooses
 * with them whether they are checked: that is why production knows no rate.
 *
 * @param rate - 0 to 1
 */
export function isSampled(runId: string, rate: number): boolean {
  return Number.parseInt(sha256Hex(runId).slice(0, 8), 16) / 2 ** 32 < rate;
}

/** What is checked in full always has the rate 1. */
export function samplingRate(rates: SamplingRates, environment: Environment, isReleaseCandidate: boolean): number {
  return environment === 'production' || isReleaseCandidate ? 1 : rates[environment];
}
