import type { AttributeValue as DynamoValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBStreamEvent, EventBridgeEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { type DigestDeps, sendDigests } from '../app/approvals/digest.ts';
import { type Arrival, type FallEarlyDeps, fallEarly } from '../app/approvals/fall-early.ts';
import { reportUnreached, type Unreached } from '../app/approvals/feedback.ts';
import { tellEnded } from '../app/approvals/tell-ended.ts';
import { incidentOpener } from '../app/incidents/manage-incidents.ts';
import { expireUnconfirmed } from '../app/promotion/expire-unconfirmed.ts';
import { Recent } from '../app/recent.ts';
import { EVENT_SOURCE } from '../contracts/announcements.ts';
import { Env } from '../contracts/env.ts';
import { aboutOf } from '../core/approvals/arrival.ts';
import { type MailAbout, readMailTags } from '../core/approvals/mail-tags.ts';
import { Sha256Schema } from '../core/digest.ts';
import { approvalDeps } from './approval-deps.ts';
import { tableConfig } from './composition.ts';
import { required } from './environment.ts';
import { deciderDeps } from './gate-deps.ts';
import { logger, loggingProblems } from './http.ts';
import { incidentDeps } from './incident-deps.ts';

/** Decisions that people wait on; each rests on some hundred digests. */
const REMEMBERED = 500;

export interface WatchDeps {
  readonly gate: FallEarlyDeps;
  readonly people: DigestDeps;
}

export function approvalWatchDeps(): WatchDeps {
  const deps = approvalDeps();
  const { promotions, announcer, tokens, waits } = deps;
  const people = {
    ...deps,
    incidents: incidentOpener(incidentDeps(deps, tableConfig())),
    settings: { pagesUrl: required(Env.PAGES_URL) },
  };
  const concerned = new Recent<ReadonlySet<string>>(REMEMBERED);
  return { gate: { ...deciderDeps(), promotions, announcer, tokens, waits, people, concerned }, people };
}

/** `detail-type` of what EventBridge sends at a time. */
const SCHEDULED = 'Scheduled Event';

/** What starts the function: evidence that came in, SES's news of mails, promotions that ended, and the day. */
type WatchEvent = DynamoDBStreamEvent | EventBridgeEvent<string, unknown>;

export function approvalWatch(deps: WatchDeps) {
  return async (event: WatchEvent, context: Context): Promise<object> => {
    logger.appendKeys({ aws_request_id: context.awsRequestId, trace_id: process.env._X_AMZN_TRACE_ID });
    return await loggingProblems(async () => {
      if ('Records' in event) {
        const promotions = await fallEarly(deps.gate, event.Records.flatMap(arrivalIn));
        if (promotions.length > 0) logger.info('asked-anew', { promotions });
        return { promotions };
      }
      if (event.source === 'aws.ses') {
        const { how, about } = feedbackIn(event.detail);
        if (how) await reportUnreached(deps.people.incidents, how, about);
        return {};
      }
      if (event.source === EVENT_SOURCE) {
        const { promotion } = EndedSchema.parse(event.detail).data;
        const told = await tellEnded(deps.people, promotion);
        if (told.length > 0) logger.info('end-told', { promotion, people: told });
        return { told };
      }
      if (event['detail-type'] !== SCHEDULED) throw new Error('an event that no rule of ours sends');
      return await daily(deps);
    });
  };
}

/** What is due once a day. Neither waits for the other; where one fails, Lambda starts both again, and digests may come twice. */
async function daily(deps: WatchDeps): Promise<object> {
  const [expired, mails] = await Promise.allSettled([expireUnconfirmed(deps.gate), sendDigests(deps.people)]);
  if (mails.status === 'fulfilled') logger.info('digests-sent', { mails: mails.value });
  if (expired.status === 'rejected') throw expired.reason;
  if (expired.value.length > 0) logger.info('expired-unconfirmed', { promotions: expired.value });
  if (mails.status === 'rejected') throw mails.reason;
  return { mails: mails.value };
}

const ArrivalSchema = z.object({
  sha256: z.string(),
  predicate_type: z.exactOptional(z.string()),
  inline: z.exactOptional(z.instanceof(Uint8Array)),
});

function arrivalIn({ dynamodb }: DynamoDBStreamEvent['Records'][number]): Arrival[] {
  const image = dynamodb?.NewImage;
  if (!image) return [];
  const read = ArrivalSchema.safeParse(
    unmarshall(Object.fromEntries(Object.entries(image).map(([name, value]) => [name, decodedValue(value)]))),
  );
  return read.success ? [{ evidence: read.data.sha256, about: aboutOf(read.data) }] : [];
}

/** Lambda hands bytes over in base64. */
function decodedValue(value: { readonly B?: string }): DynamoValue {
  return (value.B === undefined ? value : { B: Buffer.from(value.B, 'base64') }) as DynamoValue;
}

/** It only says which promotion to look at: what is told comes from our own records. */
const EndedSchema = z.looseObject({ data: z.looseObject({ promotion: Sha256Schema }) });

const FeedbackSchema = z.object({
  eventType: z.string(),
  bounce: z.exactOptional(z.object({ bounceType: z.string() })),
  mail: z.object({ tags: z._default(z.record(z.string(), z.unknown()), {}) }),
});

/** @returns without `how` what is no bad news */
function feedbackIn(detail: unknown): { readonly how: Unreached | undefined; readonly about: Partial<MailAbout> } {
  const { eventType, bounce, mail } = FeedbackSchema.parse(detail);
  return { how: unreachedBy(eventType, bounce?.bounceType), about: readMailTags(mail.tags) };
}

/** `eventType` and `bounceType` as in "Examples of event data that Amazon SES publishes", SES Developer Guide. */
function unreachedBy(eventType: string, bounceType: string | undefined): Unreached | undefined {
  switch (eventType) {
    case 'Bounce':
      return bounceType === 'Transient' ? 'bounced_for_now' : 'bounced';
    case 'Complaint':
      return 'complained';
    case 'Reject':
      return 'rejected';
    default:
      return undefined;
  }
}
