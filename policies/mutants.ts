import type { Opa } from './opa.ts';

/** A source with one expression of a rule's body changed. */
export interface Mutant {
  readonly path: string;
  readonly row: number;
  readonly change: 'dropped' | 'negated';
  /** The expression as it was. */
  readonly expression: string;
  readonly source: string;
}

interface Location {
  readonly row: number;
  readonly col: number;
  readonly text: string;
}

/**
 * Every way to drop or to negate one expression of a source, wherever it stands: in a rule, a comprehension or an `every`.
 *
 * What declares variables (`some`, `:=`) and `every` are only dropped: Rego has no way to write their negation.
 */
export async function mutantsOf(opa: Opa, folder: string, path: string, source: string): Promise<Mutant[]> {
  const ast = JSON.parse(
    await opa(folder, ['parse', '--format', 'json', '--json-include', 'locations,-comments', path]),
  );
  const lineStarts = lineOffsets(source);
  return expressions(ast).flatMap(({ row, col, text }) => {
    const expression = Buffer.from(text, 'base64').toString('utf8');
    const start = (lineStarts[row - 1] ?? 0) + col - 1;
    const replaced = (by: string): string => source.slice(0, start) + by + source.slice(start + expression.length);
    if (!source.startsWith(expression, start))
      throw new Error(`${path}:${row}: OPA's location is not where the text is`);
    const of = { path, row, expression };
    const dropped: Mutant = { ...of, change: 'dropped', source: replaced('true') };
    const negation = negated(expression);
    return negation === undefined ? [dropped] : [dropped, { ...of, change: 'negated', source: replaced(negation) }];
  });
}

function negated(expression: string): string | undefined {
  if (expression.startsWith('not ')) return expression.slice('not '.length);
  return /^(some|every) |^[^"(]*:=/.test(expression) ? undefined : `not ${expression}`;
}

/** Locations of all expressions in bodies. A rule that only has a value is parsed as if it had the body `true`, which is none. */
function expressions(node: unknown, inBody = false): Location[] {
  if (Array.isArray(node)) return node.flatMap((one) => expressions(one, inBody));
  if (typeof node !== 'object' || node === null) return [];
  const own = inBody && 'terms' in node && 'location' in node && !isSynthetic(node) ? [locationOf(node.location)] : [];
  return [...own, ...Object.entries(node).flatMap(([key, value]) => expressions(value, key === 'body'))];
}

function isSynthetic(expression: { readonly terms?: unknown; readonly location?: unknown }): boolean {
  const { terms, location } = expression;
  if (Array.isArray(terms) || typeof terms !== 'object' || terms === null) return false;
  const isTrue = 'type' in terms && terms.type === 'boolean' && 'value' in terms && terms.value === true;
  return isTrue && Buffer.from(locationOf(location).text, 'base64').toString('utf8') !== 'true';
}

function locationOf(value: unknown): Location {
  if (typeof value === 'object' && value !== null && 'row' in value && 'col' in value && 'text' in value) {
    const { row, col, text } = value;
    if (typeof row === 'number' && typeof col === 'number' && typeof text === 'string') return { row, col, text };
  }
  throw new Error('OPA gives an expression no location');
}

function lineOffsets(source: string): number[] {
  let offset = 0;
  return source.split('\n').map((line) => {
    const start = offset;
    offset += line.length + 1;
    return start;
  });
}
