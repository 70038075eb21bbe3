import { DomainError } from '../../core/errors.ts';

/** A canonical input beyond this is refused: it would neither fit the policy's memory nor a reader's. */
export const MAX_INPUT_BYTES = 6 * 1024 * 1024;

export interface GateBounds {
  readonly depth: number;
  /** Digests that are followed. */
  readonly digests: number;
  /** Pieces of evidence that are looked at. */
  readonly attestations: number;
  /** Lines of the look-ups that are read on the way, also those that lead nowhere. */
  readonly lines: number;
}

/** The whole input must fit a Lambda and an auditor's patience; collections are attested as one digest. */
export const GATE_BOUNDS: GateBounds = { depth: 32, digests: 1000, attestations: 2000, lines: 20_000 };

/** @throws DomainError GATE_INPUT_TOO_LARGE */
export function inputTooLarge(what: string): never {
  throw new DomainError('GATE_INPUT_TOO_LARGE', what, { hint: 'attest collections instead of their single files' });
}
