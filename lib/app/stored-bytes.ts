import type { EvidenceRecord } from '../core/evidence.ts';
import type { EvidenceStore } from './ports.ts';

/** The bytes as they were sent: from the item, or else the very version that the receipt names. */
export async function storedBytes(
  store: Pick<EvidenceStore, 'read'>,
  { inline, object_key, version_id }: EvidenceRecord,
): Promise<Buffer | undefined> {
  return inline ? Buffer.from(inline) : (await store.read(object_key, version_id))?.bytes;
}
