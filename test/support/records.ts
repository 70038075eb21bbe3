import { Predicate, STAGES } from '../../lib/contracts/predicates.ts';
import type { EvidenceRecord, IndexEntry } from '../../lib/core/evidence.ts';
import type { KeyRecord, Principal } from '../../lib/core/registry.ts';
import type { TestKey } from './keys.ts';
import { digestOf, NOW, PIPELINE } from './manifests.ts';

/** A registered key with authority over every manifest. */
export function aKeyRecord(key: TestKey, changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    keyid: key.keyid,
    public_key: key.pem,
    algorithm: key.algorithm,
    principal: PIPELINE,
    role: 'producer',
    stages: [...STAGES],
    predicate_types: [Predicate.manifest],
    scai_attributes: [],
    not_before: '2026-01-01T00:00:00.000Z',
    not_after: '2027-01-01T00:00:00.000Z',
    revision: 1,
    registered_at: '2026-01-01T00:00:00.000Z',
    ...changes,
  };
}

export function aPrincipal(keys: readonly KeyRecord[], changes: Partial<Principal> = {}): Principal {
  return {
    name: PIPELINE,
    unique_id: 'AROATRAININGPIPELINE',
    arn: `arn:aws:iam::111122223333:role/${PIPELINE}`,
    account: '111122223333',
    revision: 1 + keys.length,
    keys,
    ...changes,
  };
}

/** A record of stored evidence, with an index entry of its own in the partition of a run. */
export function anEvidence(name: string, changes: Partial<EvidenceRecord> = {}): EvidenceRecord {
  const sha256 = digestOf(name);
  return {
    sha256,
    kind: 'attestation',
    form: 'sigstore-bundle',
    media_type: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    size: 7,
    received_at: NOW,
    principal: PIPELINE,
    statement_identity: digestOf(`statement of ${name}`),
    predicate_type: Predicate.manifest,
    keyid: digestOf('key'),
    key_revision: 1,
    environment: 'staging',
    stage: 'training',
    run_id: 'run-1',
    flags: ['late'],
    object_key: `attestations/sha256/aa/${sha256}.sigstore.json`,
    version_id: 'version-1',
    retain_until: '2027-01-01T00:00:00.000Z',
    receipt: '{"dsseEnvelope":{}}',
    receipt_version_id: 'version-2',
    evidence_keyid: digestOf('evidence key'),
    kms_request_id: 'kms-request-1',
    inline: new Uint8Array([0, 1, 255]),
    ...changes,
  };
}

/** An event of the control plane, as the registry and the holds commit it. */
export function anEvent(name: string): EvidenceRecord {
  const record = anEvidence(name, { kind: 'event', form: 'event', environment: 'production', flags: [] });
  // What only a submission has.
  const { stage: _s, run_id: _r, keyid: _k, key_revision: _v, receipt: _c, receipt_version_id: _i, ...event } = record;
  return event;
}

export function anEntry(record: EvidenceRecord, pk: string, sk: string, changes: Partial<IndexEntry> = {}): IndexEntry {
  return {
    pk,
    sk,
    evidence: record.sha256,
    received_at: record.received_at,
    principal: record.principal,
    flags: [],
    ...changes,
  };
}
