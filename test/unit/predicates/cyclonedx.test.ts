import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { NO_FACTS } from '../../../lib/core/predicates/facts.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';
import { sampleBom } from './cyclonedx-sample.ts';
import { DIGEST, expectRefusals, OTHER_DIGEST, withValue } from './refusals.ts';

const validate = (predicate: unknown) => validatePredicate(Predicate.cyclonedx, predicate, []);

describe('CycloneDX 1.7', () => {
  it('mentions the SHA-256 of every component, however deep, in lower case', async () => {
    expect(await validate(sampleBom)).toEqual({ ...NO_FACTS, mentions: [DIGEST, OTHER_DIGEST] });
  });

  it('accepts the smallest BOM', async () => {
    expect(await validate({ bomFormat: 'CycloneDX', specVersion: '1.7' })).toEqual(NO_FACTS);
  });

  it('names the field that is wrong', async () => {
    await expectRefusals(Predicate.cyclonedx, sampleBom, [
      ['/specVersion', '1.6'],
      ['/specVersion', undefined],
      ['/bomFormat', undefined],
      ['/bomFormat', 'SPDX'],
      ['/extra', true],
      ['/metadata/timestamp', 'yesterday'],
      ['/metadata/authors/0/email', 'nobody'],
      ['/metadata/component/type', 'model'],
      ['/metadata/component/name', undefined],
      ['/metadata/component/licenses/0/license/id', 'NOT-A-LICENCE'],
      ['/metadata/component/modelCard/verdict', 'good'],
      ['/metadata/component/modelCard/modelParameters/approach/type', 'magic'],
      ['/metadata/component/modelCard/quantitativeAnalysis/performanceMetrics/0/value', 0.97],
      ['/components/0/components/0/hashes/0/content', 'zz'],
      ['/components', [...sampleBom.components, ...sampleBom.components]],
      ['/components', { 0: sampleBom.components[0] }],
    ]);
  });

  it('refuses a hash of another algorithm that calls itself SHA-256', async () => {
    const pointer = '/metadata/component/hashes/0/content';
    await expect(validate(withValue(sampleBom, pointer, DIGEST.slice(0, 40)))).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
      pointer: `/predicate${pointer}`,
    });
  });

  it('refuses what is no object at all', async () => {
    for (const predicate of [null, [], 'CycloneDX', 1]) {
      await expect(validate(predicate)).rejects.toMatchObject({ code: 'PREDICATE_INVALID', pointer: '/predicate' });
    }
  });

  it('takes equal items for equal whatever the order of their fields', async () => {
    const components = [
      { type: 'file', name: 'a' },
      { name: 'a', type: 'file' },
    ];
    await expect(validate({ ...sampleBom, components })).rejects.toMatchObject({ pointer: '/predicate/components' });
  });

  it('takes a BOM of 1 MB in its stride', async () => {
    // Comparing every pair for uniqueItems, as ajv does, would run into the time limit of the test several times over.
    const components = Array.from({ length: 33_000 }, (_, index) => ({ type: 'file', name: `f${index}` }));
    await expect(validate({ ...sampleBom, components })).resolves.toMatchObject({ mentions: [DIGEST] });
  });
});
