import * as z from 'zod/mini';
import { ENVIRONMENTS, OwnPredicate } from '../contracts/predicates.ts';
import { PROMOTION_KINDS } from '../contracts/promotion.ts';
import { canonicalBytes } from './canonical.ts';
import { Sha256Schema } from './digest.ts';
import { DomainError } from './errors.ts';
import type { GateRelease } from './gate/input.ts';
import { PersonSchema } from './person.ts';
import { parseWith } from './schema.ts';
import { type Statement, statementJson } from './statement.ts';

const Requester = z.extend(PersonSchema, { principal: z.nullable(z.string()) });
const Digest = z.nullable(Sha256Schema);
const DecisionSchema = z.strictObject({ evidence: Sha256Schema, input: Sha256Schema, passed: z.boolean() });

/** What a release put in place. */
const ServedSchema = z.strictObject({
  /** SHA-256 of the model.tar.gz. */
  model: Sha256Schema,
  /** `registry/repository@sha256:<hex>` */
  image: z.string(),
  /** Evidence of the model card, where the gate saw one. */
  card: Digest,
  /** Names that SageMaker knows. */
  model_name: z.string(),
  endpoint_config: z.string(),
});
export type Served = z.output<typeof ServedSchema>;

const fields = {
  kind: z.enum(PROMOTION_KINDS),
  promotion: Sha256Schema,
  endpoint: z.string(),
  environment: z.enum(ENVIRONMENTS),
  /** Null: nothing that was released serves any more. */
  served: z.nullable(ServedSchema),
  requested_by: Requester,
  /** The second person of a break-glass promotion. */
  confirmed_by: z.nullable(z.extend(Requester, { reason: z.string() })),
  reason: z.string(),
  /** The gate's decisions, and the digests of the facts, the lineage among them, that they rest on. A rollback asks no gate. */
  request_decision: z.nullable(DecisionSchema),
  release_decision: z.nullable(DecisionSchema),
  /** Those that decided, by the digest of their bundles. */
  policies: z.array(z.strictObject({ slot: z.string(), sha256: Sha256Schema })),
  approvals: z.array(
    z.strictObject({ evidence: Sha256Schema, role: z.string(), person: z.string(), decided_at: z.string() }),
  ),
  /** Evidence of the waivers that were used. */
  waivers: z.array(Sha256Schema),
  /** Release of the endpoint before this one. */
  previous: Digest,
  /** Release that a rollback from this one leads to; null: there is none, and a rollback removes the endpoint. */
  way_back: Digest,
  /** Of a rollback: the release that serves again; null when the endpoint was removed, and of what is no rollback. */
  restores: Digest,
  /** Of a rollback that restores no release: the configuration that serves again and that no release put there; null: none does. */
  unreleased_config: z.nullable(z.string()),
  released_at: z.string(),
};

/** Predicate of `https://countersign.dev/release/v1`: what a promotion put in place. */
export const ReleaseSchema = z.strictObject(fields);
export type Release = z.output<typeof ReleaseSchema>;

/** A release together with its signed statement. */
export interface RecordedRelease extends Release {
  /** Digest of the signed statement. */
  readonly evidence: string;
}
export const RecordedReleaseSchema: z.ZodMiniType<RecordedRelease> = z.object({ ...fields, evidence: Sha256Schema });

/**
 * The statement, canonical, ready to be signed.
 *
 * @param model - SHA-256 of the model that serves; where nothing that was released serves any more, of the one that was taken away
 */
export function releasePayload(model: string, release: Release): Buffer {
  return canonicalBytes(statementJson([{ name: 'model', digest: { sha256: model } }], OwnPredicate.release, release));
}

/**
 * Whether the evidence key signed it is for the caller to have checked.
 *
 * @throws DomainError PREDICATE_INVALID
 */
export function parseRelease(statement: Statement): { readonly model: string; readonly release: Release } {
  const [model, ...others] = statement.subject;
  if (statement.predicateType !== OwnPredicate.release || !model || others.length > 0) {
    throw new DomainError('PREDICATE_INVALID', 'the statement is no release', { pointer: '/predicateType' });
  }
  const release = parseWith(ReleaseSchema, statement.predicate, 'PREDICATE_INVALID', '/predicate');
  if (release.served && release.served.model !== model.digest.sha256) {
    throw new DomainError('PREDICATE_INVALID', 'the release is of another model than its subject', {
      pointer: '/subject',
    });
  }
  return { model: model.digest.sha256, release };
}

/**
 * The releases of an endpoint that a gate looks at, which lead back to where it was empty.
 *
 * @param newestFirst - as they follow each other
 */
export function gateReleases(newestFirst: readonly RecordedRelease[]): readonly GateRelease[] {
  const removed = newestFirst.findIndex(({ served }) => served === null);
  const standing = removed < 0 ? newestFirst : newestFirst.slice(0, removed);
  return standing.flatMap(({ evidence, endpoint, served, released_at }) =>
    served ? [{ evidence, endpoint, model: served.model, released_at }] : [],
  );
}

/**
 * What a rollback from the newest release puts back; undefined: nothing, it removes the endpoint.
 *
 * @throws DomainError RELEASE_UNKNOWN where nothing serves, or what served before is not among them
 */
export function wayBack(newestFirst: readonly RecordedRelease[]): RecordedRelease | undefined {
  const [newest] = newestFirst;
  if (!newest?.served) {
    throw new DomainError('RELEASE_UNKNOWN', 'no release serves there, so there is nothing to roll back');
  }
  if (newest.way_back === null) return undefined;
  const before = newestFirst.find(({ evidence }) => evidence === newest.way_back);
  if (before?.served) return before;
  throw new DomainError('RELEASE_UNKNOWN', `the release ${newest.way_back} that it would go back to is not to be had`);
}

/**
 * The release that a rollback put back: the one that the newest leads back to or, where something else had taken its place, the
 * newest itself.
 *
 * @param config - configuration that the rollback put back; null: none
 * @throws DomainError RELEASE_UNKNOWN
 */
export function restoredBy(
  config: string | null,
  newestFirst: readonly RecordedRelease[],
): RecordedRelease | undefined {
  const [newest] = newestFirst;
  return newest?.served && newest.served.endpoint_config === config
    ? originalOf(newest, newestFirst)
    : wayBack(newestFirst);
}

/**
 * The release whose promotion made what serves: of a rollback, the one that it restored.
 *
 * @throws DomainError RELEASE_UNKNOWN
 */
export function originalOf(release: RecordedRelease, releases: readonly RecordedRelease[]): RecordedRelease {
  const original = release.restores ? releases.find(({ evidence }) => evidence === release.restores) : release;
  if (original) return original;
  throw new DomainError('RELEASE_UNKNOWN', `the release ${release.restores} is not to be had`);
}

/** Where a rollback from what is released next leads: to what serves now. One that was itself a rollback stands for what it restored. */
export function wayBackFrom(newest: RecordedRelease | undefined): string | null {
  if (!newest?.served) return null;
  return newest.restores ?? newest.evidence;
}

/** A later time than that of the release before, whatever the clocks of two functions say: time is the order of releases. */
export function releaseTime(now: Date, newest: Pick<Release, 'released_at'> | undefined): string {
  const earliest = newest === undefined ? 0 : Date.parse(newest.released_at) + 1;
  return new Date(Math.max(now.getTime(), earliest)).toISOString();
}
