/** The process died here: nothing after this line ran. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** A promise that every caller of the ports must keep was broken; never part of a refusal. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken';
}

/** Everything that changes something outside the process. */
export type Step =
  | 'put-attestation'
  | 'put-receipt'
  | 'put-event'
  | 'put-public-key'
  | 'put-gate-input'
  | 'put-decision'
  | 'put-policy'
  | 'put-report'
  | 'put-chunk'
  | 'put-chunk-list'
  | 'put-result'
  | 'save-simulation'
  | 'save-promotion'
  | 'state-promotion'
  | 'save-ask'
  | 'take-lease'
  | 'give-back'
  | 'enqueue'
  | 'dequeue'
  | 'end-wait'
  | 'open-incident'
  | 'put-release'
  | 'put-approval'
  | 'save-ask'
  | 'save-link'
  | 'ask-people'
  | 'claim-approval'
  | 'give-approval'
  | 'end-approval'
  | 'send-mail'
  | 'answer-wait'
  | 'seal-release'
  | 'commit-incident'
  | 'announce'
  | 'mark-done'
  | 'start-execution'
  | 'save-delivery'
  | 'stop-webhook'
  | 'note-lost-signature'
  | 'sign'
  | 'reserve'
  | 'commit'
  | 'apply'
  | 'commit-hold'
  | 'set-legal-hold'
  | 'save-upload'
  | 'start-verifier'
  | 'complete-upload'
  | 'begin-copy'
  | 'copy-parts'
  | 'finish-copy'
  | 'discard'
  | 'extend-retention';

/** `lost`: the call fails and did nothing. `done`: it did all, and the answer is lost. */
export type Fate = 'lost' | 'done';

/**
 * Runs every step of the memory adapters, so that a test can end the process at one of them, do something else just before
 * one, or decide which of several callers goes next.
 */
export class Steps {
  /** Names of the steps that took effect, in order. */
  readonly taken: Step[] = [];
  readonly #fates = new Map<Step, Fate>();
  readonly #before = new Map<Step, () => Promise<unknown>>();
  readonly #turn: () => Promise<void>;

  constructor(turn: () => Promise<void> = () => Promise.resolve()) {
    this.#turn = turn;
  }

  /** The next such step ends in a {@link Crash}. */
  crashAt(step: Step, fate: Fate): void {
    this.#fates.set(step, fate);
  }

  /** What was armed and has not been met yet. */
  get unmet(): readonly Step[] {
    return [...new Set([...this.#fates.keys(), ...this.#before.keys()])];
  }

  /** What was armed and not met is not met later either. */
  disarm(): void {
    this.#fates.clear();
    this.#before.clear();
  }

  /** Runs `act` just before the next such step. */
  before(step: Step, act: () => Promise<unknown>): void {
    this.#before.set(step, act);
  }

  async take<T>(step: Step, effect: () => T): Promise<T> {
    const act = this.#before.get(step);
    this.#before.delete(step);
    await act?.();
    await this.#turn();
    const fate = this.#fates.get(step);
    this.#fates.delete(step);
    if (fate === 'lost') throw new Crash(`${step} failed`);
    const result = effect();
    this.taken.push(step);
    if (fate === 'done') throw new Crash(`${step} was done and its answer lost`);
    await this.#turn();
    return result;
  }

  async read<T>(effect: () => T): Promise<T> {
    await this.#turn();
    return effect();
  }
}
