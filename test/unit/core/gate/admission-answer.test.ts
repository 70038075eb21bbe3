import { describe, expect, it } from 'vitest';
import { admissionReview, comingOf, refusalOf } from '../../../../lib/core/gate/admission-answer.ts';
import type { RuleVerdict } from '../../../../lib/core/gate/input.ts';
import { PASSING } from '../../policies/fixture.ts';

const verdict = (rule: string, kind: RuleVerdict['verdict'], changes: Partial<RuleVerdict> = {}): RuleVerdict => ({
  rule,
  verdict: kind,
  severity: 'high',
  controls: ['A.8.24'],
  effective_on: '2027-01-01T00:00:00Z',
  reasons: [],
  waiver: null,
  ...changes,
});

const judged = (verdicts: readonly RuleVerdict[], warnings: readonly RuleVerdict[] = []) => ({
  input: PASSING,
  result: { verdicts, warnings },
  beside: [],
});

describe('the answer to a cluster', () => {
  it('lets in and names the evidence', () => {
    expect(admissionReview('uid-1', { refusal: undefined, decision: 'd'.repeat(64), warnings: [] })).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'uid-1', allowed: true, auditAnnotations: { decision: 'd'.repeat(64) } },
    });
  });

  it('keeps out with the rules that fail, why, what to do, and nothing of those that pass', () => {
    const reasons = [{ code: 'consent_missing', params: { dataset: 'a'.repeat(64) } }];
    const verdicts = [verdict('one', 'pass'), verdict('two', 'waived'), verdict('three', 'not_applicable')];
    const shut = [verdict('dataset_consent', 'fail', { reasons }), verdict('findings', 'undetermined')];
    const message = refusalOf(judged([...verdicts, ...shut]), 'e1');
    const [first, consent, findings, ...more] = message.split('\n');
    expect(first).toBe(`the model ${PASSING.model.sha256} may not enter production (decision e1):`);
    expect(consent).toMatch(/^dataset_consent: nobody attests .+ \(sign a SCAI report .+\)$/);
    expect(findings).toBe('findings: undetermined');
    expect(more).toEqual([]);
    const { response } = admissionReview('u', { refusal: { code: 403, message }, decision: 'e1', warnings: [] });
    expect(response).toEqual({
      uid: 'u',
      allowed: false,
      status: { code: 403, message },
      auditAnnotations: { decision: 'e1' },
    });
  });

  it('warns of rules that will bite, and not of those that would pass', () => {
    const warnings = [verdict('later', 'fail'), verdict('content', 'pass')];
    expect(comingOf(judged([], warnings))).toEqual(['countersign: from 2027-01-01T00:00:00Z later: fail']);
  });

  it('is bounded, and steers no terminal', () => {
    const hostile = `\u001b[2J\u202e\r\n${`${'x'.repeat(999)}\n`.repeat(10)}`;
    const refusal = { code: 403, message: hostile } as const;
    const answer = admissionReview('u', { refusal, decision: undefined, warnings: Array(40).fill(hostile) });
    const { status, warnings } = answer.response as { status: { message: string }; warnings: string[] };
    expect(status.message).toMatch(/^\ufffd\[2J\ufffd{2}\n[x\n]+…$/);
    expect(status.message).toHaveLength(4000);
    expect(warnings).toHaveLength(16);
    for (const warning of warnings) {
      expect(warning).toMatch(/^[^\p{C}]+$/u);
      expect(warning).toHaveLength(240);
    }
  });
});
