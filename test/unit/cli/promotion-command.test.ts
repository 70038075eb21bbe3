import { describe, expect, it } from 'vitest';
import type { Promotion } from '../../../lib/core/promotion.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { type Call, run } from './in-process.ts';

const ID = digestOf('promotion');
const requester = { arn: 'arn:aws:sts::1:assumed-role/promoter/s', unique_id: 'AROA1', at: NOW, principal: 'promoter' };
const promotion = (changes: Partial<Promotion> = {}): Promotion => ({
  id: ID,
  kind: 'promotion',
  model: digestOf('model'),
  image: `registry.example/serving@sha256:${digestOf('image')}`,
  endpoint: 'credit',
  environment: 'production',
  request: 'build-1',
  reason: 'retrained',
  on_busy: 'wait',
  instance_type: 'ml.m5.large',
  instance_count: 2,
  canary_percent: 10,
  bake_seconds: 300,
  alarms: [],
  requested_at: NOW,
  requester,
  confirmed_by: null,
  state: 'requested',
  round: 0,
  roles: [],
  request_decision: null,
  release_decision: null,
  changes: [],
  deployment: null,
  abort: null,
  release: null,
  failure: null,
  incident: null,
  ended_at: null,
  settled: false,
  updated_at: NOW,
  events: 1,
  revision: 1,
  ...changes,
});
const answer = (changes?: Partial<Promotion> & Record<string, unknown>) => () => ({
  body: { ...promotion(changes), ...changes },
});
const asked = [
  ...['promote', '--model', digestOf('model'), '--image', promotion().image, '--endpoint', 'credit'],
  ...['--environment', 'production', '--request', 'build-1', '--reason', 'retrained'],
];

describe('countersign promote', () => {
  it('sends what was said, and leaves the rest to the API', async () => {
    const { stdout, calls } = await run(asked, answer());
    const { model, image, endpoint, environment, request, reason } = promotion();
    const body = { model, image, endpoint, environment, request, reason };
    expect(calls).toMatchObject([{ method: 'POST', path: '/v1/promotions' }]);
    expect((calls as readonly Call[])[0]?.body).toEqual(body);
    expect(stdout).toContain(ID);
  });

  it('sends how it is to be served, each alarm, and what it does while the endpoint is busy', async () => {
    const how = [
      '--instance-type',
      'ml.c5.xlarge',
      '--instances',
      '3',
      '--canary-percent',
      '20',
      '--bake-seconds',
      '60',
    ];
    const { calls } = await run([...asked, ...how, '--alarm', 'errors', '--alarm', 'latency', '--supersede'], answer());
    expect(calls).toMatchObject([
      {
        body: {
          on_busy: 'supersede',
          instance_type: 'ml.c5.xlarge',
          instance_count: 3,
          canary_percent: 20,
          bake_seconds: 60,
          alarms: ['errors', 'latency'],
        },
      },
    ]);
  });

  it('past the gate asks elsewhere', async () => {
    const { calls } = await run([...asked, '--break-glass'], answer({ kind: 'break_glass' }));
    expect(calls).toMatchObject([{ method: 'POST', path: '/v1/promotions/break-glass' }]);
  });

  it.each([
    ['promote', asked, 'POST', 'released', 0],
    ['promote', asked, 'POST', 'rejected', 1],
    ['promotion show', ['promotion', 'show', ID], 'GET', 'released', 0],
    ['promotion show', ['promotion', 'show', ID], 'GET', 'rejected', 1],
  ] as const)('%s --wait waits until it is over', async (_name, command, method, state, exitCode) => {
    let answers = 0;
    const ended = await run([...command, '--wait'], () => ({
      body: promotion({ state: answers++ < 1 ? 'requested' : state }),
    }));
    expect(ended).toMatchObject({ exitCode });
    expect(ended.calls).toMatchObject([{ method }, { method: 'GET', path: `/v1/promotions/${ID}` }]);
    expect(ended.stdout).toContain(`state      ${state}`);
  });
});

