import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { GateRows } from '../../app/gate/record.ts';
import type { StatedPromotions } from '../../app/promotion/ports.ts';
import type { Promotion } from '../../core/promotion.ts';
import { putAfter, putNew, transact } from './items.ts';
import { evidenceWrites, type LedgerConfig } from './ledger.ts';
import { promotionItem } from './promotions.ts';
import { releaseItem } from './releases.ts';

/** Of the workflow table and the evidence table. */
export function dynamoStatedPromotions(
  { client, evidenceTable }: Pick<LedgerConfig, 'client' | 'evidenceTable'>,
  table: string,
): StatedPromotions {
  async function write(writes: TransactWriteItem[], { record, entries }: GateRows): Promise<boolean> {
    const failed = await transact(client, [...writes, ...evidenceWrites(evidenceTable, record, entries)]);
    // A reindex may have put it there, of a statement whose writer died.
    const isThere = failed !== undefined && failed >= writes.length;
    return (isThere ? await transact(client, writes) : failed) === undefined;
  }

  const put = (promotion: Promotion) => putAfter(table, promotionItem(promotion), promotion.revision - 1);
  return {
    save: async (promotion, evidence) => await write([put(promotion)], evidence),
    seal: async (promotion, evidence, release, model) =>
      await write([putNew(table, releaseItem(release, model)), put(promotion)], evidence),
  };
}
