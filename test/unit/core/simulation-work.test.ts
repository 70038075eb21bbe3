import { expect, it } from 'vitest';
import { parseChunk, parseCursor, parseList, parseResult } from '../../../lib/core/simulation-work.ts';
import { refusal } from '../../support/refusals.ts';

const READERS = {
  cursor: (bytes: Buffer) => parseCursor(bytes.toString()),
  chunk: parseChunk,
  result: parseResult,
  list: parseList,
} as const;

it.each(Object.entries(READERS))('a %s of another form is named as such, with its offending field', (_, read) => {
  expect(() => read(Buffer.from('{"chunk":"none"}'))).toThrow(refusal('INTEGRITY_FAILURE'));
});

it.each([parseChunk, parseResult, parseList])('what is gone is told from what has another form: %o', (read) => {
  expect(() => read(undefined)).toThrow(refusal('NOT_FOUND'));
});
