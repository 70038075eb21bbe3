import { describe, expect, it } from 'vitest';
import type { Guard, Holds, Ledger, Registry, RegistryChange } from '../../lib/app/ports.ts';
import type { EvidenceRecord, IndexEntry } from '../../lib/core/evidence.ts';
import type { EvidenceKey } from '../../lib/core/evidence-key.ts';
import type { Activation } from '../../lib/core/policy.ts';
import {
  checkKeySize,
  type KeyRecord,
  MAX_KEY_BYTES,
  MAX_KEYS_PER_PRINCIPAL,
  type Principal,
} from '../../lib/core/registry.ts';
import type { RecordedWaiver } from '../../lib/core/waiver.ts';
import { newKey } from '../support/keys.ts';
import { digestOf } from '../support/manifests.ts';
import { aKeyRecord, anEntry, anEvent, anEvidence, aPrincipal } from '../support/records.ts';

/** Adapters over empty tables. */
export interface Tables {
  readonly ledger: Ledger;
  readonly registry: Registry;
  /** Stores an object that a hold can lie on. @returns its key and version */
  readonly holds: Holds;
  readonly placeObject: () => Promise<{ readonly key: string; readonly versionId: string }>;
}

type Open = () => Promise<Tables>;

let events = 0;
const nextEvent = (): EvidenceRecord => anEvent(`event ${++events}`);

/** Compares bytes by value: an adapter may give them back as any kind of byte array. */
function plain(record: EvidenceRecord | undefined): unknown {
  return record && { ...record, inline: record.inline && Buffer.from(record.inline).toString('hex') };
}

