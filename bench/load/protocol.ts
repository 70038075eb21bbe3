import type { LocalDescription } from '../../local/description.ts';

/** First message to the load client; it answers `ready`. */
export interface Boot {
  readonly local: LocalDescription;
  readonly principal: string;
  readonly pem: string;
}

/** Keeps `concurrency` requests under way until the time is over or so many manifests are posted. */
export interface Load {
  readonly name: string;
  readonly concurrency: number;
  readonly forMs: number;
  readonly atMost: number;
}

export interface LoadResult {
  /** Digests of the evidence that was accepted. */
  readonly accepted: readonly string[];
  /** Whole time of each accepted POST, in ms. */
  readonly latenciesMs: readonly number[];
  /** What went wrong, one line each. */
  readonly errors: readonly string[];
  readonly elapsedMs: number;
}
