import { type CloudEvent, endingEvent, endingWaivers } from '../core/waiver-ending.ts';
import type { Clock, Registry } from './ports.ts';

export interface AnnounceDeps {
  readonly registry: Pick<Registry, 'waivers'>;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly stage: string;
}

export interface Announcer {
  /** When it resolves, every event was taken. After a failure some may have been; they are the same when they are sent again. */
  announce(events: readonly CloudEvent[]): Promise<void>;
}

/**
 * Announces the approved waivers that end soon, once a day.
 *
 * Crash anywhere: Lambda runs it again, and the same events are sent again under the same ids.
 *
 * @returns the ids of the waivers
 */
export async function announceWaivers({ registry, announcer, clock, stage }: AnnounceDeps): Promise<readonly string[]> {
  const now = clock();
  const waivers = await registry.waivers(now);
  if (!waivers) throw new Error('there are more waivers than are read');
  const ending = endingWaivers(waivers, now);
  await announcer.announce(ending.map((waiver) => endingEvent(waiver, stage, now)));
  return ending.map(({ id }) => id);
}