async function allPages(
  ledger: Ledger,
  partition: string,
  options: { limit: number; newestFirst?: boolean },
): Promise<IndexEntry[]> {
  const items: IndexEntry[] = [];
  let after: string | undefined;
  do {
    const page = await ledger.list(partition, { ...options, after });
    expect(page.items.length).toBeLessThanOrEqual(options.limit);
    if (page.next !== undefined) expect(page.items).toHaveLength(options.limit);
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}

/** What every {@link Ledger} promises. */
export function ledgerContract(open: Open): void {
  describe('a ledger', () => {
    it.each<[name: string, record: EvidenceRecord]>([
      ['an attestation', anEvidence('a')],
      ['an artifact, which has no statement', artifact('b')],
      ['an event, which has no receipt', anEvent('c')],
    ])('finds %s as it was committed', async (_, record) => {
      const { ledger } = await open();
      expect(await ledger.commit(record, [], undefined)).toBe('committed');
      const find = record.kind === 'artifact' ? ledger.findArtifact : ledger.find;
      expect(plain(await find(record.sha256))).toEqual(plain(record));
      if (record.statement_identity === undefined) return;
      expect(plain(await ledger.findStatement(record.statement_identity))).toEqual(plain(record));
    });

    it('finds nothing that was not committed', async () => {
      const { ledger } = await open();
      expect(await ledger.find(digestOf('x'))).toBeUndefined();
      expect(await ledger.findStatement(digestOf('x'))).toBeUndefined();
      expect(await ledger.list('run#x', { limit: 10 })).toEqual({ items: [], next: undefined });
    });

    it('writes nothing of evidence that is there already, nor of another one with the same statement', async () => {
      const { ledger } = await open();
      const record = anEvidence('a');
      await ledger.commit(record, [anEntry(record, 'run#1', '1')], undefined);
      expect(await ledger.commit({ ...record, received_at: 'later' }, [anEntry(record, 'run#1', '2')], undefined)).toBe(
        'exists',
      );
      const twin = { ...anEvidence('b'), statement_identity: record.statement_identity ?? '' };
      expect(await ledger.commit(twin, [anEntry(twin, 'run#1', '3')], undefined)).toBe('exists');
      expect(await ledger.find(twin.sha256)).toBeUndefined();
      expect(plain(await ledger.findStatement(twin.statement_identity))).toEqual(plain(record));
      expect((await allPages(ledger, 'run#1', { limit: 10 })).map(({ sk }) => sk)).toEqual(['1']);
    });

    it('commits on condition of what was read of the principal', async () => {
      const tables = await open();
      const principal = await created(tables);
      const guard = (changes: Partial<Guard> = {}): Guard => ({
        uniqueId: principal.unique_id,
        revision: principal.revision,
        ...changes,
      });
      const record = anEvidence('a');
      for (const changed of [guard({ revision: 2 }), guard({ uniqueId: 'AROANOBODY' })]) {
        expect(await tables.ledger.commit(record, [anEntry(record, 'run#1', '1')], changed)).toBe('principal-changed');
      }
      expect(await tables.ledger.find(record.sha256)).toBeUndefined();
      expect(await tables.ledger.commit(record, [], guard())).toBe('committed');
      // Who asks for what is there is told so, whatever else has changed.
      expect(await tables.ledger.commit(record, [], guard({ revision: 2 }))).toBe('exists');
    });

    it('lets one of twenty win who commit the same evidence at once', async () => {
      const { ledger } = await open();
      const record = anEvidence('a');
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) => ledger.commit({ ...record, size: i }, [], undefined)),
      );
      expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(19);
      expect((await ledger.find(record.sha256))?.size).toBe(outcomes.indexOf('committed'));
    });

    it('takes as many entries as the largest submission has', async () => {
      const { ledger } = await open();
      const record = anEvidence('a');
      const entries = Array.from({ length: 82 }, (_, i) => anEntry(record, `digest#${i}`, '1'));
      expect(await ledger.commit(record, entries, undefined)).toBe('committed');
      expect((await ledger.list('digest#81', { limit: 1 })).items).toEqual([entries[81]]);
    });

    it('gives every field of an entry back, and no others', async () => {
      const { ledger } = await open();
      const record = anEvidence('a');
      const full = anEntry(record, 'digest#1', '1', {
        predicate_type: 'x',
        stage: 'training',
        run_id: 'run-1',
        environment: 'production',
        flags: ['late', 'unsigned'],
        part: 'output',
        linked: [digestOf('b')],
        attributes: ['DATASET_CONSENT'],
        result: 'PASSED',
        shadow: { slot: 'a', model: digestOf('m'), main: 'PASSED', said: 'BROKE', code: 'POLICY_FAILED', rules: ['r'] },
      });
      const bare = anEntry(record, 'digest#1', '2');
      await ledger.commit(record, [full, bare], undefined);
      expect((await ledger.list('digest#1', { limit: 10 })).items).toEqual([full, bare]);
    });

    it.each([1, 2, 3, 5, 6, 100])('lists in the order of sort keys, in pages of %d, either way', async (limit) => {
      const { ledger } = await open();
      // Text order is by code unit: digits, then capitals, then small letters.
      const order = ['00#2026', '03#2026-02-21', '03#2026-02-21#a', '10', 'Z', 'a'];
      for (const [i, sk] of [3, 0, 5, 2, 4, 1].entries()) {
        const record = anEvidence(`evidence ${i}`);
        await ledger.commit(
          record,
          [anEntry(record, 'run#1', order[sk] ?? ''), anEntry(record, 'run#10', String(i))],
          undefined,
        );
      }
      expect((await allPages(ledger, 'run#1', { limit })).map(({ sk }) => sk)).toEqual(order);
      expect((await allPages(ledger, 'run#1', { limit, newestFirst: true })).map(({ sk }) => sk)).toEqual(
        order.toReversed(),
      );
    });

    it('goes on after any sort key, whether an entry has it or not', async () => {
      const { ledger } = await open();
      const record = anEvidence('a');
      await ledger.commit(
        record,
        ['1', '3', '5'].map((sk) => anEntry(record, 'run#1', sk)),
        undefined,
      );
      const following = async (sk: string, newestFirst = false) =>
        (await ledger.list('run#1', { limit: 10, after: sk, newestFirst })).items.map((item) => item.sk);
      expect(await following('3')).toEqual(['5']);
      expect(await following('2')).toEqual(['3', '5']);
      expect(await following('5')).toEqual([]);
      expect(await following('3', true)).toEqual(['1']);
    });
  });
}

function artifact(name: string): EvidenceRecord {
  const record = anEvidence(name, { kind: 'artifact', form: 'artifact' });
  const {
    statement_identity: _s,
    predicate_type: _p,
    keyid: _k,
    key_revision: _v,
    inline: _i,
    stage: _t,
    run_id: _r,
    ...rest
  } = record;
  return rest;
}

async function created({ registry }: Tables, changes: Partial<Principal> = {}): Promise<Principal> {
  const principal = aPrincipal([], changes);
  expect(await registry.apply(nextEvent(), [], { kind: 'principal-created', principal })).toBe('committed');
  return principal;
}

