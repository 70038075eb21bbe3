import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../lib/core/digest.ts';
import { modelSigningStatement, validateModelSigning } from '../../lib/core/model-signing.ts';
import { parseStatement } from '../../lib/core/statement.ts';

const part = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 6 })
  .filter(
    (text) => !/[/\0]/.test(text) && text.isWellFormed() && text !== '.' && text !== '..' && !text.startsWith('.git'),
  );
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const files = fc.uniqueArray(fc.record({ path, sha256: fc.string({ maxLength: 3 }).map((text) => sha256Hex(text)) }), {
  minLength: 1,
  maxLength: 12,
  selector: (file) => file.path,
});

describe('a model signing statement', () => {
  it('does not depend on the order in which files were listed', () => {
    fc.assert(
      fc.property(
        files.chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length }))),
        ([some, shuffled]) => {
          expect(modelSigningStatement('m', shuffled)).toEqual(modelSigningStatement('m', some));
        },
      ),
    );
  });

  it('is always one that we accept, and never once any digest in it is another', () => {
    fc.assert(
      fc.property(files, fc.nat(), (some, at) => {
        const { predicate, subject } = parseStatement(modelSigningStatement('m', some));
        expect(() => validateModelSigning(predicate, subject)).not.toThrow();
        const changed = some.map((file, index) =>
          index === at % some.length ? { ...file, sha256: sha256Hex(`not ${file.sha256}`) } : file,
        );
        const other = parseStatement(modelSigningStatement('m', changed));
        expect(() => validateModelSigning(other.predicate, subject)).toThrow(/root digest/);
      }),
    );
  });
});