describe('countersign promotion', () => {
  it.each([
    ['cancel', ['--reason', 'too early'], { reason: 'too early' }],
    ['confirm', ['--reason', 'all is down'], { reason: 'all is down' }],
  ] as const)('%s names the promotion', async (step, options, body) => {
    const { calls } = await run(['promotion', step, ID, ...options], answer());
    expect(calls).toMatchObject([{ method: 'POST', path: `/v1/promotions/${ID}/${step}`, body }]);
  });

  it('show tells who is asked, what changed, and why it ended, and no text controls the terminal', async () => {
    const asks = [
      {
        role: 'model-owner',
        round: 2,
        state: 'asked',
        people: [{ person: 'p-1', deputy_for: [] }],
        until: '2099-01-01T00:00:00.000Z',
        mail_down_since: NOW,
        decided: null,
      },
      { role: 'earlier', round: 1, state: 'closed', people: [], until: NOW, decided: null },
    ];
    const changes = [{ code: 'policy_changed' as const, about: digestOf('policy') }];
    const failure = { code: 'GATE_CLOSED', detail: 'by\u001b[2J one rule' };
    const { stdout } = await run(
      ['promotion', 'show', ID],
      answer({ state: 'refused', round: 2, changes, failure, asks, reason: 're\u001b[31mtrained' }),
    );
    expect(stdout).toContain('refused, round 2');
    expect(stdout).toMatch(/model-owner +asked of p-1/);
    expect(stdout).toContain(`not all mailed: SES takes no mail since ${NOW}`);
    expect(stdout).not.toContain('earlier');
    expect(stdout).toContain(`policy changed: ${digestOf('policy')}`);
    expect(stdout).toContain('GATE_CLOSED: by');
    expect(stdout).not.toContain('\u001b');
  });

  it('show tells how whoever approved proved who they are, and the weaker way as the weaker', async () => {
    const asked = { round: 1, state: 'approved', people: [], until: NOW };
    const decided = { evidence: digestOf('approval'), person: 'p-1', at: NOW };
    const asks = [
      { ...asked, role: 'model-owner', decided: { ...decided, method: 'code' } },
      { ...asked, role: 'privacy-officer', decided: { ...decided, method: 'oidc' } },
    ];
    const { stdout } = await run(['promotion', 'show', ID], answer({ round: 1, asks }));
    expect(stdout).toMatch(/model-owner +approved by p-1 at .*, by a code \(the weaker way\)/);
    expect(stdout).toMatch(/privacy-officer +approved by p-1 at .*, signed in/);
  });

  it.each([
    ['promotion list', { promotions: [] }],
    ['releases credit', { releases: [], next: null }],
  ])('%s says so where there is none, and to a program in its document only', async (command, body) => {
    const words = command.split(' ');
    expect(await run(words, () => ({ body }))).toMatchObject({ stdout: '', stderr: 'countersign: there is none\n' });
    const { stdout, stderr } = await run([...words, '--json'], () => ({ body }));
    expect([Object.values(JSON.parse(stdout)), stderr]).toEqual([[[]], '']);
  });

  it('list shows those of an endpoint', async () => {
    const { stdout, calls } = await run(['promotion', 'list', '--endpoint', 'credit'], () => ({
      body: { promotions: [promotion({ state: 'awaiting_approval' })] },
    }));
    expect(calls).toMatchObject([{ method: 'GET', path: '/v1/promotions?endpoint=credit' }]);
    expect(stdout).toContain('awaiting approval');
  });
});

it('countersign rollback names the endpoint and says why', async () => {
  for (const from of [undefined, 'a'.repeat(64)]) {
    const args = ['rollback', 'credit', '--reason', 'wrong answers', ...(from ? ['--from', from] : [])];
    const { calls } = await run(args, answer({ kind: 'rollback' }));
    const body = { reason: 'wrong answers', ...(from ? { from } : {}) };
    expect(calls).toMatchObject([{ method: 'POST', path: '/v1/releases/credit/rollback', body }]);
  }
});