function keyChange(
  before: Principal,
  key: KeyRecord,
  recordedAt: string,
): Extract<RegistryChange, { kind: 'key-changed' }> {
  const keys = [...before.keys.filter(({ keyid }) => keyid !== key.keyid), key];
  const principal = { ...before, revision: before.revision + 1, keys };
  return { kind: 'key-changed', principal, key, recordedAt, isNew: key.revision === 1 };
}

/** What every {@link Registry} promises. */
export function registryContract(open: Open): void {
  const key = aKeyRecord(newKey());
  const at = (instant: string): Date => new Date(instant);

  describe('a registry', () => {
    it('knows nobody at first', async () => {
      const { registry } = await open();
      expect(await registry.context('AROANOBODY')).toEqual({ principal: undefined, evidenceKey: undefined });
      expect(await registry.evidenceKey()).toBeUndefined();
      expect(await registry.evidenceKeys()).toEqual([]);
      expect(await registry.principalByName('nobody')).toBeUndefined();
      expect(await registry.keyOwner(key.keyid)).toBeUndefined();
      expect(await registry.keyAt(key.keyid, at('2026-01-01T00:00:00Z'))).toBeUndefined();
    });

    it('finds a principal by its role and by its name, and the event that created it as evidence', async () => {
      const { registry, ledger } = await open();
      const principal = aPrincipal([]);
      const event = nextEvent();
      expect(
        await registry.apply(event, [anEntry(event, 'digest#1', '1')], { kind: 'principal-created', principal }),
      ).toBe('committed');
      expect((await registry.context(principal.unique_id)).principal).toEqual(principal);
      expect(await registry.principalByName(principal.name)).toEqual(principal);
      expect(plain(await ledger.find(event.sha256))).toEqual(plain(event));
      expect((await ledger.list('digest#1', { limit: 1 })).items).toHaveLength(1);
    });

    it.each<[name: string, changes: Partial<Principal>]>([
      ['another name for a role', { name: 'other' }],
      ['another role for a name', { unique_id: 'AROAANOTHERROLE' }],
    ])('refuses %s, and writes nothing', async (_, changes) => {
      const tables = await open();
      const principal = await created(tables);
      const event = nextEvent();
      const change: RegistryChange = { kind: 'principal-created', principal: { ...principal, ...changes } };
      expect(await tables.registry.apply(event, [], change)).toBe('principal-changed');
      expect(await tables.ledger.find(event.sha256)).toBeUndefined();
      expect(await tables.registry.principalByName('other')).toBeUndefined();
      expect((await tables.registry.context('AROAANOTHERROLE')).principal).toBeUndefined();
    });

    it('keeps every revision of a key, its owner, and what it is now', async () => {
      const tables = await open();
      const before = await created(tables);
      const first = keyChange(before, key, '2026-02-01T00:00:00.000Z');
      expect(await tables.registry.apply(nextEvent(), [], first)).toBe('committed');
      const revoked: KeyRecord = {
        ...key,
        revision: 2,
        revoked: { recorded_at: 'r', effective_at: 'e', reason: 'lost' },
      };
      const second = keyChange(first.principal, revoked, '2026-03-01T00:00:00.000Z');
      expect(await tables.registry.apply(nextEvent(), [], second)).toBe('committed');
      expect((await tables.registry.context(before.unique_id)).principal).toEqual(second.principal);
      expect(await tables.registry.keyOwner(key.keyid)).toBe(before.name);
      const found = async (instant: string) => await tables.registry.keyAt(key.keyid, at(instant));
      expect(await found('2026-01-31T23:59:59.999Z')).toBeUndefined();
      expect(await found('2026-02-01T00:00:00.000Z')).toEqual(key);
      expect(await found('2026-02-28T23:59:59.999Z')).toEqual(key);
      expect(await found('2026-03-01T00:00:00.000Z')).toEqual(revoked);
      expect(await found('2036-01-01T00:00:00.000Z')).toEqual(revoked);
      expect(await tables.registry.keyHistory(key.keyid)).toEqual([
        { recordedAt: '2026-02-01T00:00:00.000Z', key },
        { recordedAt: '2026-03-01T00:00:00.000Z', key: revoked },
      ]);
      expect(await tables.registry.keyHistory('0'.repeat(64))).toEqual([]);
    });

    it('takes a principal with as many keys as it may have, each as large as it may be and revoked at length', async () => {
      const tables = await open();
      const { registry } = tables;
      const before = await created(tables);
      const filler = MAX_KEY_BYTES - Buffer.byteLength(JSON.stringify({ ...key, scai_attributes: [''] }));
      const revoked = { recorded_at: key.not_before, effective_at: key.not_before, reason: '\u20ac'.repeat(2000) };
      const largest = Array.from({ length: MAX_KEYS_PER_PRINCIPAL }, () =>
        aKeyRecord(newKey(), { scai_attributes: ['a'.repeat(filler)], revoked }),
      );
      for (const record of largest) expect(() => checkKeySize(record)).not.toThrow();
      const principal = { ...before, revision: 2, keys: largest };
      const last = largest.at(-1) ?? key;
      const change = { kind: 'key-changed', principal, key: last, recordedAt: key.not_before, isNew: true } as const;
      expect(await registry.apply(nextEvent(), [], change)).toBe('committed');
      expect((await registry.context(before.unique_id)).principal).toEqual(principal);
    });

    it('gives the last of two revisions that were recorded in one millisecond', async () => {
      const tables = await open();
      const first = keyChange(await created(tables), key, '2026-02-01T00:00:00.000Z');
      await tables.registry.apply(nextEvent(), [], first);
      const second = keyChange(first.principal, { ...key, revision: 2, role: 'other' }, '2026-02-01T00:00:00.000Z');
      await tables.registry.apply(nextEvent(), [], second);
      expect(await tables.registry.keyAt(key.keyid, at('2026-02-01T00:00:00.000Z'))).toMatchObject({ revision: 2 });
    });

    it('refuses a change that was made from an older revision, and writes nothing', async () => {
      const tables = await open();
      const before = await created(tables);
      const first = keyChange(before, key, '2026-02-01T00:00:00.000Z');
      await tables.registry.apply(nextEvent(), [], first);
      const event = nextEvent();
      const stale = keyChange(before, aKeyRecord(newKey()), '2026-02-02T00:00:00.000Z');
      expect(await tables.registry.apply(event, [], stale)).toBe('principal-changed');
      expect((await tables.registry.context(before.unique_id)).principal).toEqual(first.principal);
      expect(await tables.registry.keyOwner(stale.key.keyid)).toBeUndefined();
      expect(await tables.ledger.find(event.sha256)).toBeUndefined();
    });

    it("refuses another principal's key", async () => {
      const tables = await open();
      await tables.registry.apply(nextEvent(), [], keyChange(await created(tables), key, '2026-02-01T00:00:00.000Z'));
      const other = await created(tables, { name: 'other', unique_id: 'AROAANOTHERROLE' });
      expect(await tables.registry.apply(nextEvent(), [], keyChange(other, key, '2026-02-02T00:00:00.000Z'))).toBe(
        'principal-changed',
      );
      expect(await tables.registry.keyOwner(key.keyid)).not.toBe('other');
    });

    const [then, later] = [at('2026-02-01T00:00:00.000Z'), at('2026-02-01T01:00:00.000Z')];

    it('reserves a name and a key for one owner, who may ask again', async () => {
      const { registry } = await open();
      expect(await registry.reserveName('name', 'AROAONE', then)).toBeUndefined();
      expect(await registry.reserveName('name', 'AROAONE', later)).toBeUndefined();
      const taken = { reserved_at: later.toISOString() };
      expect(await registry.reserveName('name', 'AROATWO', later)).toEqual({ owner: 'AROAONE', ...taken });
      expect(await registry.principalByName('name')).toBeUndefined();
      expect(await registry.reserveKey(key.keyid, 'one', then)).toBeUndefined();
      expect(await registry.reserveKey(key.keyid, 'one', later)).toBeUndefined();
      expect(await registry.reserveKey(key.keyid, 'two', later)).toEqual({ owner: 'one', ...taken });
      expect(await registry.keyOwner(key.keyid)).toBe('one');
    });

    it('gives a reservation to another owner only as long as it is the one that was read', async () => {
      const { registry } = await open();
      await registry.reserveName('name', 'AROAONE', then);
      const abandoned = await registry.reserveName('name', 'AROATWO', then);
      await registry.reserveName('name', 'AROAONE', later);
      const renewed = await registry.reserveName('name', 'AROATWO', later, abandoned);
      expect(renewed).toEqual({ owner: 'AROAONE', reserved_at: later.toISOString() });
      expect(await registry.reserveName('name', 'AROATWO', later, renewed)).toBeUndefined();
      expect(await registry.reserveName('name', 'AROAONE', later)).toMatchObject({ owner: 'AROATWO' });
    });

    it('knows what an event gave to its owner from what is only reserved', async () => {
      const tables = await open();
      const principal = await created(tables);
      const { registry } = tables;
      await registry.apply(nextEvent(), [], keyChange(principal, key, '2026-02-01T00:00:00.000Z'));
      // Asked for again by its owner, it does not become a reservation.
      await registry.reserveName(principal.name, principal.unique_id, later);
      await registry.reserveKey(key.keyid, principal.name, later);
      expect(await registry.reserveName(principal.name, 'AROATWO', later)).toEqual({ owner: principal.unique_id });
      expect(await registry.reserveKey(key.keyid, 'two', later)).toEqual({ owner: principal.name });
    });

    it('does not find a principal by a name that it only reserved', async () => {
      const tables = await open();
      const principal = await created(tables);
      await tables.registry.reserveName('reserved', principal.unique_id, then);
      expect(await tables.registry.principalByName('reserved')).toBeUndefined();
      expect(await tables.registry.principalByName(principal.name)).toEqual(principal);
    });

    it('makes no change twice: an event that is there says that it was made', async () => {
      const tables = await open();
      const event = nextEvent();
      const change = keyChange(await created(tables), key, '2026-02-01T00:00:00.000Z');
      expect(await tables.registry.apply(event, [], change)).toBe('committed');
      expect(await tables.registry.apply(event, [], change)).toBe('exists');
      expect((await tables.registry.context(change.principal.unique_id)).principal?.revision).toBe(
        change.principal.revision,
      );
    });

    it('lets one of ten win who change the same revision at once', async () => {
      const tables = await open();
      const before = await created(tables);
      const changes = Array.from({ length: 10 }, () =>
        keyChange(before, aKeyRecord(newKey()), '2026-02-01T00:00:00.000Z'),
      );
      const outcomes = await Promise.all(changes.map((change) => tables.registry.apply(nextEvent(), [], change)));
      expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
      const winner = changes[outcomes.indexOf('committed')];
      expect((await tables.registry.context(before.unique_id)).principal).toEqual(winner?.principal);
    });

    it('activates evidence keys one after the other, and forgets none', async () => {
      const { registry } = await open();
      const keys = [1, 2].map((revision): EvidenceKey => {
        const { keyid, pem } = newKey();
        return { keyid, public_key: pem, kms_key_arn: 'arn', activated_at: '2026-02-01T00:00:00.000Z', revision };
      });
      for (const one of keys) {
        expect(await registry.apply(nextEvent(), [], { kind: 'evidence-key-activated', key: one })).toBe('committed');
        expect(await registry.apply(nextEvent(), [], { kind: 'evidence-key-activated', key: one })).toBe(
          'principal-changed',
        );
        expect(await registry.evidenceKey()).toEqual(one);
        expect((await registry.context('AROANOBODY')).evidenceKey).toEqual(one);
      }
      expect(new Set(await registry.evidenceKeys())).toEqual(new Set(keys));
    });

    it('tells the newest activation of the main policy and of each slot, now and at a time', async () => {
      const { registry } = await open();
      const time = (minute: number) => `2026-02-01T00:0${minute}:00.000Z`;
      const recorded = (activation: Activation) => ({ ...activation, by: 'arn', event: digestOf(activation.at) });
      const steps = [
        anActivation('main', 1, time(1)),
        anActivation('first', 1, time(2), 'freeze'),
        anActivation('second', 2, time(3), 'freeze'),
        // Later by its number, and at a time that no clock here has reached.
        anActivation('other', 1, time(9), 'a-slot'),
      ];
      for (const activation of steps) {
        const change = { kind: 'policy-activated', activation: recorded(activation) } as const;
        expect(await registry.apply(nextEvent(), [], change)).toBe('committed');
        expect(await registry.apply(nextEvent(), [], change)).toBe('principal-changed');
      }
      const [main, first, second, other] = steps;
      expect(new Set(await registry.activations())).toEqual(new Set([main, second, other]));
      expect(new Set(await registry.activations(new Date(time(2))))).toEqual(new Set([main, first]));
      expect(new Set(await registry.activations(new Date(time(3))))).toEqual(new Set([main, second]));
      expect(await registry.activations(new Date(time(0)))).toEqual([]);
      expect(await registry.activationHistory()).toEqual(steps.map(recorded));
    });

    it('tells the waivers whose time is not over at an instant, as they stand, and all of them in pages', async () => {
      const { registry } = await open();
      const day = (date: number) => `2026-03-0${date}T00:00:00.000Z`;
      const [first, second, third] = [aWaiver('first', day(1)), aWaiver('second', day(2)), aWaiver('third', day(3))];
      for (const waiver of [second, third, first]) {
        const change = { kind: 'waiver-changed', waiver } as const;
        expect(await registry.apply(nextEvent(), [], change)).toBe('committed');
        expect(await registry.apply(nextEvent(), [], change)).toBe('principal-changed');
      }
      const { role: _role, ...promoter } = second.requester;
      const ended = { ...second, ended: { ...promoter, reason: 'done' }, revision: 2 };
      expect(await registry.apply(nextEvent(), [], { kind: 'waiver-changed', waiver: ended })).toBe('committed');
      expect(await registry.waiver(second.id)).toEqual(ended);
      expect(new Set(await registry.waivers(new Date(day(1))))).toEqual(new Set([ended, third]));
      expect(await registry.waivers(new Date(day(2)))).toEqual([third]);
      expect(await registry.waivers(new Date(day(3)))).toEqual([]);
      const page = await registry.waiverPage({ limit: 2, after: undefined });
      expect(page.waivers).toEqual([third, ended]);
      expect((await registry.waiverPage({ limit: 2, after: page.next })).waivers).toEqual([first]);
    });
  });
}

