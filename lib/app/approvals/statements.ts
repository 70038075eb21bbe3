import { OwnPredicate } from '../../contracts/predicates.ts';
import { type ApprovalBody, approvalPayload, isGiven, parseApproval, timeOf } from '../../core/approvals/approval.ts';
import { parseBundle } from '../../core/bundle.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { parseStrictJson } from '../../core/json.ts';
import { parsePublicKey } from '../../core/keys.ts';
import { CONTROL_PLANE, objectKey } from '../../core/layout.ts';
import { parseStatement } from '../../core/statement.ts';
import { type CountersignDeps, countersign, putSigned, requestIdOf, retainUntil } from '../countersign.ts';
import { type GateRows, rowsOf } from '../gate/record.ts';
import type { StoredObject } from '../ports.ts';
import type { SignedObject } from '../record-event.ts';

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
  deps: CountersignDeps,
  model: string,
  body: ApprovalBody,
  key: EvidenceKey,
): Promise<ApprovalStatement> {
  const name = statementName(body);
  const signed = await countersign(deps, approvalPayload(model, body), key);
  const until = retainUntil(deps.retention, body.environment, new Date(timeOf(body)));
  const put = await putSigned(deps, name, signed, until, objectKey.lostApproval(body, signed.requestId));
  if (!put.isOurs) return openApproval(put.first, name, key);
  const { bytes, requestId } = signed;
  return readApproval({ bytes, versionId: put.versionId, retainUntil: until, requestId }, name);
}

/** The statement that lies under a name, committed or not; undefined when there is none. */
export async function findApproval(
  { store }: Pick<CountersignDeps, 'store'>,
  name: string,
  key: EvidenceKey,
): Promise<ApprovalStatement | undefined> {
  const stored = await store.read(name);
  return stored && openApproval(stored, name, key);
}

function openApproval(stored: StoredObject, name: string, key: EvidenceKey): ApprovalStatement {
  // Lying under the right name is no proof: only what the evidence key signed may come into force.
  openCountersigned(stored.bytes, (keyid) => (keyid === key.keyid ? parsePublicKey(key.public_key) : undefined));
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
