import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';
import { COMMIT, DIGEST, expectRefusals } from './refusals.ts';

const testResult = {
  result: 'WARNED',
  configuration: [
    { name: 'evaluation.yml', digest: { sha256: DIGEST, gitBlob: COMMIT } },
    { uri: 'git+https://example.com/tests', digest: { gitCommit: COMMIT } },
  ],
  url: 'https://example.com/runs/42',
  passedTests: ['accuracy'],
  warnedTests: ['bias'],
  failedTests: [],
};

describe('test result v0.1', () => {
  it('mentions its configuration and gives the result', async () => {
    expect(await validatePredicate(Predicate.testResult, testResult, [])).toMatchObject({
      mentions: [DIGEST],
      commits: [COMMIT],
      result: 'WARNED',
    });
  });

  it('may have an empty configuration, but must have one', async () => {
    await expect(
      validatePredicate(Predicate.testResult, { result: 'PASSED', configuration: [] }, []),
    ).resolves.toMatchObject({ mentions: [] });
  });

  it('names the field that is wrong', async () => {
    await expectRefusals(Predicate.testResult, testResult, [
      ['/result', 'passed'],
      ['/configuration', undefined],
      ['/configuration/0', 'evaluation.yml'],
      ['/configuration/0/digest/gitBlob', 'abc'],
      ['/url', 'runs/42'],
      ['/failedTests/0', 1],
    ]);
  });
});
