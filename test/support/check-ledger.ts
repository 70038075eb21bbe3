import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { SubmitOutcome } from '../../lib/app/submit-evidence.ts';
import type { EvidenceRecord } from '../../lib/core/evidence.ts';
import type { ControlPlane } from './control-plane.ts';
import { verifyWithSigstore } from './sigstore.ts';

/**
 * Holds the whole deployment against its promises, with as little of our own code as can be: signatures are verified by
 * sigstore-js, and object names are spelled out. To be called after every step of a story.
 */
export function checkLedger(plane: ControlPlane): void {
  for (const [key, object] of plane.bucket.objects) {
    if (isLost(key)) continue;
    if (key.startsWith('receipts/')) checkReceipt(plane, key, object.bytes);
    if (key.startsWith('events/')) checkOwnSignature(plane, object.bytes);
  }
  for (const record of plane.ledger.records.values()) checkRecord(plane, record);
  for (const [identity, evidence] of plane.ledger.statements) {
    expect(plane.ledger.records.get(evidence)?.statement_identity).toBe(identity);
  }
  for (const partition of plane.ledger.entries.values()) {
    for (const entry of partition.values()) {
      const { records } = plane.ledger;
      const named = [records.get(entry.evidence), records.get(`artifact#${entry.evidence}`)];
      const record = named.find((candidate) => candidate && candidate.predicate_type === entry.predicate_type);
      expect(record, `${entry.pk} points to evidence`).toBeDefined();
      expect(entry).toMatchObject({ received_at: record?.received_at, principal: record?.principal });
    }
  }
  checkSignatures(plane);
}

const isLost = (key: string): boolean => key.startsWith('receipts/lost/') || key.startsWith('events/lost/');

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function statementOf(bundle: Buffer) {
  const { dsseEnvelope } = JSON.parse(bundle.toString('utf8'));
  return JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString('utf8'));
}

/** Whatever the control plane signed verifies under a key that it published. */
function checkOwnSignature(plane: ControlPlane, bundle: Buffer): void {
  const { verificationMaterial } = JSON.parse(bundle.toString('utf8'));
  const { hint } = verificationMaterial.publicKey;
  const pem = plane.bucket.objects.get(`keys/${hint}.pem`)?.bytes.toString('utf8') ?? '';
  expect(sha256(Buffer.from(pem))).toBe(hint);
  verifyWithSigstore(bundle, pem);
}

/** A receipt speaks of an object that lies where it says, as long as it says. */
function checkReceipt(plane: ControlPlane, key: string, bundle: Buffer): void {
  checkOwnSignature(plane, bundle);
  const { subject, predicateType, predicate } = statementOf(bundle);
  const { evidence, storage } = predicate;
  expect(predicateType).toBe('https://countersign.dev/receipt/v1');
  expect(subject).toEqual([{ digest: { sha256: evidence.sha256 } }]);
  expect(key).toBe(receiptKey(evidence));
  const object = plane.bucket.objects.get(storage.key);
  expect(object?.versionId).toBe(storage.version_id);
  expect(object?.retainUntil.getTime()).toBeGreaterThanOrEqual(Date.parse(storage.retain_until));
  expect(object?.bytes).toHaveLength(evidence.size);
  expect(sha256(object?.bytes ?? Buffer.alloc(0))).toBe(evidence.sha256);
}

function receiptKey({ kind, sha256: digest }: { readonly kind: string; readonly sha256: string }): string {
  return `receipts/${kind === 'artifact' ? 'artifacts/' : ''}${digest}.sigstore.json`;
}

/** An index row says what the bucket says. */
function checkRecord(plane: ControlPlane, record: EvidenceRecord): void {
  const object = plane.bucket.objects.get(record.object_key);
  expect(object?.versionId).toBe(record.version_id);
  expect(sha256(object?.bytes ?? Buffer.alloc(0))).toBe(record.sha256);
  if (record.inline) expect(sha256(record.inline)).toBe(record.sha256);
  if (record.statement_identity !== undefined) {
    expect(plane.ledger.statements.get(record.statement_identity)).toBe(record.sha256);
  }
  if (record.kind === 'event') return;
  const receipt = plane.bucket.objects.get(receiptKey(record));
  expect(receipt?.bytes.toString('utf8')).toBe(record.receipt);
  const { predicate } = statementOf(receipt?.bytes ?? Buffer.alloc(0));
  expect(predicate).toMatchObject({
    received_at: record.received_at,
    principal: { name: record.principal },
    flags: record.flags,
    environment: record.environment,
    storage: { key: record.object_key, version_id: record.version_id, retain_until: record.retain_until },
  });
  expect(predicate.statement?.identity).toBe(record.statement_identity);
  expect(predicate.verified_key?.keyid).toBe(record.keyid);
}

/** Every answer of KMS is in the log, and each receipt and event names the one that made it. */
function checkSignatures(plane: ControlPlane): void {
  const logged = plane.logged
    .filter(({ event }) => event === 'evidence-key-signed')
    .map(({ fields }) => fields.kms_request_id);
  expect(logged).toEqual(plane.signer.requestIds);
  const named = [...plane.bucket.objects].flatMap(([key, { metadata }]) => {
    if (isLost(key)) return key.split('/').at(-1)?.replace('.json', '') ?? [];
    return metadata['kms-request-id'] ?? [];
  });
  expect(new Set(named).size, 'one signature, one object').toBe(named.length);
  for (const id of named) expect(plane.signer.requestIds).toContain(id);
}

/** Evidence that somebody submitted, without the events of the control plane itself. */
export function submitted(plane: ControlPlane): readonly EvidenceRecord[] {
  return [...plane.ledger.records.values()].filter(({ kind }) => kind !== 'event');
}

export function objectsUnder(plane: ControlPlane, prefix: string): readonly string[] {
  return [...plane.bucket.objects.keys()].filter((key) => key.startsWith(prefix));
}

/** Request ids whose signatures were given up for another's, each with its note in the bucket. */
export function lostSignatures(plane: ControlPlane): readonly string[] {
  return [...objectsUnder(plane, 'receipts/lost/'), ...objectsUnder(plane, 'events/lost/')];
}

/** Matches the answer to a later post of the same statement: the first receipt, to the byte, and nothing new. */
export function answeredAs({ record: { sha256, receipt } }: SubmitOutcome) {
  return { created: false, record: expect.objectContaining({ sha256, receipt }) };
}
