import { beforeEach, describe, expect, it } from 'vitest';
import { approversOf } from '../../../lib/app/directory/approvers-of.ts';
import {
  type ApproverDeps,
  addApprover,
  changeApprover,
  eraseApprover,
} from '../../../lib/app/directory/manage-approvers.ts';
import { reindex } from '../../../lib/app/reindex.ts';
import { askableFor, contactDigest } from '../../../lib/core/approver.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import { approverDeps, enlist, PEOPLE_ADMIN, person } from '../../support/approvers.ts';
import { checkLedger } from '../../support/check-ledger.ts';
import { DAY } from '../../support/clock.ts';
import { type ControlPlane, controlPlane } from '../../support/control-plane.ts';
import { Crash } from '../../support/memory/steps.ts';
import { MemoryTables } from '../../support/memory/tables.ts';
import { refusal } from '../../support/refusals.ts';

let plane: ControlPlane;
let deps: ApproverDeps;
beforeEach(async () => {
  plane = await controlPlane();
  deps = approverDeps(plane);
});

const asked = async (role = 'model-owner') =>
  askableFor(
    role,
    await approversOf({ ...plane.submitDeps, directory: plane.registry.directory, ledger: plane.ledger }, ({ roles }) =>
      roles.includes(role),
    ),
    plane.clock.now(),
  );
const idsAsked = async () => (await asked()).map(({ id }) => id);
const change = async (id: string, revision: number, changes: object) =>
  await changeApprover(deps, id, { revision, ...changes }, PEOPLE_ADMIN);
const warnings = () => plane.logged.filter(({ event }) => event === 'INTEGRITY_FAILURE');
const eventText = (id: string, revision: number) => {
  const { dsseEnvelope } = JSON.parse(
    plane.bucket.objects.get(objectKey.event(`approver/${id}`, revision))?.bytes.toString() ?? '',
  );
  return Buffer.from(dsseEnvelope.payload, 'base64').toString();
};

describe('a person in the directory', () => {
  it('is asked for their roles at their address', async () => {
    const { event } = await addApprover(deps, person('p-1', { mail: 'daily' }), PEOPLE_ADMIN);
    expect(await asked()).toEqual([
      { id: 'p-1', name: 'The Person p-1', email: 'p-1@example.org', mail: 'daily', deputy_for: [], event },
    ]);
    expect(await asked('privacy-officer')).toEqual([]);
    checkLedger(plane);
  });

  it('is named in evidence by the id only, with a commitment to name, address and subject', async () => {
    await enlist(deps, 'p-1', { oidc_subject: 'subject-0' });
    const text = eventText('p-1', 1);
    for (const personal of ['The Person', 'example.org', 'subject-0']) expect(text).not.toContain(personal);
    const contact = { name: 'The Person p-1', email: 'p-1@example.org', oidc_subject: 'subject-0' };
    const commitment = contactDigest({ ...contact, salt: '1'.padStart(64, '0') });
    expect(JSON.parse(text).predicate.approver.contact_sha256).toBe(commitment);
    expect(JSON.stringify(plane.logged)).not.toContain('example.org');
  });

  it('is the same person when the same request comes again', async () => {
    const first = await addApprover(deps, person('p-1'), PEOPLE_ADMIN);
    expect(await addApprover(deps, person('p-1'), PEOPLE_ADMIN)).toEqual({
      created: false,
      value: first.value,
      event: undefined,
    });
    for (const other of [{ email: 'other@example.org' }, { roles: ['privacy-officer'] }]) {
      const again = addApprover(deps, person('p-1', other), PEOPLE_ADMIN);
      await expect(again).rejects.toThrow(refusal('APPROVER_EXISTS', '/id'));
    }
  });

  it.each([
    ['address', { email: 'P-1@Example.ORG' }],
    ['subject', { oidc_subject: 'subject-0' }],
  ])('has one id: nobody else comes in, or comes back, by their %s', async (_, theirs) => {
    await enlist(deps, 'p-1', { oidc_subject: 'subject-0' });
    const twin = refusal('APPROVER_EXISTS', '/email');
    await expect(addApprover(deps, person('p-2', theirs), PEOPLE_ADMIN)).rejects.toThrow(twin);
    await enlist(deps, 'p-2');
    await expect(change('p-2', 1, theirs)).rejects.toThrow(twin);
    await change('p-1', 1, { state: 'left' });
    await change('p-2', 1, theirs);
    await expect(change('p-1', 2, { state: 'active' })).rejects.toThrow(twin);
    await change('p-1', 2, { mail: 'daily' });
  });

  it('is changed in what is said and in nothing else, by who knows how they stand', async () => {
    await enlist(deps, 'p-1', { oidc_subject: 'subject-0' });
    await change('p-1', 1, { email: 'new@example.org', roles: ['model-owner', 'privacy-officer'] });
    expect(await asked('privacy-officer')).toMatchObject([
      { name: 'The Person p-1', email: 'new@example.org', oidc_subject: 'subject-0' },
    ]);
    await expect(change('p-1', 1, { mail: 'daily' })).rejects.toThrow(refusal('REVISION_CONFLICT', '/revision'));
    expect(await change('p-1', 1, { email: 'new@example.org' })).toMatchObject({ event: undefined });
    await change('p-1', 2, { oidc_subject: null });
    expect((await asked())[0]).not.toHaveProperty('oidc_subject');
    await expect(change('nobody', 1, { mail: 'daily' })).rejects.toThrow(refusal('NOT_FOUND'));
  });

  it('who left is not asked, and may come back', async () => {
    await enlist(deps, 'p-1');
    await change('p-1', 1, { state: 'left' });
    expect(await idsAsked()).toEqual([]);
    await change('p-1', 2, { state: 'active' });
    expect(await idsAsked()).toEqual(['p-1']);
  });

  it('is erased for good: name, address and salt are gone, the id and its events stay', async () => {
    await enlist(deps, 'p-1');
    const { event } = await eraseApprover(deps, 'p-1', PEOPLE_ADMIN);
    expect(event).toBeDefined();
    expect(plane.registry.directory.contacts.size).toBe(0);
    expect(await idsAsked()).toEqual([]);
    expect(plane.registry.directory.records.get('p-1')).toMatchObject({ state: 'left', contact_sha256: null });
    expect(eventText('p-1', 2)).toContain('approver-erased');
    expect(await eraseApprover(deps, 'p-1', PEOPLE_ADMIN)).toMatchObject({ event: undefined });
    await expect(change('p-1', 2, { name: 'Only a name' })).rejects.toThrow(refusal('REQUEST_INVALID', '/email'));
    checkLedger(plane);
  });
});

