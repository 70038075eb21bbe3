import { DomainError } from './errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Nesting beyond this is refused: no evidence format comes near it, and recursion stays safe. */
export const MAX_DEPTH = 64;

/**
 * Parses hostile bytes as I-JSON (RFC 7493), stricter than JSON.parse: UTF-8 without a byte order mark, no duplicate
 * keys, no lone surrogates, integers within 2^53-1, finite numbers, at most {@link MAX_DEPTH} levels, no `__proto__` key.
 * The size is bounded by the caller.
 *
 * @throws DomainError JSON_INVALID with the byte's character offset or the JSON pointer of what is wrong
 */
export function parseStrictJson(bytes: Uint8Array): Json {
  if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new DomainError('JSON_INVALID', 'the body begins with a byte order mark', {
      pointer: '',
      hint: 'write UTF-8 without a BOM',
    });
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DomainError('JSON_INVALID', 'the body is not valid UTF-8', { pointer: '', cause });
  }
  return new Parser(text).document();
}

/** Escapes one reference token of a JSON pointer (RFC 6901, section 3). */
export function pointerToken(token: string | number): string {
  return String(token).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** JSON pointer of a path of keys and indices. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((token) => `/${pointerToken(typeof token === 'number' ? token : String(token))}`).join('');
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The grammar of RFC 8259, section 7: a run of characters that need no escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must end the run
const PLAIN_RUN = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Parser {
  readonly #text: string;
  #at = 0;
  readonly #path: (string | number)[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('there is something after the JSON value');
    return value;
  }

  #value(): Json {
    if (this.#path.length > MAX_DEPTH) this.#fail(`the value is nested deeper than ${MAX_DEPTH} levels`);
    const char = this.#text[this.#at];
    switch (char) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#literal('true', true);
      case 'f':
        return this.#literal('false', false);
      case 'n':
        return this.#literal('null', null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    const object: Record<string, Json> = {};
    this.#at++;
    this.#space();
    if (this.#take('}')) return object;
    for (;;) {
      if (this.#text[this.#at] !== '"') this.#fail('a key in double quotes is expected');
      const key = this.#string();
      if (key === '__proto__') this.#fail('the key "__proto__" is not allowed');
      if (Object.hasOwn(object, key)) this.#fail(`the key ${JSON.stringify(key)} stands twice in one object`);
      this.#space();
      if (!this.#take(':')) this.#fail('":" is expected after a key');
      this.#space();
      this.#path.push(key);
      object[key] = this.#value();
      this.#path.pop();
      this.#space();
      if (this.#take('}')) return object;
      if (!this.#take(',')) this.#fail('"," or "}" is expected');
      this.#space();
    }
  }

  #array(): Json[] {
    const array: Json[] = [];
    this.#at++;
    this.#space();
    if (this.#take(']')) return array;
    for (;;) {
      this.#path.push(array.length);
      array.push(this.#value());
      this.#path.pop();
      this.#space();
      if (this.#take(']')) return array;
      if (!this.#take(',')) this.#fail('"," or "]" is expected');
      this.#space();
    }
  }

  #string(): string {
    this.#at++;
    let value = '';
    for (;;) {
      PLAIN_RUN.lastIndex = this.#at;
      // It always matches, if only nothing; `test` leaves the end in lastIndex and makes no array, as `exec` would.
      PLAIN_RUN.test(this.#text);
      value += this.#text.slice(this.#at, PLAIN_RUN.lastIndex);
      this.#at = PLAIN_RUN.lastIndex;
      const char = this.#text[this.#at];
      if (char === '"') {
        this.#at++;
        if (!value.isWellFormed()) this.#fail('a string holds a lone surrogate');
        return value;
      }
      if (char !== '\\')
        this.#fail(char === undefined ? 'the JSON ends too early' : 'a control character stands in a string');
      value += this.#escape();
    }
  }

  #escape(): string {
    const kind = this.#text[this.#at + 1];
    if (kind === 'u') {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('\\u is followed by four hexadecimal digits');
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const char = kind === undefined ? undefined : ESCAPES[kind];
    if (char === undefined) this.#fail('an unknown escape stands in a string');
    this.#at += 2;
    return char;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) this.#fail(this.#at < this.#text.length ? 'a JSON value is expected' : 'the JSON ends too early');
    const value = Number(match[0]);
    if (!Number.isFinite(value)) this.#fail('a number is too large for a double');
    // RFC 7493, section 2.2: an integer beyond 2^53-1 does not survive every reader.
    if (match[1] === undefined && match[2] === undefined && !Number.isSafeInteger(value)) {
      this.#fail('an integer is beyond 2^53-1; send it as a string');
    }
    this.#at += match[0].length;
    return value;
  }

  #literal<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('a JSON value is expected');
    this.#at += word.length;
    return value;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #fail(what: string): never {
    throw new DomainError('JSON_INVALID', `${what} (at character ${this.#at})`, { pointer: toPointer(this.#path) });
  }
}
