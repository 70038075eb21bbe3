import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { CallerContext, CommitOutcome, Registry, RegistryChange, Taken } from '../../app/ports.ts';
import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import { type EvidenceKey, EvidenceKeySchema } from '../../core/evidence-key.ts';
import type { RecordedKey } from '../../core/key-history.ts';
import { EVIDENCE_KEYS, itemKey, POLICIES, POLICY_ACTIVATIONS } from '../../core/layout.ts';
import {
  type Activation,
  ActivationSchema,
  type PolicyRecord,
  PolicyRecordSchema,
  type RecordedActivation,
  RecordedActivationSchema,
} from '../../core/policy.ts';
import { KeyRecordSchema, type Principal } from '../../core/registry.ts';
import { slotOf } from '../../core/slots.ts';
import { type RecordedWaiver, RecordedWaiverSchema } from '../../core/waiver.ts';
import { unavailable } from '../failures.ts';
import {
  getItem,
  getItems,
  type Item,
  type ItemKey,
  query,
  queryPartition,
  readItem,
  toItem,
  transact,
} from './items.ts';
import { evidenceWrites, type LedgerConfig } from './ledger.ts';
import { type Owner, registryWrites } from './registry-writes.ts';
import { PrincipalSchema } from './schemas.ts';
import { dynamoWaivers } from './waivers.ts';

/** An item that says whose a name or a key is. */
const TakenItem = z.object({
  unique_id: z.exactOptional(z.string()),
  principal: z.exactOptional(z.string()),
  reserved_at: z.exactOptional(z.string()),
});

interface Reservation {
  readonly key: ItemKey;
  readonly attribute: Owner;
  readonly owner: string;
  readonly at: Date;
  readonly abandoned: Taken | undefined;
}

const PrincipalItem = z.object({ unique_id: z.string() });
const OwnerItem = z.object({ principal: z.string() });

