/** Of one SHA-256. */
export const DIGEST_BYTES: 32;

/** Files that several threads hash together: each takes the next one that nobody has taken. */
export interface SharedWork {
  /** Absolute; the paths are below it. */
  readonly directory: string;
  readonly paths: readonly string[];
  /** One number in shared memory: the index of the next path to take. */
  readonly next: Int32Array<SharedArrayBuffer>;
  /** Shared memory for the SHA-256 of each path, {@link DIGEST_BYTES} each, in the order of the paths. */
  readonly digests: Uint8Array<SharedArrayBuffer>;
}

/** So many more bytes are hashed, or the file that ends the work because it cannot be. */
export type Step = { readonly bytes: number } | { readonly failed: string; readonly reason: string };

/**
 * Hashes files until none is left to take; it holds its thread up between one step and the next.
 * A step is at most 1 MiB.
 */
export function hashShare(work: SharedWork): Generator<Step, void, void>;
