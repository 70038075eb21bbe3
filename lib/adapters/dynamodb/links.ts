import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Links, Visits } from '../../app/approvals/ports.ts';
import { TTL_ATTRIBUTE } from '../../contracts/storage.ts';
import { type Link, LinkSchema } from '../../core/approvals/link.ts';
import { itemKey } from '../../core/layout.ts';
import { getItem, getItems, type Item, putIfAt, readItem, toItem } from './items.ts';
import { standingIn } from './promotions.ts';

/** Seconds that a link is kept beyond its end: its page still tells what became of the promotion. */
const KEPT_SECONDS = 90 * 24 * 3600;

export function dynamoLinks(client: DynamoDBClient, table: string): Links {
  return {
    async find(id) {
      const item = await getItem(client, table, itemKey.link(id));
      return item && readItem(LinkSchema, item);
    },
    save: async (link) => await putIfAt(client, table, linkItem(link), link.revision - 1),
  };
}

export function dynamoVisits(client: DynamoDBClient, table: string): Visits {
  return {
    async find(link, promotion, roles) {
      const key = itemKey.link(link);
      const asks = roles.map((role) => itemKey.ask(promotion, role));
      const items = await getItems(client, table, [key, itemKey.promotion(promotion), ...asks]);
      const found = items.find((item) => item.pk?.S === key.pk);
      const standing = standingIn(items.filter((item) => item !== found));
      return { link: found && readItem(LinkSchema, found), ...standing };
    },
  };
}

export function linkItem(link: Link): Item {
  const expires = Math.ceil(Date.parse(link.until) / 1000) + KEPT_SECONDS;
  return toItem(itemKey.link(link.id), { ...link, [TTL_ATTRIBUTE]: expires });
}
