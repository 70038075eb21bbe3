import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Page } from '../../app/ports.ts';
import type { Releases } from '../../app/promotion/releases.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import { type RecordedRelease, RecordedReleaseSchema } from '../../core/release.ts';
import { type Item, query, readItem, toItem } from './items.ts';
import { indexed, indexKey, queryIndex } from './workflow-index.ts';

/** What sorts behind every release of an instant. */
const LAST = '~';

/** The releases of the workflow table. */
export function dynamoReleases(client: DynamoDBClient, table: string): Releases {
  const list: Releases['list'] = async (endpoint, { limit, notAfter, after }) => {
    const partition = workflow.releases(endpoint);
    const { Items = [], LastEvaluatedKey } = await query(client, {
      TableName: table,
      KeyConditionExpression: notAfter === undefined ? 'pk = :partition' : 'pk = :partition AND sk <= :last',
      ExpressionAttributeValues: marshall(
        { ':partition': partition, ':last': notAfter && `${notAfter}${LAST}` },
        { removeUndefinedValues: true },
      ),
      ScanIndexForward: false,
      Limit: limit,
      ...(after === undefined ? {} : { ExclusiveStartKey: marshall({ pk: partition, sk: after }) }),
    });
    return { items: Items.map(releaseOf), next: LastEvaluatedKey?.sk?.S };
  };

  const next: Releases['next'] = async (endpoint, after) => {
    const { Items: [first] = [] } = await query(client, {
      TableName: table,
      KeyConditionExpression: 'pk = :partition AND sk > :last',
      ExpressionAttributeValues: marshall({ ':partition': workflow.releases(endpoint), ':last': `${after}${LAST}` }),
      Limit: 1,
    });
    return first && releaseOf(first);
  };

  const ofModel: Releases['ofModel'] = async (model, { limit, after }): Promise<Page<RecordedRelease>> => {
    const partition = workflow.releasesOf(model);
    const start = after === undefined ? undefined : indexKey(keyIn(after), partition, after);
    const page = await queryIndex(client, table, partition, { limit, newestFirst: true, after: start });
    return { items: page.items.map(releaseOf), next: page.next };
  };

  return { list, next, ofModel };
}

const releaseOf = (item: Item): RecordedRelease => readItem(RecordedReleaseSchema, item);

/** The index orders a model's releases by time, then by endpoint: an item is found again by that alone. */
export function releaseItem(release: RecordedRelease, model: string): Item {
  const { endpoint, released_at, promotion } = release;
  return toItem(itemKey.release(endpoint, released_at, promotion), {
    ...release,
    ...indexed(workflow.releasesOf(model), `${released_at}#${promotion}#${endpoint}`),
  });
}

function keyIn(order: string) {
  const [releasedAt = '', promotion = '', endpoint = ''] = order.split('#');
  return itemKey.release(endpoint, releasedAt, promotion);
}
