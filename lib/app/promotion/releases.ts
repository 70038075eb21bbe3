import type { RecordedRelease } from '../../core/release.ts';
import type { Page } from '../ports.ts';

/**
 * Releases of an endpoint that are looked through for what served before. Whoever goes back, seals that, keeps what it rests on and
 * mirrors it must see the same.
 */
export const LOOKED_BACK = 100;

/** Promotions that are looked through for the last ones that touched an endpoint. */
export const LOOKED_BACK_ENDED = 20;

/** What was released on an endpoint, in the order of time. */
export interface Releases {
  /** Newest first. Consistent. `notAfter` is an instant, `after` a sort key. */
  list(
    endpoint: string,
    options: { readonly limit: number; readonly notAfter?: string | undefined; readonly after?: string | undefined },
  ): Promise<Page<RecordedRelease>>;
  /** The first one later than an instant; undefined when there is none. Consistent. */
  next(endpoint: string, after: string): Promise<RecordedRelease | undefined>;
  /** Those of a model on any endpoint, and the removals of it, newest first; one of this second may be missing. */
  ofModel(
    model: string,
    options: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<Page<RecordedRelease>>;
}
