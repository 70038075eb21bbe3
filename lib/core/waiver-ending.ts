import { Announcement } from '../contracts/announcements.ts';
import { DAY_MS } from './time.ts';
import type { RecordedWaiver } from './waiver.ts';

/** A waiver is announced daily from so long before its end. */
export const ANNOUNCED_DAYS = 14;

/** A CloudEvents 1.0 event in its JSON format. */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** Unique within the source: the same event, however often it is sent. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

/** How long something lasts that ends: `ends in 6 days`. Whole days that are left; what is over has ended. */
export function endsIn(end: string, now: string): string {
  const left = Date.parse(end) - Date.parse(now);
  if (left <= 0) return `ended ${end}`;
  const days = Math.floor(left / DAY_MS);
  if (days === 0) return 'ends within a day';
  return `ends in ${days} ${days === 1 ? 'day' : 'days'}`;
}

/** The approved waivers that end by themselves soon, the first to end first. */
export function endingWaivers(waivers: readonly RecordedWaiver[], now: Date): readonly RecordedWaiver[] {
  const soon = new Date(now.getTime() + ANNOUNCED_DAYS * DAY_MS).toISOString();
  return waivers
    .filter(
      ({ approver, ended, not_after }) => approver && !ended && not_after > now.toISOString() && not_after <= soon,
    )
    .toSorted((a, b) => (a.not_after < b.not_after ? -1 : 1));
}

/** One event per waiver and day: consumers tell what is sent again by its id. */
export function endingEvent(waiver: RecordedWaiver, stage: string, now: Date): CloudEvent {
  const { id, rule, scope, not_after, reason, compensating_control, requester, approver, event } = waiver;
  const time = now.toISOString();
  return {
    specversion: '1.0',
    id: `${id}/${time.slice(0, 10)}`,
    source: `urn:countersign:${stage}`,
    type: Announcement.waiverEnding,
    subject: id,
    time,
    datacontenttype: 'application/json',
    data: {
      waiver: id,
      rule,
      scope,
      not_after,
      ending: endsIn(not_after, time),
      reason,
      compensating_control,
      requester: requester.unique_id,
      approver: approver?.unique_id ?? null,
      evidence: event,
    },
  };
}
