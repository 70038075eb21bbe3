/** Remembers the things that were last asked for, by their names. */
export class Recent<T> {
  readonly #most: number;
  readonly #known = new Map<string, T>();

  /** @param most - that are remembered */
  constructor(most: number) {
    this.#most = most;
  }

  find(name: string): T | undefined {
    const found = this.#known.get(name);
    if (found !== undefined) this.keep(name, found);
    return found;
  }

  keep(name: string, thing: T): void {
    // A Map is in the order of its insertions.
    this.#known.delete(name);
    this.#known.set(name, thing);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#most) return;
      this.#known.delete(oldest);
    }
  }
}
