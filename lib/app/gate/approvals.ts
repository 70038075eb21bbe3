import { isGiven, parseApproval, type RecordedApproval, recordedApproval } from '../../core/approvals/approval.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord } from '../../core/evidence.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import type { GateApproval, Known } from '../../core/gate/input.ts';
import type { PublicKey } from '../../core/keys.ts';
import { objectKey } from '../../core/layout.ts';
import type { Log } from '../ports.ts';
import { bytesOf, ownKeys, type VerifyDeps } from './judge.ts';

export interface ApprovalDeps extends Pick<VerifyDeps, 'ledger' | 'store'> {
  readonly registry: Pick<VerifyDeps['registry'], 'evidenceKeys'>;
  readonly log: Log;
}

/** Key of an evidence key's id. */
type KeyOf = (keyid: string) => PublicKey | undefined;

/**
 * The approvals that stand at an instant, each as its signed statement says. One batch read per 100, and for each that seems to
 * stand one read that finds nothing: where its end lies, whoever changed the row cannot hide it.
 *
 * A row that nothing signed bears out makes the list unknown, so that nothing is approved: the table was tampered with.
 *
 * @param active - the evidence key that signed nearly everything; undefined: all are read
 */
export async function provenApprovals(
  deps: ApprovalDeps,
  listed: Known<RecordedApproval>,
  at: Date,
  active: EvidenceKey | undefined,
): Promise<Known<GateApproval>> {
  if (!listed.known) return listed;
  const now = at.toISOString();
  const standing = listed.items.filter(({ ended_at }) => ended_at === null || ended_at > now);
  if (standing.length === 0) return { known: true, items: [] };
  const records = await deps.ledger.findMany(standing.map(({ evidence }) => evidence));
  const keyOf = await ownKeys(deps.registry, active)([...records.values()]);
  const unproven: string[] = [];
  const proven: GateApproval[] = [];
  for (const approval of standing) {
    const reason = await doubt(deps, approval, records.get(approval.evidence), keyOf);
    if (reason !== undefined) unproven.push(`${approval.evidence}: ${reason}`);
    else if (!(await hasEnded(deps, approval, now, keyOf))) proven.push(gateApproval(approval));
  }
  if (unproven.length === 0) return { known: true, items: proven };
  // The alarm on integrity failures counts lines of this name.
  deps.log.warn('INTEGRITY_FAILURE', { unproven_approvals: unproven });
  return { known: false, code: 'APPROVAL_UNPROVEN' };
}

/**
 * Whether an approval had ended at an instant, as the bucket says: the row may have been put back, and whoever wrote the end may
 * have died before the row. What lies there and is no end of ours ends it too: only one that was signed tells of a later time.
 */
async function hasEnded(
  { store }: ApprovalDeps,
  { promotion, role, round }: RecordedApproval,
  now: string,
  keyOf: KeyOf,
): Promise<boolean> {
  if (promotion === null) return false;
  const end = await store.read(objectKey.approval({ promotion, role, round }, 'ended'));
  if (!end) return false;
  try {
    const { body } = parseApproval(openCountersigned(end.bytes, keyOf).statement);
    return isGiven(body) || body.ended_at <= now;
  } catch (error) {
    if (error instanceof DomainError) return true;
    throw error;
  }
}

/** @returns why the statement does not bear the row out; undefined when it does */
async function doubt(
  { store }: ApprovalDeps,
  approval: RecordedApproval,
  record: EvidenceRecord | undefined,
  keyOf: KeyOf,
): Promise<string | undefined> {
  const { evidence, ended_at, end } = approval;
  const bytes = record && (await bytesOf(store, record));
  if (!bytes || sha256Hex(bytes) !== evidence) return 'its statement cannot be had';
  try {
    const { model, body } = parseApproval(openCountersigned(bytes, keyOf).statement);
    const said = isGiven(body) && { ...recordedApproval(model, evidence, body), ended_at, end };
    return said && canonicalBytes(said).equals(canonicalBytes(approval)) ? undefined : 'its statement says otherwise';
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}

function gateApproval({ round: _round, ended_at: _at, end: _end, ...approval }: RecordedApproval): GateApproval {
  return approval;
}
