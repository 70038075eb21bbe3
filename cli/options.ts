import { InvalidArgumentError } from 'commander';
import { Predicate, SUBMITTABLE, type SubmittablePredicate } from '../lib/contracts/predicates.ts';
import { SHA256_HEX } from '../lib/core/digest.ts';
import { type Json, type JsonObject, parseStrictJson } from '../lib/core/json.ts';

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

export function digest(text: string): string {
  if (SHA256_HEX.test(text)) return text;
  throw new InvalidArgumentError('It must be 64 lower-case hexadecimal characters (SHA-256).');
}

export function imageDigest(text: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be sha256: and 64 lower-case hexadecimal characters.');
}

/** @returns the time in UTC with milliseconds, as receipts write it */
export function instant(text: string): string {
  const at = new Date(text);
  // A time without a zone would be this machine's; a date is one of UTC.
  const isUniversal = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  if (isUniversal && !Number.isNaN(at.getTime())) return at.toISOString();
  throw new InvalidArgumentError('It must be a date or time such as 2027-02-21 or 2027-02-21T12:34:56Z.');
}

/** `scai`, `slsa-provenance`, …: the names of lib/contracts/predicates.ts, for those who do not know the URIs by heart. */
export const PREDICATE_NAMES: ReadonlyMap<string, SubmittablePredicate> = new Map(
  Object.entries(Predicate).flatMap(([name, uri]): [string, SubmittablePredicate][] => {
    const accepted = SUBMITTABLE.find((submittable) => submittable === uri);
    return accepted === undefined ? [] : [[name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), accepted]];
  }),
);

/** A predicate type by its short name or its URI. */
export function predicateType(text: string): SubmittablePredicate {
  const known = PREDICATE_NAMES.get(text) ?? SUBMITTABLE.find((uri) => uri === text);
  if (known) return known;
  throw new InvalidArgumentError(`It must be one of ${[...PREDICATE_NAMES.keys()].join(', ')}, or the URI of one.`);
}

/** For `--parameter NAME=VALUE`: a value that reads as JSON is that value, any other is a text. */
export function collectPair(text: string, before: JsonObject = {}): JsonObject {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be NAME=VALUE.');
  return { ...before, [name]: jsonOrText(value) };
}

function jsonOrText(text: string): Json {
  try {
    return parseStrictJson(Buffer.from(text));
  } catch {
    return text;
  }
}
