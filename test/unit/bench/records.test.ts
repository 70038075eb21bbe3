import { describe, expect, it } from 'vitest';
import { callerId, PATTERNS, recordAt } from '../../../bench/growth/records.ts';
import { Producer } from '../../../bench/producer.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { parseSubmission } from '../../../lib/core/submission.ts';

const bytes = new Producer('training-pipeline').manifest('test');
const template = {
  content: (await parseSubmission(bytes, 'manifests')).content,
  record: {
    sha256: sha256Hex(bytes),
    kind: 'attestation',
    form: 'sigstore-bundle',
    media_type: 'application/json',
    size: bytes.length,
    received_at: '2026-01-01T00:00:00.000Z',
    principal: 'training-pipeline',
    environment: 'experimental',
    flags: [],
    object_key: 'attestations/x',
    version_id: 'v',
    retain_until: '2027-01-01T00:00:00.000Z',
    evidence_keyid: 'k',
    kms_request_id: 'r',
  },
} as const;

describe('the records that a table is filled with', () => {
  const small = Array.from({ length: 1000 }, (_, index) => recordAt(template, index));

  it('are each another piece of evidence', () => {
    expect(new Set(small.map(({ record }) => record.sha256)).size).toBe(1000);
    expect(new Set(small.map(({ record }) => record.statement_identity)).size).toBe(1000);
    expect(callerId(1)).toMatch(/^AROA[0-9A-F]{17}$/);
  });

  it.each(Object.entries(PATTERNS))('fill three pages of 25 under %s from 1,000 records on', (_, partition) => {
    const lines = small.flatMap(({ entries }) => entries.filter(({ pk }) => pk === partition));
    expect(lines.length).toBeGreaterThan(75);
    expect(new Set(lines.map(({ sk }) => sk)).size).toBe(lines.length);
  });
});