describe('a deputy', () => {
  const away = (deputy: string | null) => ({
    absence: {
      from: plane.clock.now().toISOString(),
      until: new Date(plane.clock.now().getTime() + DAY).toISOString(),
      deputy,
    },
  });

  it('stands in while the other is away, and is marked so', async () => {
    for (const id of ['p-1', 'p-2']) await enlist(deps, id);
    await change('p-1', 1, away('p-2'));
    expect(await asked()).toMatchObject([{ id: 'p-2', deputy_for: ['p-1'] }]);
    plane.clock.advance(DAY);
    expect(await asked()).toMatchObject([
      { id: 'p-1', deputy_for: [] },
      { id: 'p-2', deputy_for: [] },
    ]);
  });

  it.each([
    ['does not hold the role', { roles: ['privacy-officer'] }],
    ['left', { state: 'left' }],
  ])('who %s stands in for nobody', async (_, changes) => {
    for (const id of ['p-1', 'p-2']) await enlist(deps, id);
    await change('p-1', 1, away('p-2'));
    await change('p-2', 1, changes);
    expect(await idsAsked()).toEqual([]);
  });

  it('who is away themselves is not stood in for further', async () => {
    for (const id of ['p-1', 'p-2', 'p-3']) await enlist(deps, id);
    await change('p-1', 1, away('p-2'));
    await change('p-2', 1, away('p-3'));
    expect(await asked()).toMatchObject([{ id: 'p-3', deputy_for: ['p-2'] }]);
  });

  it.each(['p-1', 'nobody'])('cannot be %s', async (deputy) => {
    await enlist(deps, 'p-1');
    await expect(change('p-1', 1, away(deputy))).rejects.toThrow(refusal('REQUEST_INVALID', '/absence/deputy'));
  });
});

