import type { StackTemplate } from './assembly.ts';
import { isObject, type Json, type JsonObject, TemplateError } from './properties.ts';

/** What a resource became: its `Ref`, and its attributes for `Fn::GetAtt`. */
export interface Made {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Resolves the intrinsic functions of one stack while its resources come into being. */
export class Intrinsics {
  readonly #stack: StackTemplate;
  readonly #pseudo: Readonly<Record<string, Json>>;
  readonly #exports: ReadonlyMap<string, Json>;
  readonly #made = new Map<string, Made>();

  constructor(
    stack: StackTemplate,
    environment: { readonly region: string; readonly accountId: string },
    /** Exported outputs of the stacks made before. */
    exports: ReadonlyMap<string, Json>,
  ) {
    this.#stack = stack;
    this.#exports = exports;
    this.#pseudo = {
      'AWS::Region': environment.region,
      'AWS::AccountId': environment.accountId,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.stackName,
      'AWS::StackId': `arn:aws:cloudformation:${environment.region}:${environment.accountId}:stack/${stack.stackName}/local`,
      'AWS::NotificationARNs': [],
    };
  }

  note(logicalId: string, made: Made): void {
    this.#made.set(logicalId, made);
  }

  /** Logical ids of the stack's own resources that a value refers to. */
  references(value: Json): readonly string[] {
    if (Array.isArray(value)) return value.flatMap((item) => this.references(item));
    if (!isObject(value)) return [];
    const found = Object.entries(value).flatMap(([name, argument]): readonly string[] => {
      if (name === 'Ref') return [String(argument)];
      if (name === 'Fn::GetAtt') return [attributePath(argument)[0]];
      const inText = name === 'Fn::Sub' ? substitutions(argument).map((target) => target.split('.')[0] ?? '') : [];
      return [...inText, ...this.references(argument)];
    });
    return found.filter((id) => this.#stack.resources[id] !== undefined);
  }

  /** @throws TemplateError for a function or a reference that is not known. */
  resolve(value: Json): Json {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item)).filter((item) => item !== NO_VALUE);
    if (!isObject(value)) return value;
    const [entry, ...rest] = Object.entries(value);
    if (entry !== undefined && rest.length === 0 && (entry[0] === 'Ref' || entry[0].startsWith('Fn::'))) {
      return this.#call(entry[0], entry[1]);
    }
    const resolved = Object.entries(value).map(([name, item]): [string, Json] => [name, this.resolve(item)]);
    return Object.fromEntries(resolved.filter(([, item]) => item !== NO_VALUE));
  }

  resolveObject(value: JsonObject): JsonObject {
    const resolved = this.resolve(value);
    if (!isObject(resolved)) throw new TemplateError(`${JSON.stringify(value)} does not resolve to an object`);
    return resolved;
  }

  /** Whether a named condition of the template holds. */
  holds(condition: string): boolean {
    const definition = this.#stack.conditions[condition];
    if (definition === undefined) throw new TemplateError(`there is no condition ${condition}`);
    return this.#evaluate(definition);
  }

  #call(name: string, argument: Json): Json {
    switch (name) {
      case 'Ref':
        return this.#ref(String(argument));
      case 'Fn::GetAtt':
        return this.#attribute(...attributePath(argument));
      case 'Fn::Join': {
        const [separator, parts] = this.#list(argument, 2);
        if (!Array.isArray(parts)) throw new TemplateError('Fn::Join needs a list');
        return parts.map(String).join(String(separator));
      }
      case 'Fn::Sub':
        return this.#substitute(argument);
      case 'Fn::Select': {
        const [at, list] = this.#list(argument, 2);
        const selected = Array.isArray(list) ? list[Number(at)] : undefined;
        if (selected === undefined) throw new TemplateError(`Fn::Select finds nothing at ${at}`);
        return selected;
      }
      case 'Fn::Split': {
        const [separator, text] = this.#list(argument, 2);
        return String(text).split(String(separator));
      }
      case 'Fn::If': {
        const [condition, yes, no] = Array.isArray(argument) ? argument : [];
        return this.resolve((this.holds(String(condition)) ? yes : no) ?? NO_VALUE);
      }
      case 'Fn::ImportValue': {
        const exported = this.#exports.get(String(this.resolve(argument)));
        if (exported === undefined) throw new TemplateError(`no stack exports ${JSON.stringify(argument)}`);
        return exported;
      }
      case 'Fn::FindInMap': {
        const [map, top, second] = this.#list(argument, 3).map(String);
        const level = isObject(this.#stack.mappings[map ?? '']) ? this.#stack.mappings[map ?? ''] : undefined;
        const row = isObject(level) ? level[top ?? ''] : undefined;
        const found = isObject(row) ? row[second ?? ''] : undefined;
        if (found === undefined) throw new TemplateError(`Fn::FindInMap finds nothing for ${map}, ${top}, ${second}`);
        return found;
      }
      case 'Fn::Base64':
        return Buffer.from(String(this.resolve(argument))).toString('base64');
      default:
        throw new TemplateError(`local AWS does not know the function ${name}`);
    }
  }

  #ref(id: string): Json {
    if (id === 'AWS::NoValue') return NO_VALUE;
    const pseudo = this.#pseudo[id];
    if (pseudo !== undefined) return pseudo;
    const parameter = this.#stack.parameters[id];
    if (isObject(parameter)) return parameter.Default ?? '';
    return this.#resource(id).ref;
  }

  #attribute(id: string, attribute: string): Json {
    const value = this.#resource(id).attributes?.[attribute];
    if (value === undefined) throw new TemplateError(`local AWS does not know the attribute ${id}.${attribute}`);
    return value;
  }

  #resource(id: string): Made {
    const made = this.#made.get(id);
    if (made === undefined) throw new TemplateError(`${id} is referred to, but was not made`);
    return made;
  }

  #substitute(argument: Json): string {
    const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
    const own = isObject(variables) ? this.resolveObject(variables) : {};
    return String(template).replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, target: string) => {
      if (literal === '!') return `\${${target}}`;
      const variable = own[target];
      if (variable !== undefined) return String(variable);
      const [id = '', ...attribute] = target.split('.');
      return String(attribute.length === 0 ? this.#ref(id) : this.#attribute(id, attribute.join('.')));
    });
  }

  #evaluate(condition: Json): boolean {
    if (!isObject(condition)) throw new TemplateError(`${JSON.stringify(condition)} is no condition`);
    const [entry] = Object.entries(condition);
    if (entry === undefined) throw new TemplateError('an empty condition');
    const [name, argument] = entry;
    const parts = Array.isArray(argument) ? argument : [];
    switch (name) {
      case 'Condition':
        return this.holds(String(argument));
      case 'Fn::Equals':
        return JSON.stringify(this.resolve(parts[0] ?? null)) === JSON.stringify(this.resolve(parts[1] ?? null));
      case 'Fn::Not':
        return !this.#evaluate(parts[0] ?? null);
      case 'Fn::And':
        return parts.every((part) => this.#evaluate(part));
      case 'Fn::Or':
        return parts.some((part) => this.#evaluate(part));
      default:
        throw new TemplateError(`local AWS does not know the condition function ${name}`);
    }
  }

  #list(argument: Json, length: number): readonly Json[] {
    const resolved = this.resolve(argument);
    if (!Array.isArray(resolved) || resolved.length !== length) {
      throw new TemplateError(`${JSON.stringify(argument)} must be a list of ${length}`);
    }
    return resolved;
  }
}

/** Stands for `AWS::NoValue` until the list or object around it drops it. No template can hold this text. */
const NO_VALUE = '\u0000AWS::NoValue';

function attributePath(argument: Json): [string, string] {
  const [id = '', ...rest] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.');
  return [id, rest.join('.')];
}

function substitutions(argument: Json): readonly string[] {
  const template = Array.isArray(argument) ? String(argument[0]) : String(argument);
  return [...template.matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, target]) => target ?? '');
}
