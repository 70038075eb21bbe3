import { describe, expect, it } from 'vitest';
import type { WaiverRecord } from '../../../lib/core/waiver.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { type Call, run } from './in-process.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const EVENT = digestOf('event');
const record = (changes: Partial<WaiverRecord> = {}): WaiverRecord => ({
  id: ID,
  rule: 'explainability_report',
  scope: { model: digestOf('model'), dataset: null, endpoint: null, environment: 'production' },
  reason: 'the report is late',
  compensating_control: 'a person reviews',
  not_after: '2099-01-01T00:00:00.000Z',
  revision: 1,
  requester: { arn: 'arn:aws:sts::1:assumed-role/promoter/s', unique_id: 'AROAPROMOTER', at: NOW },
  ...changes,
});
const answer = (changes?: Partial<WaiverRecord>) => () => ({ body: { ...record(changes), event: EVENT } });

describe('countersign waiver', () => {
  it('request sends the scope, whatever is left out of it binding nothing', async () => {
    const asked = ['explainability_report', '--model', digestOf('model'), '--environment', 'production'];
    const texts = ['--reason', 'the report is late', '--compensating-control', 'a person reviews'];
    const args = ['waiver', 'request', ...asked, '--until', '2099-01-01T00:00:00Z', ...texts];
    const { stdout, calls } = await run(args, answer());
    const [call] = calls as readonly Call[];
    expect(call).toMatchObject({ method: 'POST', path: '/v1/waivers' });
    const { id: _id, revision: _revision, requester: _requester, ...wanted } = record();
    expect(call?.body).toEqual(wanted);
    expect(stdout).toContain('requested');
    expect(stdout).toContain(EVENT);
  });

  it.each([
    ['approve', [], {}],
    ['end', ['--reason', 'the report came'], { reason: 'the report came' }],
  ] as const)('%s names the waiver', async (step, options, body) => {
    const { calls } = await run(['waiver', step, ID, ...options], answer());
    expect(calls).toMatchObject([{ method: 'POST', path: `/v1/waivers/${ID}/${step}`, body }]);
  });

  it('list tells how each stands, and hides what a terminal would obey', async () => {
    const approver = { arn: 'arn:aws:sts::1:assumed-role/approver/s', unique_id: 'AROAAPPROVER', at: NOW };
    const waivers = [
      record({ rule: 'model_card\u001b[2J' }),
      record({ approver }),
      record({ approver, ended: { ...approver, reason: 'done' } }),
      record({ approver, not_after: NOW }),
    ];
    const { stdout } = await run(['waiver', 'list'], () => ({ body: { waivers } }));
    const states = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ +/)[1]);
    expect(states).toEqual(['requested', 'approved', 'ended', 'over']);
    expect(stdout).not.toContain('\u001b');
  });

  it('takes no time that is none', async () => {
    const texts = ['--reason', 'late', '--compensating-control', 'reviewed'];
    const running = run(['waiver', 'request', 'model_card', '--until', 'soon', ...texts], answer());
    await expect(running).rejects.toThrow('2026-03-31T00:00:00Z');
  });
});
