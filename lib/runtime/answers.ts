import type { Changed } from '../app/manage-registry.ts';
import type { Log } from '../app/ports.ts';
import { DEFAULT_PAGE, type Listing, MAX_PAGE } from '../app/read-evidence.ts';
import type { SubmitOutcome } from '../app/submit-evidence.ts';
import { decodeBase64 } from '../core/base64.ts';
import { SHA256_HEX } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import { type JsonObject, parseStrictJson } from '../core/json.ts';
import type { Answer, Request } from './http.ts';
import { counted } from './metrics.ts';

/** What a submitter is told: 201 with the receipt, or 200 with the first one when the statement was evidence already. */
export function acceptedAnswer({ created, record }: SubmitOutcome, log: Log): Answer {
  log.info(created ? 'evidence-accepted' : 'evidence-repeated', {
    evidence: record.sha256,
    principal: record.principal,
    flags: record.flags,
    ...counted({
      EvidenceAccepted: created ? 1 : 0,
      EvidenceRepeated: created ? 0 : 1,
      UnsignedAccepted: created && record.flags.includes('unsigned') ? 1 : 0,
      LateAccepted: created && record.flags.includes('late') ? 1 : 0,
    }),
  });
  return {
    status: created ? 201 : 200,
    headers: { location: `/v1/evidence/${record.sha256}` },
    body: { ...evidenceSummary(record), created, receipt: receiptJson(record) },
  };
}

/** A record that was made or changed, and the event that is the evidence of it; null when there was nothing to change. */
export function changedAnswer<T extends object>({ created, value, event }: Changed<T>): Answer {
  return { status: created ? 201 : 200, body: { ...value, event: event ?? null } };
}

/** One piece of evidence as the API shows it; the bytes themselves have paths of their own. */
export function evidenceSummary(record: EvidenceRecord): JsonObject {
  return {
    evidence: record.sha256,
    kind: record.kind,
    form: record.form,
    media_type: record.media_type,
    size: record.size,
    received_at: record.received_at,
    principal: record.principal,
    predicate_type: record.predicate_type ?? null,
    run_id: record.run_id ?? null,
    stage: record.stage ?? null,
    environment: record.environment,
    flags: record.flags,
    verified_key: record.keyid === undefined ? null : { keyid: record.keyid, revision: record.key_revision ?? null },
    statement_identity: record.statement_identity ?? null,
    storage: { key: record.object_key, version_id: record.version_id, retain_until: record.retain_until },
    countersigned_by: { keyid: record.evidence_keyid, kms_request_id: record.kms_request_id },
  };
}

/** The receipt's Sigstore bundle; null for an event, which the evidence key signed itself. */
export function receiptJson(record: EvidenceRecord): ReturnType<typeof parseStrictJson> {
  return record.receipt === undefined ? null : parseStrictJson(Buffer.from(record.receipt, 'utf8'));
}

/** The `{sha256}` of a path. */
export function digestParameter(request: Request, name = 'sha256'): string {
  const value = request.path[name] ?? '';
  if (SHA256_HEX.test(value)) return value;
  throw new DomainError('DIGEST_INVALID', `${name} in the path must be 64 lower-case hexadecimal characters`);
}

/** How the sort keys of evidence look: a stage or a time, then a digest. */
const EVIDENCE_ORDER = /^[0-9]{2}[0-9A-Z:.#a-f-]{20,120}$/;

/**
 * `limit` and `cursor` of a listing; the cursor is a sort key, so it cannot lead out of the partition that was asked for.
 *
 * @param form - of the cursor
 */
export function paging(
  request: Request,
  form = EVIDENCE_ORDER,
): { readonly limit: number; readonly after: string | undefined } {
  const { limit: text, cursor } = request.query;
  const limit = text === undefined ? DEFAULT_PAGE : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new DomainError('REQUEST_INVALID', `limit must be a whole number from 1 to ${MAX_PAGE}`);
  }
  if (cursor === undefined) return { limit, after: undefined };
  const after = decodeBase64(cursor)?.toString('utf8');
  if (after === undefined || !form.test(after)) {
    throw new DomainError('CURSOR_INVALID', 'pass the `next` of the page before, unchanged');
  }
  return { limit, after };
}

/** One page of a look-up. */
export function listingAnswer({ items, next }: Listing): Answer {
  return {
    status: 200,
    body: {
      items: items.map(({ pk: _pk, sk: _sk, ...entry }) => entry),
      next: cursorOf(next),
    },
  };
}

/** Where the next page begins, as {@link paging} takes it. */
export function cursorOf(next: string | undefined): string | null {
  return next === undefined ? null : Buffer.from(next, 'utf8').toString('base64url');
}
