import type { AttributeValue as DynamoValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBStreamEvent, EventBridgeEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { type DigestDeps, sendDigests } from '../app/approvals/digest.ts';
import { type Arrival, type FallEarlyDeps, fallEarly } from '../app/approvals/fall-early.ts';
import { hearFeedback, type MailFeedback } from '../app/approvals/feedback.ts';
import { incidentOpener } from '../app/incidents/manage-incidents.ts';
import type { Incidents } from '../app/promotion/incidents.ts';
import { Env } from '../contracts/env.ts';
import { aboutOf } from '../core/approvals/arrival.ts';
import { approvalDeps } from './approval-deps.ts';
import { tableConfig } from './composition.ts';
import { required } from './environment.ts';
import { deciderDeps } from './gate-deps.ts';
import { logger, loggingProblems } from './http.ts';
import { incidentDeps } from './incident-deps.ts';

export interface WatchDeps {
  readonly gate: FallEarlyDeps;
  readonly people: DigestDeps;
  readonly incidents: Incidents;
}

export function approvalWatchDeps(): WatchDeps {
  const deps = approvalDeps();
  const { promotions, announcer, tokens, waits } = deps;
  return {
    gate: { ...deciderDeps(), promotions, announcer, tokens, waits },
    people: { ...deps, settings: { pagesUrl: required(Env.PAGES_URL) } },
    incidents: incidentOpener(incidentDeps(deps, tableConfig())),
  };
}

/** What starts the function: evidence that came in, SES's news of mails, and the day. */
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
      const feedback = feedbackIn(event);
      if (feedback) {
        await hearFeedback(deps.incidents, feedback);
        return {};
      }
      const mails = await sendDigests(deps.people);
      logger.info('digests-sent', { mails });
      return { mails };
    });
  };
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

const KINDS: Readonly<Record<string, MailFeedback['kind']>> = {
  Bounce: 'bounced',
  Complaint: 'complained',
  Reject: 'rejected',
};

const Tag = z.exactOptional(z.array(z.string()));
const FeedbackSchema = z.object({
  eventType: z.string(),
  mail: z.object({ tags: z.exactOptional(z.object({ promotion: Tag, role: Tag })) }),
});

function feedbackIn({ source, detail }: EventBridgeEvent<string, unknown>): MailFeedback | undefined {
  if (source !== 'aws.ses') return undefined;
  const { eventType, mail } = FeedbackSchema.parse(detail);
  const kind = KINDS[eventType];
  const [promotion, role] = [mail.tags?.promotion?.[0], mail.tags?.role?.[0]];
  return kind && { kind, about: { ...(promotion ? { promotion } : {}), ...(role ? { role } : {}) } };
}
