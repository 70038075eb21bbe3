import { DomainError } from '../core/errors.ts';
import type { RecordedWaiver } from '../core/waiver.ts';
import type { Registry } from './ports.ts';

/** @throws DomainError NOT_FOUND */
export async function requireWaiver(registry: Pick<Registry, 'waiver'>, id: string): Promise<RecordedWaiver> {
  const waiver = await registry.waiver(id);
  if (waiver) return waiver;
  throw new DomainError('NOT_FOUND', `there is no waiver ${id}`, { hint: '`countersign waiver list` shows all' });
}
