import type { Log } from '../app/ports.ts';
import type { SubmitOutcome } from '../app/submit-evidence.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import { type JsonObject, parseStrictJson } from '../core/json.ts';
import type { Answer } from './http.ts';

/** What a submitter is told: 201 with the receipt, or 200 with the first one when the statement was evidence already. */
export function acceptedAnswer({ created, record }: SubmitOutcome, log: Log): Answer {
  log.info(created ? 'evidence-accepted' : 'evidence-repeated', {
    evidence: record.sha256,
    principal: record.principal,
    flags: record.flags,
  });
  return {
    status: created ? 201 : 200,
    headers: { location: `/v1/evidence/${record.sha256}` },
    body: { ...evidenceSummary(record), created, receipt: receiptJson(record) },
  };
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
