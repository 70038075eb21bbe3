import { visible } from '../printable.ts';

/**
 * Text that went through {@link html}. Its constructor stays in this file: whatever else is interpolated is escaped, so there is
 * no way around it.
 */
class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type { Markup };

/** What may stand in a template. Nothing is written for undefined, and a list is written one after the other. */
export type Content = string | number | Markup | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const URL_ATTRIBUTE = /\s(?:href|action|formaction|src)="$/;
/** What a browser would read as a program. */
const ACTIVE_ATTRIBUTE = /\s(?:style|on\w+)="[^"]*$/;
/** A browser takes `/\` for `//`, which names another host. */
const SAFE_URL = /^(?:https?:\/\/|\/(?![/\\])|#)/;

/**
 * A template of HTML. Its own text is written as it stands; every value is escaped for text and for quoted attributes, and its
 * control and bidirectional characters are made visible. Script, style and comments take no values, as none of these pages has any.
 *
 * @throws TypeError for a value in a tag that stands in no quotes, or in style or a handler, and for a URL that is neither http, https,
 *   a path nor a fragment: faults of ours
 */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = literals[0] ?? '';
  let place = OUTSIDE;
  for (const [index, value] of values.entries()) {
    const before = literals[index] ?? '';
    place = placeAfter(before, place);
    if (place.isTag && !place.isQuoted && value !== undefined && !(value instanceof Markup)) {
      throw new TypeError(`a value is not quoted: ${before.slice(-20)}`);
    }
    if (ACTIVE_ATTRIBUTE.test(before)) throw new TypeError(`an attribute takes no values: ${before.slice(-20)}`);
    if (URL_ATTRIBUTE.test(before) && !SAFE_URL.test(String(value)))
      throw new TypeError('a link leads somewhere unsafe');
    text += written(value) + (literals[index + 1] ?? '');
  }
  return new Markup(text);
}

/** Where in a template something stands. */
interface Place {
  readonly isTag: boolean;
  readonly isQuoted: boolean;
}

const OUTSIDE: Place = { isTag: false, isQuoted: false };

function placeAfter(literal: string, { isTag, isQuoted }: Place): Place {
  for (const [character] of literal.matchAll(/[<>"]/g)) {
    if (isTag && character === '"') isQuoted = !isQuoted;
    else if (!isQuoted) isTag = character === '<';
  }
  return { isTag, isQuoted };
}

/** Text of several lines, each shown as one. */
export function lines(text: string): Markup {
  const each = text.split(/\r\n|[\r\n\u2028\u2029]/);
  return html`${each.map((line, index) => (index === 0 ? line : html`<br>${line}`))}`;
}

function written(value: Content): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'object') return value.map(written).join('');
  return visible(String(value)).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