export function dynamoRegistry({ client, evidenceTable, registryTable }: LedgerConfig): Registry {
  async function context(uniqueId: string): Promise<CallerContext> {
    const caller = itemKey.caller(uniqueId);
    const items = await getItems(client, registryTable, [caller, itemKey.evidenceKey]);
    const principal = items.find((item) => item.pk?.S === caller.pk);
    const evidenceKey = items.find((item) => item.pk?.S === EVIDENCE_KEYS);
    return {
      principal: principal && readItem(PrincipalSchema, principal),
      evidenceKey: evidenceKey && readItem(EvidenceKeySchema, evidenceKey),
    };
  }

  async function evidenceKey(): Promise<EvidenceKey | undefined> {
    const item = await getItem(client, registryTable, itemKey.evidenceKey);
    return item && readItem(EvidenceKeySchema, item);
  }

  async function evidenceKeys(): Promise<readonly EvidenceKey[]> {
    const items = await latest(EVIDENCE_KEYS, 'key#', 'key#~', 100);
    return items.map((item) => readItem(EvidenceKeySchema, item));
  }

  async function principalByName(name: string): Promise<Principal | undefined> {
    const pointer = await getItem(client, registryTable, itemKey.principal(name));
    if (!pointer) return undefined;
    const item = await getItem(client, registryTable, itemKey.caller(readItem(PrincipalItem, pointer).unique_id));
    const principal = item && readItem(PrincipalSchema, item);
    return principal?.name === name ? principal : undefined;
  }

  async function keyOwner(keyid: string): Promise<string | undefined> {
    const item = await getItem(client, registryTable, itemKey.keyOwner(keyid));
    return item && readItem(OwnerItem, item).principal;
  }

  const reserveName: Registry['reserveName'] = async (name, uniqueId, at, abandoned) =>
    await reserve({ key: itemKey.principal(name), attribute: 'unique_id', owner: uniqueId, at, abandoned });

  const reserveKey: Registry['reserveKey'] = async (keyid, principal, at, abandoned) =>
    await reserve({ key: itemKey.keyOwner(keyid), attribute: 'principal', owner: principal, at, abandoned });

  async function reserve({ key, attribute, owner, at, abandoned }: Reservation): Promise<Taken | undefined> {
    const item = toItem(key, { [attribute]: owner, reserved_at: at.toISOString() });
    try {
      await client.send(
        new PutItemCommand({
          TableName: registryTable,
          Item: item,
          // What an event gave to its owner is no reservation any more, and stays as it is.
          ConditionExpression: abandoned
            ? '#owner = :owner AND reserved_at = :at'
            : 'attribute_not_exists(pk) OR (#owner = :owner AND attribute_exists(reserved_at))',
          ExpressionAttributeNames: { '#owner': attribute },
          ExpressionAttributeValues: marshall(
            abandoned ? { ':owner': abandoned.owner, ':at': abandoned.reserved_at ?? '' } : { ':owner': owner },
          ),
        }),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) return unavailable('DynamoDB', error);
    }
    const found = await getItem(client, registryTable, key);
    const standing = found ? readItem(TakenItem, found) : {};
    const taken = {
      owner: standing[attribute] ?? '',
      ...(standing.reserved_at === undefined ? {} : { reserved_at: standing.reserved_at }),
    };
    return taken.owner === owner ? undefined : taken;
  }

  const keyAt: Registry['keyAt'] = async (keyid, at) => {
    // '~' sorts after every revision that was recorded in that very millisecond.
    const [item] = await latest(itemKey.keyOwner(keyid).pk, 'at#', `at#${at.toISOString()}~`, 1);
    return item && readItem(KeyRecordSchema, item);
  };

  async function keyHistory(keyid: string): Promise<readonly RecordedKey[]> {
    const revisions: RecordedKey[] = [];
    for await (const page of queryPartition(client, registryTable, itemKey.keyOwner(keyid).pk)) {
      for (const item of page) {
        const recordedAt = recordedAtOf(item);
        if (recordedAt !== undefined) revisions.push({ recordedAt, key: readItem(KeyRecordSchema, item) });
      }
    }
    return revisions;
  }

  async function apply(
    event: EvidenceRecord,
    entries: readonly IndexEntry[],
    change: RegistryChange,
  ): Promise<CommitOutcome> {
    const evidence = evidenceWrites(evidenceTable, event, entries);
    const failed = await transact(client, [...evidence, ...registryWrites(registryTable, change)]);
    if (failed === undefined) return 'committed';
    return failed < evidence.length ? 'exists' : 'principal-changed';
  }

  /** The last items, by their sort keys, of a part of a partition. */
  async function latest(partition: string, from: string, to: string, limit: number): Promise<readonly Item[]> {
    const { Items: items = [] } = await query(client, {
      TableName: registryTable,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: marshall({ ':pk': partition, ':from': from, ':to': to }),
      ScanIndexForward: false,
      Limit: limit,
    });
    return items;
  }

  const policy: Registry['policy'] = async (sha256) => {
    const item = await getItem(client, registryTable, itemKey.policy(sha256));
    return item && readItem(PolicyRecordSchema, item);
  };

  async function policies(): Promise<readonly PolicyRecord[]> {
    const all: PolicyRecord[] = [];
    for await (const page of queryPartition(client, registryTable, POLICIES, { newestFirst: true })) {
      all.push(...page.map((item) => readItem(PolicyRecordSchema, item)));
    }
    return all;
  }

  const activations: Registry['activations'] = async (at) => {
    // What is in force now is one run of items; what was is told by the history of all slots up to then.
    const between =
      at === undefined ? (['current', 'current~'] as const) : (['at#', `at#${at.toISOString()}~`] as const);
    const bySlot = new Map<string, Activation>();
    for await (const page of queryPartition(client, registryTable, POLICY_ACTIVATIONS, { between })) {
      for (const item of page) {
        const activation = readItem(ActivationSchema, item);
        bySlot.set(slotOf(activation), activation);
      }
    }
    return [...bySlot.values()];
  };

  async function activationHistory(): Promise<readonly RecordedActivation[]> {
    const all: RecordedActivation[] = [];
    const between = ['at#', 'at#~'] as const;
    for await (const page of queryPartition(client, registryTable, POLICY_ACTIVATIONS, { between })) {
      all.push(...page.map((item) => readItem(RecordedActivationSchema, item)));
    }
    return all;
  }

  async function waiver(id: string): Promise<RecordedWaiver | undefined> {
    const item = await getItem(client, registryTable, itemKey.waiver(id));
    return item && readItem(RecordedWaiverSchema, item);
  }

  return {
    context,
    evidenceKey,
    evidenceKeys,
    principalByName,
    reserveName,
    reserveKey,
    keyOwner,
    keyAt,
    keyHistory,
    policy,
    policies,
    activations,
    activationHistory,
    waiver,
    ...dynamoWaivers(client, registryTable),
    apply,
  };
}

/** Undefined of the partition's one item that is no revision: whose the key is. */
function recordedAtOf(item: Item): string | undefined {
  const [kind, recordedAt] = item.sk?.S?.split('#') ?? [];
  return kind === 'at' ? recordedAt : undefined;
}
