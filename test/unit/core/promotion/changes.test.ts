import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../../lib/contracts/predicates.ts';
import { type Approvable, changesSince, type Stated } from '../../../../lib/core/promotion/changes.ts';
import { verdictOf } from '../../../support/promoting.ts';

const stated = (evidence: string, changes: Partial<Stated> = {}): Stated => ({
  evidence,
  predicate_type: Predicate.manifest,
  subjects: ['model'],
  signature: { state: 'verified', role: 'producer' },
  ...changes,
});
const before: Approvable = {
  attestations: [
    stated('training'),
    stated('scan', { predicate_type: Predicate.vulns, subjects: ['image'] }),
    stated('consent', { predicate_type: Predicate.scai, subjects: ['data'] }),
  ],
  result: {
    verdicts: [
      verdictOf({ rule: 'signed' }),
      verdictOf({
        rule: 'required_approvals',
        verdict: 'not_applicable',
        reasons: [{ code: 'asked_at_release', params: {} }],
      }),
    ],
    warnings: [],
  },
  policies: ['main'],
};
const now = (changes: Partial<Approvable>): Approvable => ({ ...before, ...changes });
const having = (...more: readonly Stated[]): Approvable => now({ attestations: [...before.attestations, ...more] });
const without = (evidence: string): Approvable =>
  now({ attestations: before.attestations.filter((one) => one.evidence !== evidence) });

describe('what people approve on has changed', () => {
  const rows: readonly (readonly [string, Approvable, string, string])[] = [
    ['an attestation is gone', without('training'), 'attestation_gone', 'training'],
    [
      'its key was revoked',
      now({ attestations: [stated('training', { signature: { state: 'key_revoked', role: 'producer' } })] }),
      'signature_changed',
      'training',
    ],
    ['the same role says another thing of it', having(stated('retraining')), 'attestation_superseded', 'retraining'],
    ['consent is gone', without('consent'), 'consent_or_review_changed', 'consent'],
    [
      'consent is spoken of anew, by whomever',
      having(
        stated('withdrawal', {
          predicate_type: Predicate.scai,
          subjects: ['data'],
          signature: { state: 'verified', role: 'other' },
        }),
      ),
      'consent_or_review_changed',
      'withdrawal',
    ],
    ['a policy decides besides', now({ policies: ['main', 'freeze'] }), 'policy_changed', 'freeze'],
    [
      'a rule says otherwise',
      now({ result: { verdicts: [verdictOf({ rule: 'signed', verdict: 'waived' })], warnings: [] } }),
      'verdict_changed',
      'signed',
    ],
  ];
  it.each(rows)('when %s', (_, after, code, about) => {
    expect(changesSince(before, after)).toContainEqual({ code, about });
  });
});

describe('nothing has changed', () => {
  const rows: readonly (readonly [string, Approvable])[] = [
    ['when all is as it was', before],
    [
      'when a scan takes the place of another',
      now({
        attestations: [
          ...without('scan').attestations,
          stated('newer scan', { predicate_type: Predicate.vulns, subjects: ['image'] }),
        ],
      }),
    ],
    ['when somebody else tests it too', having(stated('test', { predicate_type: Predicate.testResult }))],
    ['when the same is said of something else', having(stated('another training', { subjects: ['another model'] }))],
    [
      'when a rule is asked that was not asked before',
      now({
        result: { verdicts: [verdictOf({ rule: 'signed' }), verdictOf({ rule: 'required_approvals' })], warnings: [] },
      }),
    ],
  ];
  it.each(rows)('%s', (_, after) => expect(changesSince(before, after)).toEqual([]));
});
