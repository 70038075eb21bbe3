import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, parseStrictJson, pointerToken, toPointer } from '../../../lib/core/json.ts';
import { refusal } from '../../support/refusals.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text, 'utf8'));
const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`;

describe('parseStrictJson', () => {
  it.each([
    ['null', null],
    [' \t\r\n true \n', true],
    ['-0.5e-3', -0.0005],
    ['1e3', 1000],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['"\\u00e9\\n\\/\\uD83D\\uDE00"', 'é\n/😀'],
    ['"\u2028\u007f"', '\u2028\u007f'],
    ['{"a":[1,{"b":null}],"":{}}', { a: [1, { b: null }], '': {} }],
    ['{"constructor":1,"toString":2,"hasOwnProperty":3}', { constructor: 1, toString: 2, hasOwnProperty: 3 }],
    [nested(MAX_DEPTH, '[', ']'), JSON.parse(nested(MAX_DEPTH, '[', ']'))],
  ])('reads %j', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each<[name: string, text: string, pointer: string, says: RegExp]>([
    ['nothing', '', '', /ends too early/],
    ['white space alone', ' \n', '', /ends too early/],
    ['a truncated object', '{"a":{"b":1', '/a', /"," or "}"/],
    ['a truncated string', '{"a":"b', '/a', /ends too early/],
    ['a truncated key', '{"a', '', /ends too early/],
    ['a truncated escape', '["\\u00', '/0', /four hexadecimal/],
    ['a truncated literal', '[tru', '/0', /a JSON value/],
    ['a second document', '{}{}', '', /something after/],
    ['a comment', '{/* */}', '', /key in double quotes/],
    ['a trailing comma in an object', '{"a":1,}', '', /key in double quotes/],
    ['a trailing comma in an array', '[1,]', '/1', /a JSON value/],
    ['single quotes', "{'a':1}", '', /key in double quotes/],
    ['a bare key', '{a:1}', '', /key in double quotes/],
    ['no colon', '{"a" 1}', '', /":"/],
    ['a leading zero', '[01]', '', /"," or "]"|is expected/],
    ['a plus sign', '[+1]', '/0', /a JSON value/],
    ['a bare point', '[.5]', '/0', /a JSON value/],
    ['a point without digits', '[1.]', '', /is expected/],
    ['NaN', '[NaN]', '/0', /a JSON value/],
    ['Infinity', '[-Infinity]', '/0', /a JSON value/],
    ['a control character in a string', '["a\nb"]', '/0', /control character/],
    ['an unknown escape', '["\\x41"]', '/0', /unknown escape/],
    ['an escape that is inherited by every object', '["\\c"]', '/0', /unknown escape/],
    ['other white space', '[\u00a01]', '/0', /a JSON value/],
    ['a key that stands twice', '{"a":{"b":1,"b":1}}', '/a', /"b" stands twice/],
    ['a key that stands twice, once escaped', '{"a":1,"\\u0061":2}', '', /"a" stands twice/],
    ['the key __proto__', '{"a":[{"__proto__":{}}]}', '/a/0', /__proto__/],
    ['the key __proto__, escaped', '{"\\u005f_proto__":{}}', '', /__proto__/],
    ['a lone high surrogate', '["\\ud800"]', '/0', /lone surrogate/],
    ['a lone low surrogate', '["\\udc00\\ud800"]', '/0', /lone surrogate/],
    ['a lone surrogate in a key', '{"\\ud83d":1}', '', /lone surrogate/],
    ['an integer beyond 2^53-1', '{"n":9007199254740992}', '/n', /2\^53-1/],
    ['an integer below -(2^53-1)', '[-9007199254740993]', '/0', /2\^53-1/],
    ['a number beyond every double', '[1e400]', '/0', /too large/],
    ['a level too many', nested(MAX_DEPTH + 1, '[', ']'), '/0'.repeat(MAX_DEPTH + 1), /deeper than 64/],
    ['10,000 levels of arrays', nested(10_000, '[', ']'), '/0'.repeat(MAX_DEPTH + 1), /deeper than 64/],
    ['10,000 levels of objects', nested(10_000, '{"a":', '}'), '/a'.repeat(MAX_DEPTH + 1), /deeper than 64/],
  ])('refuses %s', (_, text, pointer, says) => {
    expect(() => parse(text)).toThrow(refusal('JSON_INVALID', pointer));
    expect(() => parse(text)).toThrow(says);
  });

  it.each<[name: string, bytes: number[], says: RegExp]>([
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d], /byte order mark/],
    ['UTF-16 with its byte order mark', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00], /not valid UTF-8/],
    ['a raw lone surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22], /not valid UTF-8/],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22], /not valid UTF-8/],
    ['a sequence that is cut short', [0x22, 0xe2, 0x82, 0x22], /not valid UTF-8/],
    ['a code point beyond U+10FFFF', [0x22, 0xf5, 0x80, 0x80, 0x80, 0x22], /not valid UTF-8/],
    ['Latin-1', [0x22, 0xe9, 0x22], /not valid UTF-8/],
    ['a NUL byte', [0x00], /a JSON value/],
  ])('refuses %s', (_, bytes, says) => {
    expect(() => parseStrictJson(Buffer.from(bytes))).toThrow(refusal('JSON_INVALID', ''));
    expect(() => parseStrictJson(Buffer.from(bytes))).toThrow(says);
  });

  it('leaves no way to the prototype of what it made', () => {
    const value = parse('{"constructor":{"prototype":{"polluted":true}}}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('a JSON pointer', () => {
  it('escapes ~ and / (RFC 6901, section 3)', () => {
    expect(pointerToken('a/b~c')).toBe('a~1b~0c');
    expect(toPointer(['a/b', 0, '~'])).toBe('/a~1b/0/~0');
    expect(toPointer([])).toBe('');
  });
});
