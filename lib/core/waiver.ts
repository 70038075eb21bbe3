import * as z from 'zod/mini';
import { ENVIRONMENTS, type Environment } from '../contracts/predicates.ts';
import { ROLES, type Role } from '../contracts/roles.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { DomainError } from './errors.ts';
import type { GateWaiver } from './gate/input.ts';
import { type Person, PersonSchema } from './person.ts';
import { DAY_MS } from './time.ts';
import type { WaiverTerms } from './waiver-terms.ts';

/** Who asked for a waiver or approved it, and as what. */
export interface WaiverParty extends Person {
  readonly role: Role;
}

/** What is asked for. */
export interface WaiverRequest {
  readonly rule: string;
  readonly scope: GateWaiver['scope'];
  readonly reason: string;
  /** What is done instead while the rule does not bite. */
  readonly compensating_control: string;
  /** Exclusive end, RFC 3339 in UTC. */
  readonly not_after: string;
}

/** An exception to one rule for one scope, as the registry has it. */
export interface WaiverRecord extends WaiverRequest {
  /** Of {@link waiverId}. */
  readonly id: string;
  readonly revision: number;
  readonly requester: WaiverParty;
  readonly approver?: WaiverParty;
  /** Before its time. */
  readonly ended?: z.output<typeof Ended>;
}

const Party = z.extend(PersonSchema, { role: z.enum(ROLES) });
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
  requester: Party,
  approver: z.exactOptional(Party),
  ended: z.exactOptional(Ended),
};

export const WaiverRecordSchema: z.ZodMiniType<WaiverRecord> = z.object(fields);

/** A waiver together with the event that is the evidence of how it stands. */
export interface RecordedWaiver extends WaiverRecord {
  readonly event: string;
}

export const RecordedWaiverSchema: z.ZodMiniType<RecordedWaiver> = z.object({ ...fields, event: z.string() });

/** One person's same request is the same waiver: when its answer is lost, it may be sent again. */
export function waiverId(request: WaiverRequest, requester: Pick<Person, 'unique_id'>): string {
  const { rule, scope, reason, compensating_control, not_after } = request;
  const asked = { rule, scope, reason, compensating_control, not_after, requester: requester.unique_id };
  return sha256Hex(canonicalBytes(asked));
}

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
    approver: { principal: approver.unique_id, role: approver.role },
  };
}

/** What a gate is about, as far as scopes can name it. */
export interface WaiverReach {
  /** The model and everything in its lineage. */
  readonly digests: ReadonlySet<string>;
  readonly endpoint: string | null;
  readonly environment: Environment;
  readonly now: string;
}

/** Whether a waiver can matter: it has not ended, and its scope names nothing else. */
export function bearsOn({ scope, not_after }: Pick<WaiverRecord, 'scope' | 'not_after'>, reach: WaiverReach): boolean {
  const names = (value: string | null): boolean => value === null || reach.digests.has(value);
  return (
    reach.now < not_after &&
    names(scope.model) &&
    names(scope.dataset) &&
    (scope.endpoint === null || scope.endpoint === reach.endpoint) &&
    (scope.environment === null || scope.environment === reach.environment)
  );
}

/**
 * Holds a waiver against what the policy in force allows.
 *
 * @throws DomainError WAIVER_INVALID, RULE_UNKNOWN or RULE_NOT_WAIVABLE
 */
export function checkWaiver({ rule, scope, not_after }: WaiverRequest, terms: WaiverTerms, now: Date): void {
  if (Object.values(scope).every((value) => value === null)) {
    throw new DomainError('WAIVER_INVALID', 'the waiver would hold for everything', {
      pointer: '/scope',
      hint: 'name a model, dataset, endpoint or environment',
    });
  }
  const waivable = terms.waivable.get(rule);
  if (waivable === undefined) {
    throw new DomainError('RULE_UNKNOWN', `the policy in force has no rule ${rule}`, {
      pointer: '/rule',
      hint: terms.waivable.size === 0 ? 'it has no catalogue of rules at all' : 'a gate shows the names of its rules',
    });
  }
  if (!waivable) {
    throw new DomainError('RULE_NOT_WAIVABLE', `the policy in force allows no exception to ${rule}`, {
      pointer: '/rule',
    });
  }
  const longest = new Date(now.getTime() + terms.maxDays * DAY_MS).toISOString();
  if (not_after <= now.toISOString() || not_after > longest) {
    throw new DomainError('WAIVER_INVALID', `a waiver ends within ${terms.maxDays} days, and not in the past`, {
      pointer: '/not_after',
    });
  }
}
