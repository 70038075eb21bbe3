import { isObject, type Json, TemplateError } from '../properties.ts';

/** Whether an event, or a part of it, fits. */
export type EventPattern = (event: unknown) => boolean;

/**
 * Reads an event pattern, the language of rules and of the filters of event source mappings: exact values, `prefix`,
 * `anything-but` and `exists`. Source: "Amazon EventBridge event patterns", EventBridge User Guide.
 *
 * @throws TemplateError for any other comparison: a rule that is played wrongly is worse than none.
 */
export function eventPattern(pattern: Json): EventPattern {
  if (!isObject(pattern)) throw new TemplateError(`an event pattern is an object, not ${JSON.stringify(pattern)}`);
  const fields = Object.entries(pattern).map(
    ([name, wanted]) => [name, Array.isArray(wanted) ? oneOf(wanted) : eventPattern(wanted)] as const,
  );
  const fits = (event: unknown) => fields.every(([name, field]) => field(memberOf(event, name)));
  return (event) => valuesOf(event).some(fits);
}

/** A leaf of a pattern: the value, or one of them where the event has a list, is one of those wanted. */
function oneOf(wanted: readonly Json[]): EventPattern {
  const comparisons = wanted.map(comparison);
  return (value) => comparisons.some((holds) => valuesOf(value).some(holds));
}

function comparison(wanted: Json): EventPattern {
  if (!isObject(wanted)) return (value) => value === wanted;
  const [[kind, argument] = ['', null], ...others] = Object.entries(wanted);
  if (others.length === 0) {
    if (kind === 'exists' && typeof argument === 'boolean') return (value) => (value !== undefined) === argument;
    if (kind === 'prefix' && typeof argument === 'string') return startsWith(argument);
    if (kind === 'anything-but') {
      const unwanted = [argument].flat().map(comparison);
      return (value) => value !== undefined && !unwanted.some((holds) => holds(value));
    }
  }
  throw new TemplateError(`local AWS does not know the comparison ${JSON.stringify(wanted)} of an event pattern`);
}

function startsWith(prefix: string): EventPattern {
  return (value) => typeof value === 'string' && value.startsWith(prefix);
}

/** The elements of a list; what is absent is one value too, which `exists` asks for. */
function valuesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function memberOf(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null && Object.hasOwn(event, name)
    ? Reflect.get(event, name)
    : undefined;
}
