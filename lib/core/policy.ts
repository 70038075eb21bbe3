import * as z from 'zod/mini';
import { DomainError } from './errors.ts';
import { type Person, PersonSchema } from './person.ts';

/** What a policy revision has gone through before it may come into force. Whether it is in force, the activations tell. */
export const POLICY_STATES = ['proposed', 'tested', 'approved'] as const;
export type PolicyState = (typeof POLICY_STATES)[number];

/** One policy bundle: a revision of the rules and their data, by its digest. */
export interface PolicyRecord {
  /** SHA-256 of the bundle. */
  readonly sha256: string;
  /** The bundle's own revision. */
  readonly bundle_revision: string;
  readonly entrypoint: string;
  readonly size: number;
  readonly version_id: string;
  /** What asked for the change: a ticket or pull request. */
  readonly change_request: string;
  readonly state: PolicyState;
  /** Counts the changes of this record, from 1. */
  readonly revision: number;
  readonly author: Person;
  /** The test result that was accepted. */
  readonly tested?: z.output<typeof Tested>;
  readonly approver?: Person;
}

const Tested = z.object({ evidence: z.string(), by: z.string(), at: z.string() });

export const PolicyRecordSchema: z.ZodMiniType<PolicyRecord> = z.object({
  sha256: z.string(),
  bundle_revision: z.string(),
  entrypoint: z.string(),
  size: z.number(),
  version_id: z.string(),
  change_request: z.string(),
  state: z.enum(POLICY_STATES),
  revision: z.number(),
  author: PersonSchema,
  tested: z.exactOptional(Tested),
  approver: z.exactOptional(PersonSchema),
});

/** Puts one policy in force, in place of the one before. The activations are the history of what was in force when. */
export interface Activation {
  readonly sha256: string;
  /** Digest of the policy that it took the place of; null for the first. */
  readonly previous: string | null;
  /** Where rollbacks lead from here, one after the other, nearest first. */
  readonly back_to: readonly string[];
  /** Why; always of a rollback. */
  readonly reason: string | null;
  readonly at: string;
  /** Counts the activations of this deployment, from 1; interrupted ones too. */
  readonly revision: number;
  /** Number of the activation that it took the place of; 0 for the first. One between them was interrupted and never in force. */
  readonly follows: number;
}

export const ActivationSchema: z.ZodMiniType<Activation> = z.object({
  sha256: z.string(),
  previous: z.nullable(z.string()),
  back_to: z.array(z.string()),
  reason: z.nullable(z.string()),
  at: z.string(),
  revision: z.number(),
  follows: z.number(),
});

/** Rollbacks that can follow each other. */
export const MAX_ROLLBACKS = 20;

type Step = 'test' | 'approve' | 'activate';
const AFTER: Readonly<Record<Step, PolicyState>> = { test: 'proposed', approve: 'tested', activate: 'approved' };

/** @throws DomainError POLICY_STATE_CONFLICT when the step before was not taken */
export function requireStep({ sha256, state }: PolicyRecord, step: Step): void {
  if (state === AFTER[step]) return;
  throw new DomainError(
    'POLICY_STATE_CONFLICT',
    `the policy ${sha256} is ${state}; to ${step} it, it must be ${AFTER[step]}`,
    {
      hint: 'a policy is proposed, tested, approved by another person, and then activated; `countersign policy show` tells where it stands',
    },
  );
}

/** @throws DomainError DUTIES_NOT_SEPARATE when the one who approves is the one who wrote */
export function requireOther({ author }: PolicyRecord, approver: { readonly unique_id: string }): void {
  if (approver.unique_id !== author.unique_id) return;
  throw new DomainError('DUTIES_NOT_SEPARATE', 'the author of a policy does not approve it', {
    hint: 'another policy approver runs `countersign policy approve`',
  });
}