function aWaiver(name: string, notAfter: string): RecordedWaiver {
  return {
    id: digestOf(name),
    rule: 'model_card',
    scope: { model: digestOf('model'), dataset: null, endpoint: null, environment: null },
    reason: 'late',
    compensating_control: 'reviewed',
    not_after: notAfter,
    revision: 1,
    requester: { arn: 'arn', unique_id: 'AROAPROMOTER', at: '2026-02-01T00:00:00.000Z', role: 'promoter' },
    event: digestOf(`event of ${name}`),
  };
}

function anActivation(policy: string, revision: number, at: string, slot?: string): Activation {
  return {
    sha256: digestOf(policy),
    ...(slot === undefined ? {} : { slot: { name: slot, mode: 'enforced', until: null } }),
    previous: null,
    back_to: [],
    reason: null,
    at,
    revision,
    follows: revision - 1,
  };
}

/** What every {@link Holds} promises. */
export function holdsContract(open: Open): void {
  const sha256 = digestOf('held');
  const hold = (revision: number) =>
    ({
      sha256,
      state: revision % 2 === 1 ? 'on' : 'off',
      reason: 'litigation',
      by: 'arn',
      at: 'now',
      event: 'e',
      revision,
    }) as const;

  describe('legal holds', () => {
    it('are found as they were committed, each change with its event', async () => {
      const { holds, ledger } = await open();
      expect(await holds.findHold(sha256)).toBeUndefined();
      for (const revision of [1, 2, 3]) {
        const event = nextEvent();
        expect(await holds.commitHold(event, [], hold(revision))).toBe('committed');
        expect(await holds.findHold(sha256)).toEqual(hold(revision));
        expect(plain(await ledger.find(event.sha256))).toEqual(plain(event));
      }
    });

    it.each([1, 3])('refuse revision %d when the first one is there, and write nothing', async (revision) => {
      const { holds, ledger } = await open();
      await holds.commitHold(nextEvent(), [], hold(1));
      const event = nextEvent();
      expect(await holds.commitHold(event, [], hold(revision))).toBe('principal-changed');
      expect(await holds.findHold(sha256)).toEqual(hold(1));
      expect(await ledger.find(event.sha256)).toBeUndefined();
    });

    it('say of an event that is there that the change was made', async () => {
      const { holds } = await open();
      const event = nextEvent();
      await holds.commitHold(event, [], hold(1));
      expect(await holds.commitHold(event, [], hold(1))).toBe('exists');
    });

    it('lie on one version of an object, and may be set again', async () => {
      const { holds, placeObject } = await open();
      const { key, versionId } = await placeObject();
      for (const on of [true, true, false, false, true])
        await expect(holds.setLegalHold(key, versionId, on)).resolves.toBeUndefined();
    });
  });
}
