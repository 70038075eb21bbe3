import type { DynamoDBClient, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Approvals, Decided, Standing } from '../../app/approvals/ports.ts';
import { ENVIRONMENTS } from '../../contracts/predicates.ts';
import type { RecordedApproval } from '../../core/approvals/approval.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import type { Ask, Promotion } from '../../core/promotion.ts';
import { ifAt, putAfter, putNew, queryPartition, readItem, toItem, transact } from './items.ts';
import { evidenceWrites } from './ledger.ts';
import { linkItem } from './links.ts';
import { askItem } from './promotions.ts';
import { indexed, indexKey, queryIndex } from './workflow-index.ts';

const Text = z.string();
export const RecordedApprovalSchema: z.ZodMiniType<RecordedApproval> = z.object({
  evidence: Text,
  role: Text,
  person: Text,
  decision: z.enum(['approved', 'rejected']),
  model: Text,
  environment: z.enum(ENVIRONMENTS),
  endpoint: z.nullable(Text),
  image_digest: z.nullable(Text),
  promotion: z.nullable(Text),
  decided_at: Text,
  round: z.number(),
  ended_at: z.nullable(Text),
  end: z.nullable(Text),
});

export interface ApprovalTables {
  readonly client: DynamoDBClient;
  readonly evidenceTable: string;
  readonly workflowTable: string;
}

export function dynamoApprovals({ client, evidenceTable, workflowTable }: ApprovalTables): Approvals {
  const put = (ask: Ask): TransactWriteItem => putAfter(workflowTable, askItem(ask), ask.revision - 1);
  return {
    async ask(ask, links, promotion) {
      const failed = await transact(client, [
        put(ask),
        ...links.map((link) => putNew(workflowTable, linkItem(link))),
        stillAsks(workflowTable, promotion),
      ]);
      return failed === undefined;
    },
    async claim(ask, link, { promotion, others }) {
      const failed = await transact(client, [
        put(ask),
        putAfter(workflowTable, linkItem(link), link.revision - 1),
        stillAsks(workflowTable, promotion),
        ...others.map((other) => unchanged(workflowTable, other)),
      ]);
      return failed === undefined;
    },
    async give({ record, entries }, approval, ask) {
      const failed = await transact(client, [
        ...evidenceWrites(evidenceTable, record, entries),
        putNew(workflowTable, approvalItem(approval)),
        ...(ask === undefined ? [] : [put(ask)]),
      ]);
      return failed === undefined;
    },
    async end({ record, entries }, approval, ask) {
      const failed = await transact(client, [
        ...evidenceWrites(evidenceTable, record, entries),
        putEnded(workflowTable, approval),
        ...(ask === undefined ? [] : [put(ask)]),
      ]);
      return failed === undefined;
    },
    async of(model) {
      const approvals: RecordedApproval[] = [];
      for await (const page of queryPartition(client, workflowTable, workflow.approvals(model))) {
        approvals.push(...page.map((item) => readItem(RecordedApprovalSchema, item)));
      }
      return approvals;
    },
  };
}

/** The index orders what a person decided by time; the model at the end is what the item is found again by. */
export function approvalItem(approval: RecordedApproval) {
  const { model, decided_at, evidence, person } = approval;
  const key = itemKey.approval(model, decided_at, evidence);
  return toItem(key, { ...approval, ...indexed(workflow.decidedBy(person), `${key.sk}#${model}`) });
}

/** Of the workflow table, what people decided, by who it was. */
export function dynamoDecided(client: DynamoDBClient, table: string): Decided {
  return {
    async by(person, { limit, after }) {
      const partition = workflow.decidedBy(person);
      const [decidedAt = '', evidence = '', model = ''] = after?.split('#') ?? [];
      const start = after && indexKey(itemKey.approval(model, decidedAt, evidence), partition, after);
      const page = await queryIndex(client, table, partition, { limit, newestFirst: true, after: start || undefined });
      return { items: page.items.map((item) => readItem(RecordedApprovalSchema, item)), next: page.next };
    },
  };
}

function putEnded(table: string, approval: RecordedApproval): TransactWriteItem {
  return {
    Put: {
      TableName: table,
      Item: approvalItem(approval),
      ConditionExpression: 'ended_at = :standing',
      ExpressionAttributeValues: { ':standing': { NULL: true } },
    },
  };
}

/**
 * A promotion that ended, asks anew, or asks about another decision of its gate asks nobody as it did, and takes no decision: whoever
 * writes its record meanwhile decides which is first.
 */
function stillAsks(table: string, { id, state, round, request_decision }: Promotion): TransactWriteItem {
  return {
    ConditionCheck: {
      TableName: table,
      Key: marshall(itemKey.promotion(id)),
      ConditionExpression:
        '#state = :state AND #round = :round AND #abort = :none AND #request_decision.#evidence = :shown',
      ExpressionAttributeNames: {
        '#state': 'state',
        '#round': 'round',
        '#abort': 'abort',
        '#request_decision': 'request_decision',
        '#evidence': 'evidence',
      },
      ExpressionAttributeValues: marshall({
        ':state': state,
        ':round': round,
        ':none': null,
        ':shown': request_decision?.evidence ?? '',
      }),
    },
  };
}

function unchanged(table: string, { promotion, role, revision }: Standing['others'][number]): TransactWriteItem {
  return { ConditionCheck: { TableName: table, Key: marshall(itemKey.ask(promotion, role)), ...ifAt(revision) } };
}
