import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';
import { DIGEST, expectRefusals, OTHER_DIGEST } from './refusals.ts';

const report = {
  attributes: [
    { attribute: 'DATASET_CONSENT', target: { digest: { sha256: DIGEST } }, conditions: { until: '2027-01-01' } },
    { attribute: 'PRIVACY_REVIEWED', evidence: { name: 'review.pdf', digest: { sha256: OTHER_DIGEST } } },
    { attribute: 'DATASET_CONSENT' },
  ],
  producer: { uri: 'https://example.com/privacy-office' },
};

describe('SCAI attribute report v0.3', () => {
  it('gives every attribute once, and mentions targets and evidence', async () => {
    expect(await validatePredicate(Predicate.scai, report, [])).toMatchObject({
      attributes: ['DATASET_CONSENT', 'PRIVACY_REVIEWED'],
      mentions: [DIGEST, OTHER_DIGEST],
    });
  });

  it('names the field that is wrong', async () => {
    await expectRefusals(Predicate.scai, report, [
      ['/attributes', undefined],
      ['/attributes', []],
      ['/attributes/1/attribute', undefined],
      ['/attributes/1/attribute', ''],
      ['/attributes/0/conditions', 'always'],
      ['/attributes/0/target', {}],
      ['/attributes/1/evidence', { name: 'review.pdf' }],
      ['/producer', 'me'],
    ]);
  });
});
