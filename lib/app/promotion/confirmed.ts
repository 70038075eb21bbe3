import type { PromotionEvent } from '../../core/events.ts';
import { objectKey, promotionStream } from '../../core/layout.ts';
import { ownKeys } from '../gate/judge.ts';
import { openEvent } from '../record-event.ts';
import type { SignedDeps } from './decided.ts';

/** Number of the event by which a second person confirms: it is the first after the request of what waits for them. */
const CONFIRMATION = 2;

/**
 * How a second person confirmed a promotion past the gate, believed by its signature.
 *
 * @returns undefined where nobody did
 * @throws DomainError SIGNATURE_INVALID, INTEGRITY_FAILURE
 */
export async function readConfirmation(
  { store, registry }: Pick<SignedDeps, 'store' | 'registry'>,
  promotion: string,
): Promise<PromotionEvent | undefined> {
  const name = objectKey.event(promotionStream(promotion), CONFIRMATION);
  const [object, keyOf] = await Promise.all([store.read(name), ownKeys(registry, undefined)([])]);
  const body = object && openEvent(object, name, keyOf).body;
  return body?.action === 'promotion-confirmed' ? body : undefined;
}
