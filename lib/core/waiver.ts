import * as z from 'zod/mini';
import { ENVIRONMENTS } from '../contracts/predicates.ts';
import { DomainError } from './errors.ts';
import type { GateWaiver } from './gate/input.ts';
import { type Person, PersonSchema } from './person.ts';

/** An exception is bridged, not lived with: it ends by itself after at most this long. */
export const MAX_WAIVER_DAYS = 90;

/** An exception to one rule for one scope, as the registry has it. */
export interface WaiverRecord {
  readonly id: string;
  readonly rule: string;
  readonly scope: GateWaiver['scope'];
  readonly reason: string;
  /** What is done instead while the rule does not bite. */
  readonly compensating_control: string;
  /** Exclusive end, RFC 3339 in UTC. */
  readonly not_after: string;
  readonly revision: number;
  readonly requester: Person;
  readonly approver?: Person;
  /** Before its time. */
  readonly ended?: z.output<typeof Ended>;
}

const Ended = z.extend(PersonSchema, { reason: z.string() });

const fields = {
  id: z.string(),
  rule: z.string(),
  scope: z.object({
    model: z.nullable(z.string()),
    dataset: z.nullable(z.string()),
    endpoint: z.nullable(z.string()),
    environment: z.nullable(z.enum(ENVIRONMENTS)),
  }),
  reason: z.string(),
  compensating_control: z.string(),
  not_after: z.string(),
  revision: z.number(),
  requester: PersonSchema,
  approver: z.exactOptional(PersonSchema),
  ended: z.exactOptional(Ended),
};

export const WaiverRecordSchema: z.ZodMiniType<WaiverRecord> = z.object(fields);

/** A waiver together with the event that is the evidence of how it stands. */
export interface RecordedWaiver extends WaiverRecord {
  readonly event: string;
}

export const RecordedWaiverSchema: z.ZodMiniType<RecordedWaiver> = z.object({ ...fields, event: z.string() });

/** As a gate takes it; undefined when nobody approved it. One that was ended early stays true of the time before. */
export function gateWaiver(waiver: RecordedWaiver): GateWaiver | undefined {
  const { approver, ended, requester, rule, scope, reason, compensating_control, not_after, event } = waiver;
  if (!approver) return undefined;
  return {
    evidence: event,
    rule,
    scope,
    reason,
    compensating_control,
    not_before: approver.at,
    not_after: ended && ended.at < not_after ? ended.at : not_after,
    requester: requester.unique_id,
    approver: { principal: approver.unique_id, role: 'policy-approver' },
  };
}

/** @throws DomainError WAIVER_INVALID */
export function checkWaiver({ scope, not_after }: Pick<WaiverRecord, 'scope' | 'not_after'>, now: Date): void {
  if (Object.values(scope).every((value) => value === null)) {
    throw new DomainError('WAIVER_INVALID', 'the waiver would hold for everything', {
      pointer: '/scope',
      hint: 'name a model, dataset, endpoint or environment',
    });
  }
  const longest = new Date(now.getTime() + MAX_WAIVER_DAYS * 24 * 60 * 60 * 1000).toISOString();
  if (not_after <= now.toISOString() || not_after > longest) {
    throw new DomainError('WAIVER_INVALID', `a waiver ends within ${MAX_WAIVER_DAYS} days, and not in the past`, {
      pointer: '/not_after',
    });
  }
}
