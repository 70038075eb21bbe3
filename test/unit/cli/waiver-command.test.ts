import { describe, expect, it } from 'vitest';
import type { WaiverRecord } from '../../../lib/core/waiver.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { type Call, run } from './in-process.ts';

const ID = digestOf('waiver');
const EVENT = digestOf('event');
const record = (changes: Partial<WaiverRecord> = {}): WaiverRecord => ({
  id: ID,
  rule: 'explainability_report',
  scope: { model: digestOf('model'), dataset: null, endpoint: null, environment: 'production' },
  reason: 'the report is late',
  compensating_control: 'a person reviews',
  not_after: '2099-01-01T00:00:00.000Z',
  revision: 1,
  requester: { arn: 'arn:aws:sts::1:assumed-role/promoter/s', unique_id: 'AROAPROMOTER', at: NOW, role: 'promoter' },
  ...changes,
});
const approver = {
  arn: 'arn:aws:sts::1:assumed-role/approver/s',
  unique_id: 'AROAAPPROVER',
  at: NOW,
  role: 'policy-approver',
} as const;
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

  it('show tells an approver what they would approve', async () => {
    const { stdout, calls } = await run(['waiver', 'show', ID], answer({ approver }));
    expect(calls).toMatchObject([{ method: 'GET', path: `/v1/waivers/${ID}` }]);
    for (const line of [
      'rule       explainability_report',
      `for        model ${digestOf('model')}, environment production`,
      'until      2099-01-01T00:00:00.000Z',
      'reason     the report is late',
      'instead    a person reviews',
      `requested  arn:aws:sts::1:assumed-role/promoter/s, promoter, at ${NOW}`,
      `approved   arn:aws:sts::1:assumed-role/approver/s, policy-approver, at ${NOW}`,
    ]) {
      expect(stdout.split('\n')).toContain(line);
    }
  });

  it('list tells how each stands and what it is for, and hides what a terminal would obey', async () => {
    const waivers = [
      record({ rule: 'model_card\u001b[2J' }),
      record({ approver }),
      record({ approver, ended: { ...approver, reason: 'done' } }),
      record({ approver, not_after: NOW }),
    ];
    const { stdout } = await run(['waiver', 'list'], () => ({ body: { waivers, next: null } }));
    const states = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ +/)[1]);
    expect(states).toEqual(['requested', 'approved', 'ended', 'over']);
    expect(stdout).toContain(`for model ${digestOf('model')}, environment production`);
    expect(stdout).not.toContain('\u001b');
  });

  it('list asks for page after page', async () => {
    const other = record({ id: digestOf('another') });
    const { stdout, calls } = await run(['waiver', 'list'], ({ path }) => ({
      body: path.includes('cursor=page-2') ? { waivers: [other], next: null } : { waivers: [record()], next: 'page-2' },
    }));
    expect(calls).toHaveLength(2);
    expect(stdout.match(/^[0-9a-f]{64}/gm)).toEqual([ID, other.id]);
  });

  it.each(['soon', '5', '2026-03-31T12:00:00'])('does not take %s for a time', async (until) => {
    const texts = ['--reason', 'late', '--compensating-control', 'reviewed'];
    const running = run(['waiver', 'request', 'model_card', '--until', until, ...texts], answer());
    await expect(running).rejects.toThrow('2027-02-21T12:34:56Z');
  });
});
