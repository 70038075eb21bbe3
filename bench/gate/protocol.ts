import type { JsonObject } from '../../lib/core/json.ts';
import type { LocalDescription } from '../../local/description.ts';

/** First message to the evaluator: files of the policy bundle and of the facts. It answers with {@link Loaded}. */
export interface Load {
  readonly bundle: string;
  readonly facts: string;
}

export interface Loaded {
  /** From the bytes of the bundle to a policy that can be asked, in a process that has loaded none before. */
  readonly loadMs: number;
}

/** Every further message; answered with {@link Evaluated}. */
export interface Evaluate {
  readonly times: number;
}

export interface Evaluated {
  readonly latenciesMs: readonly number[];
  /** The last answer. */
  readonly answer: unknown;
}

/** First message to the client of the whole gate. */
export interface Boot {
  readonly local: LocalDescription;
}

/** Every further one: a question that is asked so often, one after the other. Answered with the latencies in ms. */
export interface Ask {
  readonly question: JsonObject;
  readonly times: number;
}
