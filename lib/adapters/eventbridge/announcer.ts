import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Announcer } from '../../app/announce-waivers.ts';
import type { Sleep } from '../../app/ports.ts';
import { EVENT_SOURCE } from '../../contracts/announcements.ts';
import type { CloudEvent } from '../../core/waiver-ending.ts';
import { unavailable } from '../failures.ts';

/** What one PutEvents takes. */
const BATCH = 10;

/** PutEvents may take a part of a batch; the rest is sent again after these pauses, 7 s in all. */
const PAUSES_MS = [200, 800, 2000, 4000];

/** The whole CloudEvent is the detail. */
export function eventBridgeAnnouncer(client: EventBridgeClient, bus: string, sleep: Sleep): Announcer {
  /** @returns what was not taken */
  async function put(entries: readonly PutEventsRequestEntry[]): Promise<readonly PutEventsRequestEntry[]> {
    try {
      const { Entries: outcomes = [] } = await client.send(new PutEventsCommand({ Entries: [...entries] }));
      return entries.filter((_, index) => outcomes[index]?.EventId === undefined);
    } catch (error) {
      return unavailable('EventBridge', error);
    }
  }

  return {
    async announce(events) {
      for (let start = 0; start < events.length; start += BATCH) {
        let rest = await put(events.slice(start, start + BATCH).map((event) => entryOf(event, bus)));
        for (const pause of PAUSES_MS) {
          if (rest.length === 0) break;
          await sleep(pause);
          rest = await put(rest);
        }
        if (rest.length > 0) throw new Error(`EventBridge does not take ${rest.length} of ${events.length} events`);
      }
    },
  };
}

function entryOf(event: CloudEvent, bus: string): PutEventsRequestEntry {
  return {
    EventBusName: bus,
    Source: EVENT_SOURCE,
    DetailType: event.type,
    Time: new Date(event.time),
    Detail: JSON.stringify(event),
  };
}
