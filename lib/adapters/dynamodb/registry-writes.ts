import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { RegistryChange } from '../../app/ports.ts';
import { itemKey, POLICIES } from '../../core/layout.ts';
import { type Item, put, putAfter, putNew, toItem } from './items.ts';

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
        putAfter(table, current, key.revision - 1),
        put(table, toItem(itemKey.evidenceKeyRecord(key.keyid), key)),
      ];
    }
    case 'policy-changed': {
      const { policy } = change;
      const item = toItem(itemKey.policy(policy.sha256), policy);
      const listed = toItem({ pk: POLICIES, sk: `${policy.author.at}#${policy.sha256}` }, policy);
      return [putAfter(table, item, policy.revision - 1), put(table, listed)];
    }
    case 'waiver-changed': {
      const { waiver } = change;
      const item = toItem(itemKey.waiver(waiver.id), waiver);
      const listed = toItem(itemKey.waiverByEnd(waiver.not_after, waiver.id), waiver);
      return [putAfter(table, item, waiver.revision - 1), put(table, listed)];
    }
    case 'approver-changed': {
      const { approver, contact } = change;
      const { id, revision } = approver;
      const item = toItem(itemKey.approver(id), approver);
      const isErased = approver.contact_sha256 === null;
      // It counts the revisions of the record, so that a rebuild erases it again and brings back none.
      const beside = toItem(itemKey.approverContact(id), { revision, ...(contact && { contact }) });
      return [putAfter(table, item, revision - 1), ...(contact || isErased ? [put(table, beside)] : [])];
    }
    case 'webhook-changed': {
      const { webhook, sealed } = change;
      const { id, revision } = webhook;
      return [
        putAfter(table, toItem(itemKey.subscription(id), webhook), revision - 1),
        ...(sealed ? [put(table, toItem(itemKey.webhookSecrets(id), { revision, sealed }))] : []),
      ];
    }
    case 'policy-activated': {
      const { activation } = change;
      const { at, revision, follows } = activation;
      const slot = activation.slot?.name;
      const current = toItem(itemKey.activation(slot), activation);
      return [
        putAfter(table, current, follows),
        put(table, toItem(itemKey.activationRecord(slot, at, revision), activation)),
      ];
    }
  }
}

/** Attribute that says whose an item is. */
export type Owner = 'unique_id' | 'principal';

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
