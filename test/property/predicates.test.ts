import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Predicate, SUBMITTABLE } from '../../lib/contracts/predicates.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { validatePredicate } from '../../lib/core/predicates/index.ts';

/** Field names of the real predicates, so that random documents get past the first level. */
const FIELDS = [
  'attributes',
  'attribute',
  'evidence',
  'target',
  'digest',
  'sha256',
  'uri',
  'name',
  'result',
  'configuration',
  'buildDefinition',
  'runDetails',
  'builder',
  'id',
  'scanner',
  'metadata',
  'verifier',
  'policy',
  'components',
  'hashes',
  'bomFormat',
  'specVersion',
  'resources',
  'serialization',
  'method',
  '__proto__',
  'constructor',
];

const { document } = fc.letrec((tie) => ({
  document: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, true, 0, -1.5, '', 'PASSED', 'CycloneDX', '1.7', 'https://example.com', 'files'),
    fc.string(),
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('document'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

describe('validatePredicate on any JSON', () => {
  it.each(SUBMITTABLE.filter((type) => type !== Predicate.manifest))(
    '%s accepts it or says what is wrong',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(document, async (predicate) => {
          const error = await validatePredicate(type, predicate, []).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error === undefined) return;
          expect(error).toBeInstanceOf(DomainError);
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(PREDICATE|DIGEST)_INVALID$/),
            pointer: expect.stringMatching(/^\/(predicate|subject)(\/|$)/),
          });
        }),
      );
    },
  );
});
