import { isDeepStrictEqual } from 'node:util';
import type { CommitOutcome, Guard, Registry, RegistryChange, Taken } from '../../../lib/app/ports.ts';
import type { EvidenceKey } from '../../../lib/core/evidence-key.ts';
import type { RecordedKey } from '../../../lib/core/key-history.ts';
import { ActivationSchema, type PolicyRecord, type RecordedActivation } from '../../../lib/core/policy.ts';
import type { Principal } from '../../../lib/core/registry.ts';
import { slotOf } from '../../../lib/core/slots.ts';
import type { RecordedWaiver } from '../../../lib/core/waiver.ts';
import { MemoryDirectory } from './directory.ts';
import type { MemoryLedger } from './ledger.ts';
import { InvariantBroken, type Steps } from './steps.ts';
import { MemorySubscriptions } from './webhooks.ts';

/** The registry table: revisions only count up, history stays, and what is revoked stays revoked. */
export class MemoryRegistry implements Registry {
  readonly principals = new Map<string, Principal>();
  readonly #names = new Map<string, Taken>();
  readonly #owners = new Map<string, Taken>();
  readonly #history = new Map<string, RecordedKey[]>();
  readonly #evidenceKeys: EvidenceKey[] = [];
  readonly #policies = new Map<string, PolicyRecord>();
  readonly #activations: RecordedActivation[] = [];
  readonly #waivers = new Map<string, RecordedWaiver>();
  readonly directory: MemoryDirectory;
  readonly subscriptions: MemorySubscriptions;
  readonly #steps: Steps;
  readonly #ledger: () => MemoryLedger;

  constructor(steps: Steps, ledger: () => MemoryLedger) {
    this.#steps = steps;
    this.directory = new MemoryDirectory(steps);
    this.subscriptions = new MemorySubscriptions(steps);
    this.#ledger = ledger;
  }

