import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { dynamoWaivers } from '../adapters/dynamodb/waivers.ts';
import { eventBridgeAnnouncer } from '../adapters/eventbridge/announcer.ts';
import { type AnnounceDeps, announceWaivers } from '../app/announce-waivers.ts';
import { announcementBus } from '../contracts/announcements.ts';
import { Env } from '../contracts/env.ts';
import { clientConfig, dynamo, sleep } from './composition.ts';
import { required } from './environment.ts';
import { logger } from './http.ts';
import { counted } from './metrics.ts';

export function waiverWatchDeps(): AnnounceDeps {
  const stage = required(Env.STAGE);
  return {
    registry: dynamoWaivers(dynamo(), required(Env.REGISTRY_TABLE)),
    announcer: eventBridgeAnnouncer(new EventBridgeClient(clientConfig()), announcementBus(stage), sleep),
    clock: () => new Date(),
    stage,
  };
}

/** An alarm counts the lines that name waivers. */
export async function watchWaivers(deps: AnnounceDeps): Promise<{ readonly waivers: readonly string[] }> {
  const waivers = await announceWaivers(deps);
  const counts = counted({ WaiversEnding: waivers.length });
  logger.info(waivers.length > 0 ? 'waivers-ending' : 'no-waiver-ending', { waivers, ...counts });
  return { waivers };
}
