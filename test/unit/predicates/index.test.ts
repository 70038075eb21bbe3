import { describe, expect, it } from 'vitest';
import { OwnPredicate, Predicate, SUBMITTABLE } from '../../../lib/contracts/predicates.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';

describe('validatePredicate', () => {
  it('knows every type that may be submitted, but for the manifest', async () => {
    for (const type of SUBMITTABLE.filter((type) => type !== Predicate.manifest)) {
      await expect(validatePredicate(type, {}, []), type).rejects.toMatchObject({ code: 'PREDICATE_INVALID' });
    }
  });

  it('refuses every other type', async () => {
    for (const type of [OwnPredicate.receipt, 'https://slsa.dev/provenance/v0.2', 'toString', '__proto__', '']) {
      await expect(validatePredicate(type, {}, []), type).rejects.toMatchObject({
        code: 'PREDICATE_UNSUPPORTED',
        pointer: '/predicateType',
      });
    }
  });
});
