import type { PromotionErrorName } from '../../contracts/promotion.ts';

/**
 * Ends a step of a promotion in a way that the state machine tells by the error's name. `code` and `message`, a sentence for
 * people, go into the promotion's record; the state machine hands on neither.
 */
export class PromotionFailure extends Error {
  override readonly name: PromotionErrorName;
  readonly code: string;

  constructor(name: PromotionErrorName, code: string, message: string) {
    super(message);
    this.name = name;
    this.code = code;
  }
}
