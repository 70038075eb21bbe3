import { DomainError } from '../../core/errors.ts';
import type { GateWaiver, Known } from '../../core/gate/input.ts';
import { gateWaiver } from '../../core/waiver.ts';
import type { Registry } from '../ports.ts';

/** Every approved waiver; which of them holds where and when is for the policy to say. */
export async function knownWaivers({ waivers }: Pick<Registry, 'waivers'>): Promise<Known<GateWaiver>> {
  try {
    const all = await waivers();
    if (!all) return { known: false, code: 'LIST_TOO_LONG' };
    return { known: true, items: all.flatMap((waiver) => gateWaiver(waiver) ?? []) };
  } catch (error) {
    if (error instanceof DomainError) return { known: false, code: error.code };
    throw error;
  }
}
