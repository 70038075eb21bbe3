import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import type { ApproverRecord } from '../../../lib/core/approver.ts';
import { digestOf } from '../../support/manifests.ts';
import { run } from './in-process.ts';

const EVENT = digestOf('event');
const record = (changes: Partial<ApproverRecord> = {}): ApproverRecord => ({
  id: 'p-17',
  roles: ['model-owner'],
  absence: null,
  mail: 'each',
  state: 'active',
  contact_sha256: digestOf('contact'),
  revision: 3,
  ...changes,
});
const answer = (changes?: Partial<ApproverRecord>) => () => ({ body: { ...record(changes), event: EVENT } });

describe('countersign approver', () => {
  it('add sends who they are and as what they are asked', async () => {
    const args = [
      '--name',
      'A Model Owner',
      '--email',
      'owner@example.org',
      '--role',
      'model-owner',
      '--role',
      'privacy-officer',
    ];
    const { stdout, calls } = await run(['approver', 'add', 'p-17', ...args], answer());
    const body = {
      id: 'p-17',
      name: 'A Model Owner',
      email: 'owner@example.org',
      roles: ['model-owner', 'privacy-officer'],
      mail: 'each',
    };
    expect(calls).toEqual([{ method: 'POST', path: '/v1/approvers', body }]);
    expect(stdout).toContain(EVENT);
  });

  it.each([
    [['change', 'p-17', '--email', 'new@example.org'], { email: 'new@example.org' }],
    [['change', 'p-17', '--state', 'left'], { state: 'left' }],
    [
      ['absent', 'p-17', '--from', '2026-12-20', '--until', '2027-01-07', '--deputy', 'p-4'],
      { absence: { from: '2026-12-20T00:00:00.000Z', until: '2027-01-07T00:00:00.000Z', deputy: 'p-4' } },
    ],
    [['absent', 'p-17', '--back'], { absence: null }],
  ])('%j changes the revision that was read', async (args, changes) => {
    const { calls } = await run(['approver', ...args], answer());
    expect(calls).toEqual([
      { method: 'GET', path: '/v1/approvers/p-17', body: undefined },
      { method: 'POST', path: '/v1/approvers/p-17', body: { revision: 3, ...changes } },
    ]);
  });

  it.each([
    ['change', 'p-17'],
    ['absent', 'p-17', '--from', '2026-12-20'],
  ])('%s that does not say what is to change is a mistake', async (...args) => {
    await expect(run(['approver', ...args], answer())).rejects.toThrow(UsageError);
  });

  it('show asks for name and address only when they are wanted, and shows them as harmless lines', async () => {
    const plain = await run(['approver', 'show', 'p-17'], answer());
    expect(plain.calls).toHaveLength(1);
    const { stdout } = await run(['approver', 'show', 'p-17', '--contact'], ({ path }) => ({
      body: path.startsWith('/v1/contacts/') ? { name: 'Jo\u001b[2J', email: 'owner@example.org' } : record(),
    }));
    expect(stdout).toContain('owner@example.org');
    expect(stdout).not.toContain('\u001b');
  });

  it('show says of whom nothing but the id is known that they cannot be asked', async () => {
    const { stdout } = await run(['approver', 'show', 'p-17'], () => ({ body: { ...record(), contact: 'unknown' } }));
    expect(stdout).toContain('say name and address again');
  });

  it('list goes through all pages', async () => {
    const pages = [
      { approvers: [record()], next: 'cDE' },
      { approvers: [record({ id: 'p-18', state: 'left' })], next: null },
    ];
    const { stdout, calls } = await run(['approver', 'list'], ({ path }) => ({
      body: pages[path.includes('cursor') ? 1 : 0] ?? {},
    }));
    expect(calls.map(({ path }) => path)).toEqual(['/v1/approvers', '/v1/approvers?cursor=cDE']);
    expect(stdout).toMatch(/p-17 .*active.*\n.*p-18 .*left/);
  });

  it('decisions shows what one is asked, and what they decided, also where it counts no more', async () => {
    const [promotion, evidence] = ['a'.repeat(64), 'b'.repeat(64)];
    const asked = { promotion, role: 'model-owner', round: 2, until: '2026-03-01T00:00:00.000Z' };
    const given = { promotion, role: 'model-owner', decision: 'approved', decided_at: '2026-02-21T12:00:00.000Z' };
    const body = {
      asked: [asked],
      decided: [{ ...given, evidence, ended_at: '2026-02-22T12:00:00.000Z' }],
      next: 'cDE',
    };
    const { stdout, stderr, calls } = await run(['approver', 'decisions', 'p-17'], () => ({ body }));
    expect(calls.map(({ path }) => path)).toEqual(['/v1/approvals?person=p-17']);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(`^asked .* model-owner .* round 2 .*${promotion}`),
      expect.stringMatching(`^approved .*${promotion} .*${evidence} .*counts no more since 2026-02-22`),
      '',
    ]);
    expect(stderr).toContain('older ones');
  });
});
