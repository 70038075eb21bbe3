import type { LocalDescription } from '../../local/description.ts';

/** First message to a child. `module` is a bundle: the intake function's, or the bare calls'. */
export interface Boot {
  readonly kind: 'handler' | 'bare';
  readonly module: string;
  readonly local: LocalDescription;
}

/** Every further message: manifests (base64), none of which was posted before. */
export interface Round {
  readonly manifests: readonly string[];
}

/** What one round took in the child, without its preparation. */
export interface RoundCost {
  /** User and system time of all threads, in ms. */
  readonly cpuMs: number;
  readonly wallMs: number;
}
