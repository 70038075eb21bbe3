import type { AwsCall } from './aws-call.ts';
import type { Identity } from './identities.ts';

/** Which calls a fault meets. What is left out matches everything. */
export interface FaultMatch {
  /** Service as in the credential scope: `s3`, `dynamodb`, `kms`, … */
  readonly service?: string;
  readonly operation?: string;
  /** Name of the calling identity: a function's name, or a demo identity. */
  readonly identity?: string;
  /** Start of the S3 object key. */
  readonly keyPrefix?: string;
  readonly table?: string;
}

export type FaultEffect =
  /** Answered with this error; nothing is executed. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly message?: string }
  /** Executed, then answered with this error: the caller cannot know that it took effect. */
  | { readonly kind: 'execute-then-refuse'; readonly status: number; readonly code: string; readonly message?: string }
  /** Executed, then the connection is cut before any answer. */
  | { readonly kind: 'execute-then-drop' }
  /** Executed, then the calling copy of the function dies without seeing the answer. */
  | { readonly kind: 'execute-then-kill' }
  /** Held back for this long, then executed. */
  | { readonly kind: 'delay'; readonly ms: number };

export interface Fault {
  readonly match: FaultMatch;
  readonly effect: FaultEffect;
  /** Matching calls that pass untouched first. Default 0. */
  readonly skip?: number;
  /** Matching calls that it meets, then it is used up. Default 1. */
  readonly times?: number;
}

interface ArmedFault {
  readonly fault: Fault;
  skip: number;
  times: number;
}

/** The faults that are armed. The first armed one that matches a call takes it. */
export class Faults {
  #armed: ArmedFault[] = [];

  arm(fault: Fault): void {
    this.#armed.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** Faults that no call has used up yet. A test that ends with one armed has not tested what it meant to. */
  get armed(): readonly Fault[] {
    return this.#armed.map(({ fault }) => fault);
  }

  take(call: AwsCall, identity: Identity): FaultEffect | undefined {
    for (const armed of this.#armed) {
      if (!matches(armed.fault.match, call, identity)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.times -= 1;
      if (armed.times <= 0) this.#armed = this.#armed.filter((other) => other !== armed);
      return armed.fault.effect;
    }
    return undefined;
  }
}

function matches(match: FaultMatch, call: AwsCall, identity: Identity): boolean {
  return (
    (match.service === undefined || match.service === call.service) &&
    (match.operation === undefined || match.operation === call.operation) &&
    (match.identity === undefined || match.identity === identity.name) &&
    (match.keyPrefix === undefined || (call.resources.key ?? '').startsWith(match.keyPrefix)) &&
    (match.table === undefined || (call.resources.tables ?? []).includes(match.table))
  );
}
