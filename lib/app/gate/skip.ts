import { OwnPredicate } from '../../contracts/predicates.ts';
import { parseBundle } from '../../core/bundle.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { parseSkip, type Skip, skipPayload } from '../../core/gate/skip.ts';
import { parseStrictJson } from '../../core/json.ts';
import { CONTROL_PLANE, objectKey } from '../../core/layout.ts';
import { parseStatement } from '../../core/statement.ts';
import { requireEvidenceKey, retainUntil } from '../countersign.ts';
import type { SignedObject } from '../record-event.ts';
import type { Caller } from '../submit-evidence.ts';
import type { Asked, GateDeps } from './evaluate.ts';
import { type GateRows, putStatement, rowsOf } from './record.ts';

/** Runs that made a model, and the verified manifests that say so; at least one each. */
export interface Runs {
  readonly rate: number;
  readonly runIds: readonly string[];
  readonly manifests: readonly string[];
}

export interface Skipped {
  readonly model: string;
  readonly skip: Skip;
  /** Digest of the signed statement: the identity of the evidence. */
  readonly evidence: string;
  /** Its Sigstore bundle. */
  readonly bytes: Buffer;
}

export async function draftSkip(deps: GateDeps, asked: Asked, runs: Runs, caller: Pick<Caller, 'uniqueId'>) {
  const { principal, evidenceKey } = await deps.registry.context(caller.uniqueId);
  const key = requireEvidenceKey(evidenceKey, deps.signer);
  const skip: Skip = {
    result: 'SKIPPED',
    environment: asked.environment,
    phase: asked.phase,
    endpoint: asked.endpoint ?? null,
    image_digest: asked.imageDigest ?? null,
    requester: principal?.name ?? null,
    skipped_at: deps.clock().toISOString(),
    rate: runs.rate,
    run_ids: [...runs.runIds],
    manifests: [...runs.manifests],
  };
  return { draft: { model: asked.model, skip }, key };
}

/**
 * Makes it evidence that a model was let through unchecked: the signed statement, then the index.
 *
 * Crash after the put: a statement that no look-up finds until a reindex; whoever asked got no answer and asks again.
 */
export async function recordSkip(
  deps: GateDeps,
  asked: Asked,
  runs: Runs,
  caller: Pick<Caller, 'uniqueId'>,
): Promise<Skipped> {
  const { draft, key } = await draftSkip(deps, asked, runs, caller);
  const payload = skipPayload(draft.model, draft.skip);
  const name = objectKey.skip(sha256Hex(payload));
  const until = retainUntil(deps.retention, draft.skip.environment, new Date(draft.skip.skipped_at));
  const stored = await putStatement(deps, name, payload, key, until);
  const { record, entries } = readSkip(stored, name);
  await deps.ledger.commit(record, entries, undefined);
  return { ...draft, evidence: record.sha256, bytes: stored.bytes };
}

/**
 * The index rows of a skip follow from its object alone. The signature is for the caller to check where the object is not
 * our own write.
 *
 * @throws DomainError INTEGRITY_FAILURE when it is not what its name says
 */
export function readSkip(object: SignedObject, name: string): GateRows {
  const signed = parseBundle(parseStrictJson(object.bytes));
  if (name !== objectKey.skip(sha256Hex(signed.payload))) {
    throw new DomainError('INTEGRITY_FAILURE', `${name} holds another statement than its name says`);
  }
  const { model, skip } = parseSkip(parseStatement(parseStrictJson(signed.payload)));
  return rowsOf(object, {
    name,
    signed,
    at: skip.skipped_at,
    by: CONTROL_PLANE,
    predicateType: OwnPredicate.gateSkip,
    environment: skip.environment,
    model,
    result: skip.result,
  });
}
