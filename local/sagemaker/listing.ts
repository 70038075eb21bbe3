import { invalid } from './errors.ts';
import type { ListQuery } from './requests.ts';

/** What a list is filtered and sorted by. Times are in seconds since the epoch, as in the request. */
export interface Listed {
  readonly name: string;
  readonly created: number;
  readonly modified: number;
  readonly status: string;
}

/** One page of a list: ten entries, the newest first, unless asked otherwise. */
export function page<T extends Listed>(all: readonly T[], query: ListQuery) {
  const sorted = all.filter((item) => matches(item, query)).sort(ORDERS[query.SortBy ?? 'CreationTime']);
  if (query.SortOrder !== 'Ascending') sorted.reverse();
  const from = query.NextToken === undefined ? 0 : offsetOf(query.NextToken);
  const to = from + (query.MaxResults ?? 10);
  return { items: sorted.slice(from, to), ...(to < sorted.length ? { NextToken: tokenOf(to) } : {}) };
}

const ORDERS: Readonly<Record<NonNullable<ListQuery['SortBy']>, (one: Listed, other: Listed) => number>> = {
  Name: (one, other) => one.name.localeCompare(other.name, 'en'),
  CreationTime: (one, other) => one.created - other.created,
  Status: (one, other) => one.status.localeCompare(other.status, 'en'),
};

function matches(item: Listed, query: ListQuery): boolean {
  const { NameContains = '', StatusEquals = item.status } = query;
  return (
    item.name.toLowerCase().includes(NameContains.toLowerCase()) &&
    item.status === StatusEquals &&
    isBetween(item.created, query.CreationTimeAfter, query.CreationTimeBefore) &&
    isBetween(item.modified, query.LastModifiedTimeAfter, query.LastModifiedTimeBefore)
  );
}

function isBetween(at: number, from = Number.NEGATIVE_INFINITY, before = Number.POSITIVE_INFINITY): boolean {
  return from <= at && at < before;
}

function tokenOf(offset: number): string {
  return Buffer.from(`from ${offset}`).toString('base64url');
}

function offsetOf(token: string): number {
  const offset = /^from (\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1];
  if (offset === undefined) throw invalid('Invalid NextToken.');
  return Number(offset);
}
