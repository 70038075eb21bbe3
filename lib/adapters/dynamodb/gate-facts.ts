import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { GateFacts } from '../../app/gate/ports.ts';
import type { RecordedApproval } from '../../core/approvals/approval.ts';
import { DomainError } from '../../core/errors.ts';
import type { GateFinding, Known } from '../../core/gate/input.ts';
import { endpointKey, workflow } from '../../core/layout.ts';
import { RecordedApprovalSchema } from './approvals.ts';
import { fromItem, queryPartition } from './items.ts';

const Text = z.string();
const FindingSchema: z.ZodMiniType<GateFinding> = z.object({
  id: Text,
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  about: Text,
  opened_at: Text,
});
/** Lists beyond this are not read to their end, and then not known. */
const MAX_PAGES = 10;

export interface DynamoGateFacts extends Pick<GateFacts, 'findings'> {
  /** As the table has them, which is no proof. */
  listedApprovals(model: string): Promise<Known<RecordedApproval>>;
}

/**
 * What a gate reads for its absence, from base-table partitions of the workflow table, consistently and whole. What cannot be
 * read is said not to be known: the rules answer undetermined and nothing opens.
 */
export function dynamoGateFacts(client: DynamoDBClient, table: string): DynamoGateFacts {
  async function whole<T>(partition: string, schema: z.ZodMiniType<T>): Promise<Known<T>> {
    const items: T[] = [];
    let pages = 0;
    try {
      for await (const page of queryPartition(client, table, partition)) {
        if (++pages > MAX_PAGES) return { known: false, code: 'LIST_TOO_LONG' };
        for (const item of page) {
          const parsed = schema.safeParse(fromItem(item));
          if (!parsed.success) return { known: false, code: 'RECORD_INVALID' };
          items.push(parsed.data);
        }
      }
      return { known: true, items };
    } catch (error) {
      if (error instanceof DomainError) return { known: false, code: error.code };
      throw error;
    }
  }

  return {
    listedApprovals: (model) => whole(workflow.approvals(model), RecordedApprovalSchema),
    findings: async (about) => {
      const open = await whole(workflow.openFindings, FindingSchema);
      if (!open.known) return open;
      // Digests are in lower case already.
      const wanted = new Set(about.map(endpointKey));
      return { known: true, items: open.items.filter((finding) => wanted.has(endpointKey(finding.about))) };
    },
  };
}
