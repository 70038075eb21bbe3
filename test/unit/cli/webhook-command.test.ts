import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import { Announcement } from '../../../lib/contracts/announcements.ts';
import { afterAttempt, newDelivery } from '../../../lib/core/webhooks/delivery.ts';
import type { Subscription } from '../../../lib/core/webhooks/subscription.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { announced } from '../../support/webhooks.ts';
import { run } from './in-process.ts';

const SECRET = 'whsec_c2VjcmV0';
const record = (changes: Partial<Subscription> = {}): Subscription => ({
  id: 'siem',
  url: 'https://hooks.example.org/countersign',
  types: [Announcement.released],
  state: 'active',
  secrets: [{ sha256: digestOf('secret'), since: NOW, until: null }],
  revision: 3,
  ...changes,
});
const answer =
  (more: object = {}) =>
  () => ({ body: { ...record(), ...more } });

describe('countersign webhook', () => {
  it('add sends what is wanted where, and shows the secret with a warning', async () => {
    const args = ['--url', record().url, '--type', Announcement.released, '--type', Announcement.rolledBack];
    const { stdout, stderr, calls } = await run(['webhook', 'add', 'siem', ...args], answer({ secret: SECRET }));
    const types = [Announcement.released, Announcement.rolledBack];
    expect(calls).toEqual([{ method: 'POST', path: '/v1/webhooks', body: { id: 'siem', url: record().url, types } }]);
    expect(stdout).toContain(SECRET);
    expect(stderr).toContain('not shown again');
  });

  it('change changes the revision that was read, and nothing when nothing is said', async () => {
    const { calls, stderr } = await run(['webhook', 'change', 'siem', '--state', 'disabled'], answer());
    expect(calls[1]).toEqual({ method: 'POST', path: '/v1/webhooks/siem', body: { revision: 3, state: 'disabled' } });
    expect(stderr).toBe('');
    await expect(run(['webhook', 'change', 'siem'], answer())).rejects.toThrow(UsageError);
  });

  it('rotate shows the new secret', async () => {
    const { stdout, calls } = await run(['webhook', 'rotate', 'siem'], answer({ secret: SECRET }));
    expect(calls).toMatchObject([{ method: 'POST', path: '/v1/webhooks/siem/rotate' }]);
    expect(stdout).toContain(SECRET);
  });

  it('replay goes on until all is due again', async () => {
    const answers = [
      { replayed: 500, next: '2026-11-20T12:00:00.000Z' },
      { replayed: 7, next: null },
    ];
    const { stdout, calls } = await run(['webhook', 'replay', 'siem', '--since', '2026-11-20'], ({ body }) => ({
      body: answers[JSON.stringify(body).includes('T12') ? 1 : 0] ?? {},
    }));
    expect(calls.map(({ body }) => body)).toEqual([
      { since: '2026-11-20T00:00:00.000Z' },
      { since: '2026-11-20T12:00:00.000Z' },
    ]);
    expect(stdout).toContain('507 announcements');
  });

  it('show says of a consumer that it is gone', async () => {
    const { stdout } = await run(['webhook', 'show', 'siem'], answer({ gone_at: NOW }));
    expect(stdout).toContain(`gone since ${NOW}`);
  });

  it('list and deliveries tell where is sent and what became of it', async () => {
    const listed = await run(['webhook', 'list'], () => ({ body: { webhooks: [record()] } }));
    expect(listed.stdout).toMatch(/siem +active +https:\/\/hooks.example.org\/countersign/);
    const fresh = newDelivery('siem', announced('r-1', new Date(NOW)), new Date(NOW), 'pending');
    const failed = afterAttempt(fresh, { at: NOW, status: null, reason: 'timed_out' }, 0.5);
    const { stdout } = await run(['webhook', 'deliveries', 'siem'], () => ({ body: { deliveries: [failed, fresh] } }));
    expect(stdout).toMatch(/pending +1 tried +timed_out/);
    expect(stdout).toMatch(/pending +0 tried +-/);
  });
});