  readonly context: Registry['context'] = (uniqueId) =>
    this.#steps.read(() =>
      structuredClone({ principal: this.principals.get(uniqueId), evidenceKey: this.#evidenceKeys.at(-1) }),
    );

  readonly evidenceKey: Registry['evidenceKey'] = () => this.#steps.read(() => this.#evidenceKeys.at(-1));

  readonly evidenceKeys: Registry['evidenceKeys'] = () => this.#steps.read(() => [...this.#evidenceKeys]);

  readonly policy: Registry['policy'] = (sha256) => this.#steps.read(() => structuredClone(this.#policies.get(sha256)));

  readonly policies: Registry['policies'] = () =>
    this.#steps.read(() => structuredClone([...this.#policies.values()].toReversed()));

  readonly activations: Registry['activations'] = (at) =>
    this.#steps.read(() => {
      const until = this.#activations.filter((one) => at === undefined || one.at <= at.toISOString());
      return [...new Map(until.map((one) => [slotOf(one), ActivationSchema.parse(one)])).values()];
    });

  readonly activationHistory: Registry['activationHistory'] = () =>
    this.#steps.read(() => structuredClone(this.#activations.toSorted((a, b) => (a.at < b.at ? -1 : 1))));

  readonly waiver: Registry['waiver'] = (id) => this.#steps.read(() => structuredClone(this.#waivers.get(id)));

  readonly waivers: Registry['waivers'] = (at) =>
    this.#steps.read(() => this.#waiversByEnd().filter(({ not_after }) => not_after > at.toISOString()));

  readonly waiverPage: Registry['waiverPage'] = ({ limit, after }) =>
    this.#steps.read(() => {
      const left = this.#waiversByEnd().filter((one) => after === undefined || endOf(one) < after);
      const waivers = left.slice(0, limit);
      const last = waivers.at(-1);
      return { waivers, next: last && left.length >= limit ? endOf(last) : undefined };
    });

  #waiversByEnd(): RecordedWaiver[] {
    return structuredClone([...this.#waivers.values()]).toSorted((a, b) => (endOf(a) < endOf(b) ? 1 : -1));
  }

  readonly principalByName: Registry['principalByName'] = (name) =>
    this.#steps.read(() => {
      const principal = this.principals.get(this.#names.get(name)?.owner ?? '');
      return principal?.name === name ? structuredClone(principal) : undefined;
    });

  readonly reserveName: Registry['reserveName'] = (name, uniqueId, at, abandoned) =>
    this.#reserve(this.#names, name, uniqueId, at, abandoned);

  readonly reserveKey: Registry['reserveKey'] = (keyid, principal, at, abandoned) =>
    this.#reserve(this.#owners, keyid, principal, at, abandoned);

  #reserve(taken: Map<string, Taken>, id: string, owner: string, at: Date, abandoned?: Taken) {
    return this.#steps.take('reserve', () => {
      const standing = taken.get(id);
      const isMine = standing?.owner === owner && standing.reserved_at !== undefined;
      if (!standing || isMine || isDeepStrictEqual(standing, abandoned)) {
        taken.set(id, { owner, reserved_at: at.toISOString() });
        return undefined;
      }
      return standing.owner === owner ? undefined : { ...standing };
    });
  }

  readonly keyOwner: Registry['keyOwner'] = (keyid) => this.#steps.read(() => this.#owners.get(keyid)?.owner);

  readonly keyAt: Registry['keyAt'] = (keyid, at) =>
    this.#steps.read(() => this.#history.get(keyid)?.findLast(({ recordedAt }) => recordedAt <= at.toISOString())?.key);

  readonly keyHistory: Registry['keyHistory'] = (keyid) =>
    this.#steps.read(() => structuredClone(this.#history.get(keyid) ?? []));

  readonly apply: Registry['apply'] = (event, entries, change) =>
    this.#steps.take('apply', (): CommitOutcome => {
      if (this.#ledger().holds(event)) return 'exists';
      if (!this.#fits(change)) return 'principal-changed';
      this.#ledger().write(event, entries);
      this.#write(change);
      return 'committed';
    });

  unchanged({ uniqueId, revision }: Guard): boolean {
    return this.principals.get(uniqueId)?.revision === revision;
  }

  #fits(change: RegistryChange): boolean {
    switch (change.kind) {
      case 'principal-created':
        return (
          !this.principals.has(change.principal.unique_id) &&
          isFree(this.#names, change.principal.name, change.principal.unique_id)
        );
      case 'key-changed':
        return (
          this.principals.get(change.principal.unique_id)?.revision === change.principal.revision - 1 &&
          (!change.isNew || isFree(this.#owners, change.key.keyid, change.principal.name))
        );
      case 'evidence-key-activated':
        return (this.#evidenceKeys.at(-1)?.revision ?? 0) === change.key.revision - 1;
      case 'policy-changed':
        return (this.#policies.get(change.policy.sha256)?.revision ?? 0) === change.policy.revision - 1;
      case 'policy-activated':
        return (
          (this.#activations.findLast((one) => slotOf(one) === slotOf(change.activation))?.revision ?? 0) ===
          change.activation.follows
        );
      case 'waiver-changed':
        return (this.#waivers.get(change.waiver.id)?.revision ?? 0) === change.waiver.revision - 1;
      case 'approver-changed':
        return this.directory.fits(change.approver);
      case 'webhook-changed':
        return this.subscriptions.fits(change.webhook);
    }
  }

  #write(change: RegistryChange): void {
    switch (change.kind) {
      case 'principal-created':
        this.#names.set(change.principal.name, { owner: change.principal.unique_id });
        this.principals.set(change.principal.unique_id, structuredClone(change.principal));
        return;
      case 'key-changed':
        this.#writeKey(change);
        return;
      case 'evidence-key-activated':
        this.#evidenceKeys.push(structuredClone(change.key));
        return;
      case 'policy-changed':
        this.#policies.set(change.policy.sha256, structuredClone(change.policy));
        return;
      case 'policy-activated':
        this.#activations.push(structuredClone(change.activation));
        return;
      case 'waiver-changed':
        this.#waivers.set(change.waiver.id, structuredClone(change.waiver));
        return;
      case 'approver-changed':
        this.directory.write(change);
        return;
      case 'webhook-changed':
        this.subscriptions.write(change);
    }
  }

  #writeKey({ principal, key, recordedAt }: Extract<RegistryChange, { kind: 'key-changed' }>): void {
    const history = this.#history.get(key.keyid) ?? [];
    const last = history.at(-1);
    if (last?.key.revoked) throw new InvariantBroken(`key ${key.keyid} changes after it was revoked`);
    if (key.revision !== (last?.key.revision ?? 0) + 1) throw new InvariantBroken(`key ${key.keyid} skips a revision`);
    for (const kept of this.principals.get(principal.unique_id)?.keys ?? []) {
      const still = principal.keys.some(({ keyid }) => keyid === kept.keyid);
      if (!still && !kept.revoked) throw new InvariantBroken(`key ${kept.keyid} was dropped while in use`);
    }
    this.#owners.set(key.keyid, { owner: principal.name });
    this.#history.set(key.keyid, [...history, { recordedAt, key: structuredClone(key) }]);
    this.principals.set(principal.unique_id, structuredClone(principal));
  }
}

const endOf = ({ not_after, id }: RecordedWaiver): string => `${not_after}#${id}`;

function isFree(taken: ReadonlyMap<string, Taken>, id: string, owner: string): boolean {
  return (taken.get(id)?.owner ?? owner) === owner;
}
