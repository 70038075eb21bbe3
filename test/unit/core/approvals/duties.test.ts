import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../../lib/contracts/predicates.ts';
import { dutyOf } from '../../../../lib/core/approvals/duties.ts';
import type { GateAttestation, GateLineage } from '../../../../lib/core/gate/input.ts';
import type { Json } from '../../../../lib/core/json.ts';
import { dutiesInConflict } from '../../../../lib/core/promotion/duties.ts';
import { digestOf, NOW } from '../../../support/manifests.ts';

const MODEL = digestOf('model');
const lineage: GateLineage = { complete: true, code: null, nodes: [MODEL], edges: [], cycle: null };

function attestation(changes: Partial<GateAttestation>): GateAttestation {
  return {
    evidence: digestOf('evidence'),
    predicate_type: Predicate.slsaProvenance,
    received_at: NOW,
    principal: 'builder',
    environment: 'production',
    flags: [],
    signature: { state: 'verified', keyid: null, role: null },
    stage: null,
    run_id: null,
    subjects: [MODEL],
    inputs: [],
    outputs: [],
    commits: [],
    predicate: null,
    ...changes,
  };
}

const builtFrom = (...resolvedDependencies: readonly Json[]) =>
  attestation({ predicate: { buildDefinition: { resolvedDependencies } } });
const commit = (name: Json) => ({ annotations: { 'countersign.dev/committer': name } });

const approverDuty = (one: GateAttestation) =>
  dutyOf({ attestations: [one], lineage, requester: null }, ['p-1', 'ada']);
const person = (principal: string | null) => ({ unique_id: 'u-1', arn: 'arn', at: NOW, principal });
const pastTheGate = (one: GateAttestation) =>
  dutiesInConflict({ attestations: [one], lineage }, [person('grace'), person('Ada ')])?.code;

describe('a part in the work keeps a person from approving it, and from releasing it past its gate', () => {
  it.each([
    ['a commit', builtFrom(commit('ada'))],
    ['a commit beside one whose committer is no name', builtFrom(commit(5), commit('ada'))],
    ['a commit beside a dependency whose annotations are null', builtFrom({ annotations: null }, commit('ADA'))],
    ['a commit beside dependencies that are none', builtFrom(null, 'x', {}, commit('ada'))],
  ])('for %s', (_, one) => {
    expect(approverDuty(one)).toBe('committer');
    expect(pastTheGate(one)).toBe('DUTIES_NOT_SEPARATE');
  });

  it.each([
    ['provenance', attestation({ principal: 'Ada', outputs: [MODEL] })],
    ['a manifest', attestation({ predicate_type: Predicate.manifest, principal: 'ada', outputs: [MODEL] })],
  ])('for %s of it', (_, one) => {
    expect(approverDuty(one)).toBe('producer');
    expect(pastTheGate(one)).toBe('DUTIES_NOT_SEPARATE');
  });

  it.each([
    ['somebody else', builtFrom(commit('grace hopper'))],
    ['a name in an annotation of another kind', builtFrom({ annotations: { 'example.org/committer': 'ada' } })],
    ['nobody', builtFrom()],
    ['something that is no provenance', attestation({ predicate: { buildDefinition: 'ada' } })],
  ])('but not that of %s', (_, one) => {
    expect(approverDuty(one)).toBeUndefined();
    expect(pastTheGate(one)).toBeUndefined();
  });
});

describe('past the gate', () => {
  it('keeps away also who handed in a manifest of which nobody can tell what it made', () => {
    const lost = {
      predicate_type: Predicate.manifest,
      principal: 'ada',
      signature: { state: 'unreadable', keyid: null, role: null },
    } as const;
    expect(pastTheGate(attestation(lost))).toBe('DUTIES_NOT_SEPARATE');
  });

  it('releases nobody whom the registry does not name, or who has not confirmed', () => {
    const attestations = [builtFrom()];
    for (const one of [null, person(null)]) {
      expect(dutiesInConflict({ attestations, lineage }, [one])?.code).toBe('DUTIES_NOT_SEPARATE');
    }
  });
});
