import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { decodeBase64 } from '../../lib/core/base64.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { type Json, parseStrictJson } from '../../lib/core/json.ts';
import { mutatedText } from '../support/arbitraries.ts';

// Many runs on a busy machine take longer than one example may.
vi.setConfig({ testTimeout: 30_000 });

const parse = (text: string): Json => parseStrictJson(Buffer.from(text, 'utf8'));

/** The parsed value, or why there is none. */
function attempt(text: string): { readonly value: Json } | { readonly refused: DomainError } {
  try {
    return { value: parse(text) };
  } catch (error) {
    if (error instanceof DomainError) return { refused: error };
    throw error;
  }
}

/** Everything that JSON.parse takes and I-JSON does not. */
const STRICTER = /stands twice|__proto__|lone surrogate|2\^53-1|too large for a double|nested deeper than 64/;

const indented = fc.constantFrom(undefined, 1, '\t', '\r\n ');

describe('parseStrictJson beside JSON.parse', () => {
  it('gives the same value for whatever both accept', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), indented, (value, space) => {
        const text = JSON.stringify(value, null, space);
        const strict = attempt(text);
        if ('value' in strict) expect(strict.value).toEqual(JSON.parse(text));
        else expect(strict.refused.message).toMatch(STRICTER);
      }),
      { numRuns: 500 },
    );
  });

  it('never accepts what JSON.parse refuses, and refuses more only for its own reasons', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }).chain(mutatedText), (text) => {
        const strict = attempt(text);
        let loose: unknown;
        try {
          loose = JSON.parse(text);
        } catch {
          expect(strict).toHaveProperty('refused');
          return;
        }
        if ('value' in strict) expect(strict.value).toEqual(loose);
        else expect(strict.refused.message).toMatch(STRICTER);
      }),
      { numRuns: 2000 },
    );
  });

  it('answers any bytes with a value or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          parseStrictJson(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: 'DomainError', code: 'JSON_INVALID' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const json = fc.jsonValue({ maxDepth: 5 }).filter((value) => 'value' in attempt(JSON.stringify(value)));

/** The same value with the keys of each object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, reversed(field)]),
  );
}

describe('canonicalBytes', () => {
  it('says the same as the value, and the same about itself', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = canonicalBytes(parse(JSON.stringify(value)));
        expect(JSON.parse(bytes.toString('utf8'))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalBytes(parseStrictJson(bytes))).toEqual(bytes);
      }),
    );
  });

  it('does not depend on order or spaces', () => {
    fc.assert(
      fc.property(json, indented, (value, space) => {
        const other = parse(JSON.stringify(reversed(value), null, space));
        expect(canonicalBytes(other)).toEqual(canonicalBytes(parse(JSON.stringify(value))));
      }),
    );
  });
});

const ENCODINGS = [
  (bytes: Buffer) => bytes.toString('base64'),
  (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, ''),
  (bytes: Buffer) => bytes.toString('base64url'),
  (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
];

describe('decodeBase64', () => {
  it('reads what any of the four encoders writes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(...ENCODINGS), (bytes, encode) => {
        expect(decodeBase64(encode(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('reads nothing else: what it reads, one of the four writes', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'AZaz09+/-_= \n'), maxLength: 12 }),
      fc.uint8Array({ maxLength: 9 }).chain((bytes) => mutatedText(Buffer.from(bytes).toString('base64'))),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const bytes = decodeBase64(candidate);
        if (bytes) expect(ENCODINGS.map((encode) => encode(bytes))).toContain(candidate);
      }),
      { numRuns: 2000 },
    );
  });
});
