import { randomBytes, randomInt } from 'node:crypto';
import type { Statement } from './policies.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An IAM role, which nobody calls with until somebody assumes it. */
export interface LocalRole {
  readonly name: string;
  readonly arn: string;
  /** Unique id, `AROA…`: it tells a role from a later one of the same name. */
  readonly uniqueId: string;
  /** What its policies say, which are attached after it is made; `everything` is the local administrator. */
  statements: Statement[] | 'everything';
}

/** A person or pipeline of the demo, a copy of a function, or a state machine. */
export type IdentityKind = 'demo' | 'function' | 'state-machine';

/** A role as somebody assumed it: what a request is signed by. */
export interface Identity {
  /** The name by which records, faults and local.json speak of it. */
  readonly name: string;
  readonly kind: IdentityKind;
  readonly role: LocalRole;
  readonly sessionName: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The one running copy of a function that holds these credentials. */
  readonly workerId?: string;
}

/** `arn:aws:sts::…:assumed-role/ROLE/SESSION`, as AWS shows an assumed role. */
export function sessionArn(identity: Identity): string {
  return `arn:aws:sts::${identity.accountId}:assumed-role/${identity.role.name}/${identity.sessionName}`;
}

/** `AROA…:SESSION`, the `aws:userid` of an assumed role. */
export function userId(identity: Identity): string {
  return `${identity.role.uniqueId}:${identity.sessionName}`;
}

/** Everyone whose signature the front door accepts. */
export class Identities {
  readonly #byAccessKey = new Map<string, Identity>();
  readonly #accountId: string;
  /** What the calls of all state machines are signed with, each under the name of its role as access key id. */
  readonly stateMachineSecret = newSecret();

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  createRole(name: string, statements: LocalRole['statements'], path = '/'): LocalRole {
    const arn = `arn:aws:iam::${this.#accountId}:role${path}${name}`;
    return { name, arn, uniqueId: `AROA${randomBase32(17)}`, statements };
  }

  /** Makes new credentials for a role. */
  assume(
    role: LocalRole,
    session: {
      readonly name: string;
      readonly kind: IdentityKind;
      readonly sessionName: string;
      workerId?: string;
    },
  ): Identity {
    return this.#accept({
      ...session,
      role,
      accountId: this.#accountId,
      accessKeyId: `ASIA${randomBase32(16)}`,
      secretAccessKey: newSecret(),
    });
  }

  /** Accepts the calls of a state machine as those of its role. moto knows no more of a role than its ARN. */
  assumeAsStateMachine(role: LocalRole, name: string): Identity {
    return this.#accept({
      name,
      kind: 'state-machine',
      sessionName: name,
      role,
      accountId: this.#accountId,
      accessKeyId: role.name,
      secretAccessKey: this.stateMachineSecret,
    });
  }

  find(accessKeyId: string): Identity | undefined {
    return this.#byAccessKey.get(accessKeyId);
  }

  revoke(identity: Identity): void {
    this.#byAccessKey.delete(identity.accessKeyId);
  }

  #accept(identity: Identity): Identity {
    this.#byAccessKey.set(identity.accessKeyId, identity);
    return identity;
  }
}

function newSecret(): string {
  return randomBytes(30).toString('base64url');
}

function randomBase32(length: number): string {
  return Array.from({ length }, () => BASE32[randomInt(BASE32.length)]).join('');
}
