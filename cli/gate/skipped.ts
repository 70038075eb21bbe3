import type { Skip } from '../../lib/core/gate/skip.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { table } from '../shell.ts';

/**
 * Thrown in place of a decision: the environment is sampled, the model's runs are not chosen, and the gate let the model through
 * without looking. It is no PASSED, so who does not expect it stops.
 */
export class GateSkipped extends Error {
  override readonly name = 'GateSkipped';
  readonly model: string;
  readonly skip: Skip;
  /** Digest of the signed statement, which is evidence. */
  readonly decision: string;
  /** Its Sigstore bundle, byte for byte as it is stored. */
  readonly bundle: Buffer;
  /** The whole answer. */
  readonly answer: JsonObject;

  constructor(model: string, skip: Skip, decision: string, bundle: Buffer, answer: JsonObject) {
    super('the gate did not look: no run that made the model is in the sample');
    this.model = model;
    this.skip = skip;
    this.decision = decision;
    this.bundle = bundle;
    this.answer = answer;
  }
}

/** For a person: what was not done, and how to have it done. */
export function skippedLines({ model, skip, decision }: GateSkipped): string[] {
  return [
    ...table([
      ['result', 'SKIPPED: nothing was checked; the model may enter'],
      ['model', model],
      ['environment', `${skip.environment}, phase ${skip.phase}, which checks ${skip.rate} of all runs`],
      ['runs', skip.run_ids.map(printable).join(', ')],
      ['decision', decision],
    ]),
    'A full check: --release-candidate',
  ];
}