describe('a row that another hand wrote', () => {
  beforeEach(async () => {
    await enlist(deps, 'p-1');
    await enlist(deps, 'p-2');
  });

  it('with another address is not asked at', async () => {
    const contacts = plane.registry.directory.contacts;
    const contact = contacts.get('p-1');
    if (contact) contacts.set('p-1', { ...contact, email: 'thief@example.net' });
    expect(await idsAsked()).toEqual(['p-2']);
  });

  it.each([
    ['with a commitment to it', { contact_sha256: '0'.repeat(64) }],
    ['with another role', { roles: ['model-owner', 'privacy-officer'] }],
    ['with an event that there is not', { event: '0'.repeat(64) }],
  ])('%s is not believed, and the alarm hears of it', async (_, forged) => {
    const { records } = plane.registry.directory;
    const row = records.get('p-1');
    if (row) records.set('p-1', { ...row, ...forged });
    expect(await idsAsked()).toEqual(['p-2']);
    expect(JSON.stringify(warnings())).toContain('p-1: its event');
  });

  it('with the event of another person is not believed', async () => {
    const { records } = plane.registry.directory;
    const [row, other] = [records.get('p-1'), records.get('p-2')];
    if (row && other) records.set('p-1', { ...row, event: other.event });
    expect(await idsAsked()).toEqual(['p-2']);
  });

  it('back to an earlier state is not believed: the bucket has a later event', async () => {
    const { records, contacts } = plane.registry.directory;
    const [row, contact] = [records.get('p-1'), contacts.get('p-1')];
    await change('p-1', 1, { email: 'new@example.org' });
    if (row && contact) {
      records.set('p-1', row);
      contacts.set('p-1', contact);
    }
    expect(await idsAsked()).toEqual(['p-2']);
    expect(JSON.stringify(warnings())).toContain('p-1: a later event says otherwise');
  });
});

describe('a rebuild of the table', () => {
  const rebuilt = async (tables = new MemoryTables()) => {
    const none = () => {};
    await reindex({ archive: plane.bucket, tables, skipped: none, remarked: none, progress: none });
    return tables;
  };

  it('makes people again without their contacts, which the same request then says again', async () => {
    await enlist(deps, 'p-1');
    const tables = await rebuilt();
    expect(tables.current('approver p-1')).toEqual(plane.registry.directory.records.get('p-1'));
    expect([...tables.items.keys()]).not.toContain('contact p-1');
    plane.registry.directory.contacts.clear();
    expect(await idsAsked()).toEqual([]);
    await enlist(deps, 'p-1');
    expect(await idsAsked()).toEqual(['p-1']);
  });

  it('leaves the contacts that are there, and erases what a restored table brings back', async () => {
    for (const id of ['p-1', 'p-2']) await enlist(deps, id);
    await eraseApprover(deps, 'p-2', PEOPLE_ADMIN);
    const tables = new MemoryTables();
    for (const id of ['p-1', 'p-2']) tables.items.set(`contact ${id}`, { value: 'A Model Owner', revision: 1 });
    await rebuilt(tables);
    expect([tables.current('contact p-1'), tables.current('contact p-2')]).toEqual(['A Model Owner', undefined]);
  });
});

describe('a change that dies', () => {
  it.each(['lost', 'done'] as const)(
    'before its commit (%s) is committed by the next, without its contact',
    async (fate) => {
      await enlist(deps, 'p-1');
      plane.steps.crashAt('apply', fate);
      await expect(change('p-1', 1, { email: 'new@example.org' })).rejects.toThrow(Crash);
      if (fate === 'done') {
        expect((await asked())[0]?.email).toBe('new@example.org');
        return;
      }
      // Nobody knows whether the old address is still theirs.
      expect(await idsAsked()).toEqual([]);
      await expect(change('p-1', 1, { email: 'new@example.org' })).rejects.toThrow(refusal('REVISION_CONFLICT'));
      expect(await idsAsked()).toEqual([]);
      await change('p-1', 2, { name: 'The Person p-1', email: 'new@example.org' });
      expect((await asked())[0]?.email).toBe('new@example.org');
      checkLedger(plane);
    },
  );

  it('while the person is added ends well by sending it again', async () => {
    plane.steps.crashAt('apply', 'lost');
    await expect(addApprover(deps, person('p-1'), PEOPLE_ADMIN)).rejects.toThrow(Crash);
    await expect(addApprover(deps, person('p-1'), PEOPLE_ADMIN)).rejects.toThrow(refusal('REVISION_CONFLICT'));
    await addApprover(deps, person('p-1'), PEOPLE_ADMIN);
    expect(await idsAsked()).toEqual(['p-1']);
    checkLedger(plane);
  });

  it('of two at once one is made, and the other is told', async () => {
    await enlist(deps, 'p-1');
    plane.steps.before('put-event', async () => await change('p-1', 1, { mail: 'daily' }));
    await expect(change('p-1', 1, { state: 'left' })).rejects.toThrow(refusal('REVISION_CONFLICT'));
    expect(await asked()).toMatchObject([{ mail: 'daily' }]);
    checkLedger(plane);
  });
});
