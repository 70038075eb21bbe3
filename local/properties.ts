/** A value of a template once its intrinsic functions are resolved. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** The template says something that local AWS cannot provision. Names the resource, and what about it. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The properties of one resource (or a part of them), read by name and type. What was never asked for is an error in the
 * end ({@link assertAllRead}), so that no setting of the template is dropped in silence.
 */
export class Properties {
  readonly #values: JsonObject;
  readonly #where: string;
  readonly #unread: Set<string>;
  readonly #parts: Properties[] = [];

  /** @param where - for messages, such as `AWS::S3::Bucket EvidenceBucket`. */
  constructor(values: JsonObject, where: string) {
    this.#values = values;
    this.#where = where;
    this.#unread = new Set(Object.keys(values));
  }

  /** Marks properties as known and of no effect on one machine. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  /** Marks all of them as known and of no effect on one machine. */
  ignoreAll(): void {
    this.#unread.clear();
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** The value as it stands; undefined if absent. */
  value(name: string): Json | undefined {
    this.#unread.delete(name);
    return this.#values[name];
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw this.#fault(name, 'text', value);
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T {
    const text = this.text(name);
    const found = allowed.find((candidate) => candidate === text);
    if (found === undefined) throw this.#fault(name, `one of ${allowed.join(', ')}`, text);
    return found;
  }

  number(name: string): number {
    const value = Number(this.text(name));
    if (Number.isNaN(value)) throw this.#fault(name, 'a number', this.#values[name]);
    return value;
  }

  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined;
  }

  /** False if absent. CloudFormation takes `"true"` as well. */
  flag(name: string): boolean {
    const value = this.value(name);
    return value === true || value === 'true';
  }

  part(name: string): Properties {
    const value = this.value(name);
    if (!isObject(value)) throw this.#fault(name, 'an object', value);
    return this.#keep(new Properties(value, `${this.#where}.${name}`));
  }

  optionalPart(name: string): Properties | undefined {
    return this.has(name) ? this.part(name) : undefined;
  }

  /** Empty if absent. */
  parts(name: string): readonly Properties[] {
    return this.list(name).map((value, at) => {
      if (!isObject(value)) throw this.#fault(`${name}[${at}]`, 'an object', value);
      return this.#keep(new Properties(value, `${this.#where}.${name}[${at}]`));
    });
  }

  /** Empty if absent. */
  list(name: string): readonly Json[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value)) throw this.#fault(name, 'a list', value);
    return value;
  }

  texts(name: string): readonly string[] {
    return this.list(name).map(String);
  }

  /** Names and texts, such as tags or variables. Empty if absent. */
  textMap(name: string): Readonly<Record<string, string>> {
    const value = this.value(name) ?? {};
    if (!isObject(value)) throw this.#fault(name, 'an object', value);
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
  }

  /** @throws TemplateError naming the properties that nobody read. */
  assertAllRead(): void {
    if (this.#unread.size > 0) {
      throw new TemplateError(`${this.#where}: local AWS does not know ${[...this.#unread].join(', ')}`);
    }
    for (const part of this.#parts) part.assertAllRead();
  }

  #keep(part: Properties): Properties {
    this.#parts.push(part);
    return part;
  }

  #fault(name: string, wanted: string, value: Json | undefined): TemplateError {
    return new TemplateError(`${this.#where}.${name} must be ${wanted}, but is ${JSON.stringify(value)}`);
  }
}
