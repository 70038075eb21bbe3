import { OwnPredicate } from '../../contracts/predicates.ts';
import { type ApprovalBody, approvalPayload, isGiven, parseApproval, timeOf } from '../../core/approvals/approval.ts';
import { parseBundle } from '../../core/bundle.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { parseStrictJson } from '../../core/json.ts';
import { CONTROL_PLANE, objectKey } from '../../core/layout.ts';
import { parseStatement } from '../../core/statement.ts';
import { type CountersignDeps, countersign, putSigned, requestIdOf, retainUntil } from '../countersign.ts';
import { ownKeys } from '../gate/judge.ts';
import { type GateRows, rowsOf } from '../gate/record.ts';
import type { Registry, StoredObject } from '../ports.ts';
import type { SignedObject } from '../record-event.ts';

type EvidenceKeys = Pick<Registry, 'evidenceKeys'>;

/** An approval, or its end, as it lies in the bucket, with the rows that follow from it. */
export interface ApprovalStatement extends GateRows {
  readonly model: string;
  readonly body: ApprovalBody;
}

/** Name of what a body says. */
export function statementName(body: ApprovalBody): string {
  return objectKey.approval(body, isGiven(body) ? 'given' : 'ended');
}

/**
 * Signs what a person decided, or that it counts no more, and puts it under its name. Whoever comes second is answered with
 * what was there first: that is what was decided.
 *
 * Crash after the put: a statement that no row tells of. Whoever decides for the role next, or the next reminder, finds it and
 * commits it.
 */
export async function putApproval(
  deps: CountersignDeps & { readonly registry: EvidenceKeys },
  model: string,
  body: ApprovalBody,
  key: EvidenceKey,
): Promise<ApprovalStatement> {
  const name = statementName(body);
  const signed = await countersign(deps, approvalPayload(model, body), key);
  const until = retainUntil(deps.retention, body.environment, new Date(timeOf(body)));
  const put = await putSigned(deps, name, signed, until, objectKey.lostApproval(body, signed.requestId));
  if (!put.isOurs) return await openApproval(deps.registry, put.first, name);
  const { bytes, requestId } = signed;
  return readApproval({ bytes, versionId: put.versionId, retainUntil: until, requestId }, name);
}

/** Lying under the right name is no proof: only what an evidence key signed may come into force, of now or of when it was put. */
async function openApproval(registry: EvidenceKeys, stored: StoredObject, name: string): Promise<ApprovalStatement> {
  openCountersigned(stored.bytes, await ownKeys(registry, undefined)([]));
  return readApproval({ ...stored, requestId: requestIdOf(stored) }, name);
}

/**
 * The rows of an approval follow from its object alone. The signature is for the caller to check where the object is not our
 * own write.
 *
 * @throws DomainError INTEGRITY_FAILURE when it is not what its name says
 */
export function readApproval(object: SignedObject, name: string): ApprovalStatement {
  const signed = parseBundle(parseStrictJson(object.bytes));
  const { model, body } = parseApproval(parseStatement(parseStrictJson(signed.payload)));
  if (name !== statementName(body)) {
    throw new DomainError('INTEGRITY_FAILURE', `${name} holds another approval than its name says`);
  }
  const rows = rowsOf(object, {
    name,
    signed,
    at: timeOf(body),
    by: CONTROL_PLANE,
    predicateType: OwnPredicate.approval,
    environment: body.environment,
    model,
    result: body.decision.toUpperCase(),
  });
  return { ...rows, model, body };
}
