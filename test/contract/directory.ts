import { describe, expect, it } from 'vitest';
import type { Directory } from '../../lib/app/directory/ports.ts';
import type { Registry } from '../../lib/app/ports.ts';
import { type Contact, contactDigest, type RecordedApprover } from '../../lib/core/approver.ts';
import { digestOf } from '../support/manifests.ts';
import { anEvent } from '../support/records.ts';

export interface DirectoryTables {
  readonly registry: Pick<Registry, 'apply'>;
  readonly directory: Directory;
}

const aContact = (id: string): Contact => ({ name: `The Person ${id}`, email: `${id}@example.org`, salt: '0' });

function aPerson(id: string, changes: Partial<RecordedApprover> = {}): RecordedApprover {
  return {
    id,
    roles: ['model-owner'],
    absence: null,
    mail: 'each',
    state: 'active',
    contact_sha256: contactDigest(aContact(id)),
    revision: 1,
    event: digestOf(`event of ${id}`),
    ...changes,
  };
}

/** What every {@link Directory} promises, and what becomes of it by what a registry applies. */
export function directoryContract(open: () => Promise<DirectoryTables>): void {
  describe('a directory', () => {
    let events = 0;
    const apply = async ({ registry }: DirectoryTables, approver: RecordedApprover, contact?: Contact) =>
      await registry.apply(anEvent(`change ${++events} of a person`), [], {
        kind: 'approver-changed',
        approver,
        contact,
      });

    it('finds a person with the contact, and nobody where there is nobody', async () => {
      const tables = await open();
      expect(await tables.directory.find('p-1')).toBeUndefined();
      expect(await apply(tables, aPerson('p-1'), aContact('p-1'))).toBe('committed');
      expect(await tables.directory.find('p-1')).toEqual({ approver: aPerson('p-1'), contact: aContact('p-1') });
    });

    it('takes each revision once', async () => {
      const tables = await open();
      await apply(tables, aPerson('p-1'), aContact('p-1'));
      expect(await apply(tables, aPerson('p-1', { mail: 'daily' }))).toBe('principal-changed');
      expect(await apply(tables, aPerson('p-1', { mail: 'daily', revision: 3 }))).toBe('principal-changed');
      expect(await apply(tables, aPerson('p-1', { mail: 'daily', revision: 2 }))).toBe('committed');
    });

    it('keeps a contact through a change that brings none, and erases it with the record', async () => {
      const tables = await open();
      await apply(tables, aPerson('p-1'), aContact('p-1'));
      await apply(tables, aPerson('p-1', { revision: 2 }));
      expect((await tables.directory.find('p-1'))?.contact).toEqual(aContact('p-1'));
      await apply(tables, aPerson('p-1', { revision: 3, contact_sha256: null }));
      expect(await tables.directory.find('p-1')).toMatchObject({ contact: undefined });
      expect((await tables.directory.everybody())[0]?.contact).toBeUndefined();
    });

    it('tells everybody with their contacts, and page by page without', async () => {
      const tables = await open();
      for (const id of ['p-3', 'p-1', 'p-2']) await apply(tables, aPerson(id), aContact(id));
      await apply(tables, aPerson('p-2', { roles: ['privacy-officer'], revision: 2 }));
      const everybody = await tables.directory.everybody();
      expect(everybody.map(({ approver: { id, roles } }) => `${id} ${roles}`).sort()).toEqual([
        'p-1 model-owner',
        'p-2 privacy-officer',
        'p-3 model-owner',
      ]);
      expect(everybody.every(({ contact }) => contact)).toBe(true);
      const first = await tables.directory.page({ limit: 2, after: undefined });
      expect(first.approvers.map(({ id }) => id)).toEqual(['p-1', 'p-2']);
      const rest = await tables.directory.page({ limit: 2, after: first.next });
      expect(rest.approvers.map(({ id }) => id)).toEqual(['p-3']);
      expect(rest.next).toBeUndefined();
    });
  });
}
