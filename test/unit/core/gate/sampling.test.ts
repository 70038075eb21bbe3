import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwnPredicate } from '../../../../lib/contracts/predicates.ts';
import { isSampled, samplingRate } from '../../../../lib/core/gate/sampling.ts';
import { parseSkip, type Skip, skipPayload } from '../../../../lib/core/gate/skip.ts';
import { parseStrictJson } from '../../../../lib/core/json.ts';
import { parseStatement } from '../../../../lib/core/statement.ts';
import { digestOf } from '../../../support/manifests.ts';
import { refusal } from '../../../support/refusals.ts';

describe('the sample of runs', () => {
  it('is everything at the rate 1 and nothing at the rate 0', () => {
    fc.assert(fc.property(fc.string(), (runId) => isSampled(runId, 1) && !isSampled(runId, 0)));
  });

  it('only grows with the rate', () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.string(), rate, rate, (runId, a, b) => {
        return !isSampled(runId, Math.min(a, b)) || isSampled(runId, Math.max(a, b));
      }),
    );
  });

  it('is as large as the rate says', () => {
    const chosen = Array.from({ length: 10_000 }, (_, index) => `run-${index}`).filter((id) => isSampled(id, 0.1));
    expect(chosen.length).toBeGreaterThan(900);
    expect(chosen.length).toBeLessThan(1100);
  });

  it('is everything for production and for release candidates, whatever the rates', () => {
    const rates = { experimental: 0.1, staging: 0.2 };
    expect(samplingRate(rates, 'production', false)).toBe(1);
    expect(samplingRate(rates, 'staging', true)).toBe(1);
    expect(samplingRate(rates, 'staging', false)).toBe(0.2);
    expect(samplingRate(rates, 'experimental', false)).toBe(0.1);
  });
});

describe('the statement that nobody looked', () => {
  const skip: Skip = {
    result: 'SKIPPED',
    environment: 'staging',
    phase: 'request',
    endpoint: null,
    image_digest: null,
    requester: 'ci',
    skipped_at: '2026-02-21T12:00:00.000Z',
    rate: 0.1,
    run_ids: ['run-1'],
    manifests: [digestOf('manifest')],
  };
  const statementOf = (changes: object) =>
    parseStatement(parseStrictJson(skipPayload(digestOf('model'), { ...skip, ...changes })));

  it('is read as it was written', () => {
    expect(statementOf({}).predicateType).toBe(OwnPredicate.gateSkip);
    expect(parseSkip(statementOf({}))).toEqual({ model: digestOf('model'), skip });
  });

  it.each([
    [{ result: 'PASSED' }, '/predicate/result'],
    [{ environment: 'production' }, '/predicate/environment'],
    [{ rate: 2 }, '/predicate/rate'],
    [{ run_ids: [] }, '/predicate/run_ids'],
    [{ manifests: [] }, '/predicate/manifests'],
  ] as const)('says nothing with %j', (changes, pointer) => {
    expect(() => parseSkip(statementOf(changes))).toThrow(refusal('PREDICATE_INVALID', pointer));
  });

  it('says nothing under another type', () => {
    const statement = { ...statementOf({}), predicateType: 'https://slsa.dev/verification_summary/v1' };
    expect(() => parseSkip(statement)).toThrow(refusal('PREDICATE_INVALID', '/predicateType'));
  });
});
