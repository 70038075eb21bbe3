import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { CallerContext, CommitOutcome, Registry, RegistryChange, Taken } from '../../app/ports.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import { type EvidenceKey, EvidenceKeySchema } from '../../core/evidence-key.ts';
import { EVIDENCE_KEYS, itemKey, POLICIES, POLICY_ACTIVATIONS, WAIVERS } from '../../core/layout.ts';
import { ActivationSchema, type PolicyRecord, PolicyRecordSchema } from '../../core/policy.ts';
import { KeyRecordSchema, type Principal } from '../../core/registry.ts';
import { type RecordedWaiver, RecordedWaiverSchema } from '../../core/waiver.ts';
import { unavailable } from '../failures.ts';
import { fromItem, getItem, type Item, type ItemKey, put, putNew, toItem, transact } from './items.ts';
import { evidenceWrites, type LedgerConfig } from './ledger.ts';
import { PrincipalSchema } from './schemas.ts';

/** An item that says whose a name or a key is. */
const TakenItem = z.object({
  unique_id: z.exactOptional(z.string()),
  principal: z.exactOptional(z.string()),
  reserved_at: z.exactOptional(z.string()),
});

/** Of 1 MB each. Beyond them the waivers are not known, and waive nothing. */
const MAX_WAIVER_PAGES = 20;

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
    let items: Item[];
    try {
      const answer = await client.send(
        new BatchGetItemCommand({
          RequestItems: {
            [registryTable]: { Keys: [marshall(caller), marshall(itemKey.evidenceKey)], ConsistentRead: true },
          },
        }),
      );
      // Two small items are never cut short by size, so what is left unprocessed was throttled.
      if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw throttled();
      items = answer.Responses?.[registryTable] ?? [];
    } catch (error) {
      return unavailable('DynamoDB', error);
    }
    const principal = items.find((item) => item.pk?.S === caller.pk);
    const evidenceKey = items.find((item) => item.pk?.S === EVIDENCE_KEYS);
    return {
      principal: principal && PrincipalSchema.parse(fromItem(principal)),
      evidenceKey: evidenceKey && EvidenceKeySchema.parse(fromItem(evidenceKey)),
    };
  }

  async function evidenceKey(): Promise<EvidenceKey | undefined> {
    const item = await getItem(client, registryTable, itemKey.evidenceKey);
    return item && EvidenceKeySchema.parse(fromItem(item));
  }

  async function evidenceKeys(): Promise<readonly EvidenceKey[]> {
    const items = await query(
      { ':pk': EVIDENCE_KEYS, ':from': 'key#', ':to': 'key#~' },
      'pk = :pk AND sk BETWEEN :from AND :to',
      100,
    );
    return items.map((item) => EvidenceKeySchema.parse(fromItem(item)));
  }

  async function principalByName(name: string): Promise<Principal | undefined> {
    const pointer = await getItem(client, registryTable, itemKey.principal(name));
    if (!pointer) return undefined;
    const item = await getItem(client, registryTable, itemKey.caller(PrincipalItem.parse(fromItem(pointer)).unique_id));
    const principal = item && PrincipalSchema.parse(fromItem(item));
    return principal?.name === name ? principal : undefined;
  }

  async function keyOwner(keyid: string): Promise<string | undefined> {
    const item = await getItem(client, registryTable, itemKey.keyOwner(keyid));
    return item && OwnerItem.parse(fromItem(item)).principal;
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
    const standing = TakenItem.parse(fromItem((await getItem(client, registryTable, key)) ?? {}));
    const taken = {
      owner: standing[attribute] ?? '',
      ...(standing.reserved_at === undefined ? {} : { reserved_at: standing.reserved_at }),
    };
    return taken.owner === owner ? undefined : taken;
  }

  const keyAt: Registry['keyAt'] = async (keyid, at) => {
    // '~' sorts after every revision that was recorded in that very millisecond.
    const values = { ':pk': itemKey.keyOwner(keyid).pk, ':from': 'at#', ':to': `at#${at.toISOString()}~` };
    const [item] = await query(values, 'pk = :pk AND sk BETWEEN :from AND :to', 1);
    return item && KeyRecordSchema.parse(fromItem(item));
  };

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

  async function query(values: Record<string, string>, condition: string, limit: number): Promise<Item[]> {
    try {
      const answer = await client.send(
        new QueryCommand({
          TableName: registryTable,
          KeyConditionExpression: condition,
          ExpressionAttributeValues: marshall(values),
          ConsistentRead: true,
          ScanIndexForward: false,
          Limit: limit,
        }),
      );
      return answer.Items ?? [];
    } catch (error) {
      return unavailable('DynamoDB', error);
    }
  }

  const policy: Registry['policy'] = async (sha256) => {
    const item = await getItem(client, registryTable, itemKey.policy(sha256));
    return item && PolicyRecordSchema.parse(fromItem(item));
  };

  async function policies(): Promise<readonly PolicyRecord[]> {
    const items = await query({ ':pk': POLICIES }, 'pk = :pk', 100);
    return items.map((item) => PolicyRecordSchema.parse(fromItem(item)));
  }

  const activation: Registry['activation'] = async (at) => {
    const values = { ':pk': POLICY_ACTIVATIONS, ':from': 'at#', ':to': `at#${at.toISOString()}~` };
    const [item] = await query(values, 'pk = :pk AND sk BETWEEN :from AND :to', 1);
    return item && ActivationSchema.parse(fromItem(item));
  };

  async function waiver(id: string): Promise<RecordedWaiver | undefined> {
    const item = await getItem(client, registryTable, itemKey.waiver(id));
    return item && RecordedWaiverSchema.parse(fromItem(item));
  }

  async function waivers(): Promise<readonly RecordedWaiver[] | undefined> {
    const items: RecordedWaiver[] = [];
    let after: QueryCommandOutput['LastEvaluatedKey'];
    for (let page = 0; page < MAX_WAIVER_PAGES; page++) {
      const answer = await pageOf(WAIVERS, after);
      for (const item of answer.Items ?? []) {
        const parsed = RecordedWaiverSchema.safeParse(fromItem(item));
        if (!parsed.success) throw new DomainError('INTEGRITY_FAILURE', 'an item among the waivers is none');
        items.push(parsed.data);
      }
      after = answer.LastEvaluatedKey;
      if (after === undefined) return items;
    }
    return undefined;
  }

  async function pageOf(partition: string, after: QueryCommandOutput['LastEvaluatedKey']): Promise<QueryCommandOutput> {
    try {
      return await client.send(
        new QueryCommand({
          TableName: registryTable,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: marshall({ ':pk': partition }),
          ConsistentRead: true,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      );
    } catch (error) {
      return unavailable('DynamoDB', error);
    }
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
    policy,
    policies,
    activation,
    waiver,
    waivers,
    apply,
  };
}

function throttled(): Error {
  return Object.assign(new Error('unprocessed keys'), { name: 'ThrottlingException' });
}

/** Every write is conditional on what the change was made from, so that of two admins the second is told. */
export function registryWrites(table: string, change: RegistryChange): TransactWriteItem[] {
  switch (change.kind) {
    case 'principal-created': {
      const { principal } = change;
      return [
        putNew(table, toItem(itemKey.caller(principal.unique_id), principal)),
        putOwned(table, toItem(itemKey.principal(principal.name), { unique_id: principal.unique_id }), 'unique_id'),
      ];
    }
    case 'key-changed': {
      const { principal, key, recordedAt, isNew } = change;
      const owner = toItem(itemKey.keyOwner(key.keyid), { principal: principal.name });
      return [
        putAfter(table, toItem(itemKey.caller(principal.unique_id), principal), principal.revision - 1),
        put(table, toItem(itemKey.key(key.keyid, recordedAt, key.revision), key)),
        ...(isNew ? [putOwned(table, owner, 'principal')] : []),
      ];
    }
    case 'evidence-key-activated': {
      const { key } = change;
      const current = toItem(itemKey.evidenceKey, key);
      return [
        key.revision === 1 ? putNew(table, current) : putAfter(table, current, key.revision - 1),
        put(table, toItem(itemKey.evidenceKeyRecord(key.keyid), key)),
      ];
    }
    case 'policy-changed': {
      const { policy } = change;
      const item = toItem(itemKey.policy(policy.sha256), policy);
      const listed = toItem({ pk: POLICIES, sk: `${policy.author.at}#${policy.sha256}` }, policy);
      return [
        policy.revision === 1 ? putNew(table, item) : putAfter(table, item, policy.revision - 1),
        put(table, listed),
      ];
    }
    case 'waiver-changed': {
      const { waiver } = change;
      const item = toItem(itemKey.waiver(waiver.id), waiver);
      return [waiver.revision === 1 ? putNew(table, item) : putAfter(table, item, waiver.revision - 1)];
    }
    case 'policy-activated': {
      const { activation } = change;
      const { at, revision } = activation;
      const current = toItem(itemKey.activation, activation);
      return [
        revision === 1 ? putNew(table, current) : putAfter(table, current, revision - 1),
        put(table, toItem(itemKey.activationRecord(at, revision), activation)),
      ];
    }
  }
}

/** Attribute that says whose an item is. */
type Owner = 'unique_id' | 'principal';

/** A put that must be the first of its key, or by its owner. */
function putOwned(table: string, item: Item, owner: Owner) {
  return {
    Put: {
      TableName: table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(pk) OR #owner = :owner',
      ExpressionAttributeNames: { '#owner': owner },
      ExpressionAttributeValues: { ':owner': item[owner] ?? { NULL: true } },
    },
  };
}

function putAfter(table: string, item: Item, revision: number): TransactWriteItem {
  return {
    Put: {
      TableName: table,
      Item: item,
      ConditionExpression: 'revision = :before',
      ExpressionAttributeValues: { ':before': { N: String(revision) } },
    },
  };
}
