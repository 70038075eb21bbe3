import { isDeepStrictEqual } from 'node:util';
import type { Tokens } from '../../lib/app/promotion/ports.ts';
import { type DeliverDeps, deliverAnnounced } from '../../lib/app/webhooks/deliver.ts';
import { addWebhook, type WebhookDeps } from '../../lib/app/webhooks/manage-webhooks.ts';
import type { Poster } from '../../lib/app/webhooks/ports.ts';
import { Announcement } from '../../lib/contracts/announcements.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { type Announced, AnnouncedSchema, type Attempt } from '../../lib/core/webhooks/delivery.ts';
import { type AddWebhook, AddWebhookSchema } from '../../lib/core/webhooks/subscription.ts';
import { type ControlPlane, caller } from './control-plane.ts';
import { MemoryDeliveries } from './memory/webhooks.ts';

export const OPERATOR = caller('operator');

/** One POST that a consumer got. */
export interface Posted {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sealed texts that only their owner opens, as KMS has it. */
const seals: Tokens = {
  seal: async (text, context) => Buffer.from(JSON.stringify({ text, context })).toString('base64'),
  open: async (sealed, context) => {
    const inside = JSON.parse(Buffer.from(sealed, 'base64').toString());
    if (!isDeepStrictEqual(inside.context, context)) {
      throw new DomainError('INTEGRITY_FAILURE', 'it was sealed for another');
    }
    return inside.text;
  },
};

/** Webhooks over a deployment in memory, and a consumer that answers what it is told to. */
export function webhooks(plane: ControlPlane) {
  const deliveries = new MemoryDeliveries(plane.steps);
  const posted: Posted[] = [];
  const answers: Pick<Attempt, 'status' | 'reason'>[] = [];
  let secrets = 0;
  const poster: Poster = {
    post: async (url, headers, body) => {
      posted.push({ url: url.href, headers, body });
      return answers.shift() ?? { status: 204, reason: null };
    },
  };
  const manage: WebhookDeps = {
    ...plane.submitDeps,
    subscriptions: plane.registry.subscriptions,
    secrets: seals,
    newSecret: () => Buffer.alloc(32, ++secrets),
    loopback: false,
  };
  const deliver: DeliverDeps = {
    ...plane.submitDeps,
    subscriptions: plane.registry.subscriptions,
    deliveries,
    secrets: seals,
    poster,
    sleep: async (milliseconds) => plane.clock.advance(milliseconds),
    chance: () => 0.5,
    loopback: false,
  };
  return {
    deliveries,
    posted,
    /** What the consumer answers to the next attempts; afterwards 204. */
    answers,
    manage,
    deliver,
    add: async (changes: Partial<AddWebhook> = {}) =>
      await addWebhook(
        manage,
        AddWebhookSchema.parse({ id: 'siem', url: 'https://hooks.example.org/countersign', ...changes }),
        OPERATOR,
      ),
    announce: async (event: Announced) => await deliverAnnounced(deliver, event),
  };
}

/** Something that was announced. */
export function announced(id: string, time: Date, type: string = Announcement.released): Announced {
  return AnnouncedSchema.parse({
    specversion: '1.0',
    id,
    source: 'urn:countersign:test',
    type,
    subject: 'classifier',
    time: time.toISOString(),
    datacontenttype: 'application/json',
    data: { promotion: 'p-1' },
  });
}
