/**
 * As much of CloudWatch Logs' filter patterns for JSON as our templates use.
 * Source: "Filter pattern syntax for metric filters", Amazon CloudWatch Logs User Guide.
 */
type Condition = (event: unknown) => boolean;

/**
 * Reads a pattern.
 *
 * @throws Error for what it does not know, so that no pattern passes unread.
 */
export function filterPattern(pattern: string): Condition {
  const inner = /^\{ (.*) \}$/s.exec(pattern)?.[1];
  if (inner === undefined) throw new Error(`not a pattern for JSON: ${pattern}`);
  const tokens = [...inner.matchAll(TOKEN)].map(([token]) => token);
  if (tokens.join('').length !== inner.replaceAll(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '').length) {
    throw new Error(`the pattern has a part that is not known: ${pattern}`);
  }
  const reader = new Reader(tokens);
  const condition = reader.disjunction();
  reader.end();
  return condition;
}

const TOKEN = /\(|\)|&&|\|\||!=|=|NOT|EXISTS|IS|FALSE|TRUE|\$[\w.[\]]+|"[^"]*"/g;

class Reader {
  readonly #tokens: string[];

  constructor(tokens: string[]) {
    this.#tokens = tokens;
  }

  disjunction(): Condition {
    const parts = [this.#conjunction()];
    while (this.#takes('||')) parts.push(this.#conjunction());
    return (event) => parts.some((part) => part(event));
  }

  end(): void {
    if (this.#tokens.length > 0) throw new Error(`left over: ${this.#tokens.join(' ')}`);
  }

  #conjunction(): Condition {
    const parts = [this.#term()];
    while (this.#takes('&&')) parts.push(this.#term());
    return (event) => parts.every((part) => part(event));
  }

  #term(): Condition {
    if (this.#takes('(')) {
      const inner = this.disjunction();
      this.#expect(')');
      return inner;
    }
    const selector = this.#next();
    if (!selector.startsWith('$.')) throw new Error(`${selector} selects nothing`);
    const operator = this.#next();
    if (operator === 'NOT') {
      this.#expect('EXISTS');
      return (event) => select(event, selector) === undefined;
    }
    if (operator === 'IS') {
      const value = this.#next() === 'TRUE';
      return (event) => select(event, selector) === value;
    }
    const wanted = wildcard(this.#next().slice(1, -1));
    // A comparison with what is not there never holds, `!=` included.
    return (event) => {
      const value = select(event, selector);
      return value !== undefined && wanted.test(String(value)) === (operator === '=');
    };
  }

  #takes(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }

  #expect(token: string): void {
    if (!this.#takes(token)) throw new Error(`${token} was meant at ${this.#tokens.join(' ')}`);
  }

  #next(): string {
    const token = this.#tokens.shift();
    if (token === undefined) throw new Error('the pattern ends too early');
    return token;
  }
}

function select(event: unknown, selector: string): unknown {
  let value = event;
  for (const name of selector.slice(2).split(/\.|\[|\]\.?/)) {
    if (name === '') continue;
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return value;
}

function wildcard(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`, 's');
}
