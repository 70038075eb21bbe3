import { invalid } from './errors.ts';

/** One kind of resource, by the words that its errors and ARNs use. */
export interface Kind {
  /** `endpoint configuration` */
  readonly noun: string;
  /** `endpoint-config` */
  readonly path: string;
}

/** The resources of one kind. Names that differ by case alone are the same name, and ARNs have them in lower case. */
export class Resources<T> {
  readonly #kind: Kind;
  readonly #arnPrefix: string;
  readonly #byName = new Map<string, T>();

  constructor(kind: Kind, place: { readonly region: string; readonly accountId: string }) {
    this.#kind = kind;
    this.#arnPrefix = `arn:aws:sagemaker:${place.region}:${place.accountId}:${kind.path}/`;
  }

  arn(name: string): string {
    return `${this.#arnPrefix}${name.toLowerCase()}`;
  }

  all(): readonly T[] {
    return [...this.#byName.values()];
  }

  /** @throws SageMakerError if there is none of that name. */
  get(name: string): T {
    const found = this.#byName.get(name.toLowerCase());
    if (found === undefined) throw invalid(`Could not find ${this.#kind.noun} "${this.arn(name)}".`);
    return found;
  }

  /** @throws SageMakerError if there is one of that name. */
  requireNew(name: string): void {
    if (this.#byName.has(name.toLowerCase())) {
      throw invalid(`Cannot create already existing ${this.#kind.noun} "${this.arn(name)}".`);
    }
  }

  set(name: string, resource: T): void {
    this.#byName.set(name.toLowerCase(), resource);
  }

  delete(name: string): void {
    this.#byName.delete(name.toLowerCase());
  }
}
