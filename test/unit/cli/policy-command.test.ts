import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packPolicyBundle } from '../../../lib/adapters/opa/pack.ts';
import type { Activation, PolicyRecord } from '../../../lib/core/policy.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { POLICY_FOLDER } from './decisions.ts';
import { type Call, type Reply, run } from './in-process.ts';

const EARLIER = '2026-01-01T00:00:00.000Z';
const FIRST = digestOf('the first policy');
const SECOND = digestOf('the second policy');

const person = (name: string, at = NOW) => ({ arn: `arn:aws:sts::1:assumed-role/${name}/s`, unique_id: name, at });
const record = (changes: Partial<PolicyRecord> = {}): PolicyRecord => ({
  sha256: SECOND,
  bundle_revision: 'r-2',
  entrypoint: 'countersign/gate/result',
  size: 1000,
  version_id: 'v1',
  change_request: 'CHG-1042',
  state: 'proposed',
  revision: 1,
  author: person('author'),
  ...changes,
});
const ACTIVE: Activation = {
  sha256: FIRST,
  previous: null,
  back_to: [],
  reason: null,
  at: EARLIER,
  revision: 1,
  follows: 0,
};

const conflict: Reply = { status: 409, body: { code: 'POLICY_STATE_CONFLICT', title: 'not ready for this step' } };

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-policy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('countersign policy list', () => {
  it('shows the newest first, and marks the one in force', async () => {
    const first = record({
      sha256: FIRST,
      state: 'approved',
      bundle_revision: 'r-1',
      author: person('author', EARLIER),
    });
    const { stdout } = await run(['policy', 'list'], () => ({
      body: {
        active: ACTIVE,
        beside: [],
        policies: [
          { ...first, standing: 'active' },
          { ...record(), standing: 'proposed' },
        ],
      },
    }));
    expect(stdout.trimEnd().split('\n')).toEqual([
      `  ${SECOND}  proposed     ${NOW}  arn:aws:sts::1:assumed-role/author/s  r-2`,
      `* ${FIRST}  active       ${EARLIER}  arn:aws:sts::1:assumed-role/author/s  r-1`,
    ]);
  });

  it('says how to begin where there is none', async () => {
    const { stdout } = await run(['policy', 'list'], () => ({ body: { active: null, beside: [], policies: [] } }));
    expect(stdout).toContain('countersign policy propose');
  });
});

describe('a policy beside the main one', () => {
  const slot = (name: string, mode: 'enforced' | 'shadow', until: string | null = null): Activation => ({
    ...ACTIVE,
    sha256: SECOND,
    slot: { name, mode, until },
  });
  const answering = (beside: readonly Activation[]) => (call: Call) => {
    const body =
      call.method === 'GET' ? { active: ACTIVE, beside, policies: [{ ...record(), standing: 'tested' }] } : beside[0];
    return { body: body ?? {} };
  };

  it('is marked in the list, as one that decides or as a shadow', async () => {
    const { stdout } = await run(['policy', 'list'], answering([slot('freeze', 'enforced')]));
    expect(stdout).toMatch(new RegExp(`^\\* ${SECOND} .* in the slot freeze$`, 'm'));
    const shadow = await run(['policy', 'list'], answering([slot('candidate', 'shadow', NOW)]));
    expect(shadow.stdout).toMatch(new RegExp(`^~ ${SECOND} .* in the slot candidate$`, 'm'));
  });

  it('is activated in the slot that was named', async () => {
    const args = ['policy', 'activate', SECOND, '--slot', 'freeze'];
    const { calls, stdout } = await run(args, answering([slot('freeze', 'enforced')]));
    expect(calls).toMatchObject([{ path: `/v1/policies/${SECOND}/activate`, body: { slot: 'freeze' } }]);
    expect(stdout).toContain('slot        freeze');
  });

  it('is a shadow until the days are over', async () => {
    const args = ['policy', 'shadow', SECOND, '--days', '14'];
    const { calls, stdout } = await run(args, answering([slot('candidate', 'shadow', NOW)]));
    const [{ body } = { body: undefined }] = calls;
    const { slot: name, until } = Object(body);
    expect([name, calls[0]?.path]).toEqual(['candidate', `/v1/policies/${SECOND}/shadow`]);
    expect((Date.parse(until) - Date.now()) / 86_400_000).toBeCloseTo(14, 2);
    expect(stdout).toContain(`shadow      ${SECOND}`);
  });

  it.each(['0', '91', 'soon'])('is no shadow for %s days', async (days) => {
    await expect(run(['policy', 'shadow', SECOND, '--days', days], answering([]))).rejects.toThrow(/at most 90/);
  });

  it.each([
    ['enforced', '/v1/policies/withdraw', { slot: 'freeze', from: SECOND, reason: 'it is over' }],
    ['shadow', `/v1/policies/${SECOND}/shadow/end`, { slot: 'freeze', reason: 'it is over' }],
  ] as const)('is withdrawn by the way of what is %s', async (mode, path, body) => {
    const args = ['policy', 'withdraw', '--slot', 'freeze', '--reason', 'it is over'];
    const { calls } = await run(args, answering([slot('freeze', mode, mode === 'shadow' ? NOW : null)]));
    expect(calls.at(-1)).toEqual({ method: 'POST', path, body });
  });

  it('is not withdrawn from a slot where none stands', async () => {
    const args = ['policy', 'withdraw', '--slot', 'freeze', '--reason', 'it is over'];
    await expect(run(args, answering([]))).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('is told of whole, however many answers that takes', async () => {
    const counts = { gates: 2, same: 1, would_fail: 1, would_pass: 0, broke: 0, late: 0, rules: { way_back: 1 } };
    const difference = {
      difference: 'would_fail',
      decision: digestOf('decision'),
      slot: 'candidate',
      model: digestOf('model'),
      environment: 'production',
      decided_at: NOW,
      main: 'PASSED',
      said: 'FAILED',
      code: null,
      rules: ['way_back'],
    };
    const { stdout, calls } = await run(['policy', 'shadow-report', SECOND], ({ path }) => ({
      body: { since: NOW, counts, differences: [difference], next: path.includes('cursor') ? null : 'bmV4dA' },
    }));
    expect(calls.map(({ path }) => path)).toEqual([
      `/v1/policies/${SECOND}/shadow`,
      `/v1/policies/${SECOND}/shadow?cursor=bmV4dA`,
    ]);
    const line = `would fail  ${NOW}  production  ${digestOf('model')}  ${digestOf('decision')}  way_back`;
    expect(stdout.trimEnd().split('\n')).toEqual([
      line,
      line,
      '',
      `since       ${NOW}`,
      'gates       4',
      'same        2',
      'would fail  2',
      'would pass  0',
      'broke       0',
      'not loaded  0',
      'by rule     way_back 2',
    ]);
  });
});

describe('countersign policy history', () => {
  it('tells what was in force when, where, by whom and why', async () => {
    const recorded = { ...ACTIVE, by: 'arn:aws:sts::1:assumed-role/approver/s', event: digestOf('event') };
    const back = { ...recorded, previous: SECOND, reason: 'too strict', at: NOW, revision: 3, follows: 2 };
    const slot = { name: 'freeze', mode: 'withdrawn', until: null };
    const activations = [{ ...back, sha256: SECOND, previous: SECOND, slot }, back, recorded];
    const { stdout, calls } = await run(['policy', 'history'], () => ({ body: { activations } }));
    expect(calls).toMatchObject([{ method: 'GET', path: '/v1/policies/activations' }]);
    const by = 'arn:aws:sts::1:assumed-role/approver/s';
    expect(stdout.trimEnd().split('\n')).toEqual([
      `${NOW}  withdrawn    ${SECOND}  freeze  ${by}: too strict`,
      `${NOW}  rolled back  ${FIRST}  main  ${by}  in place of ${SECOND.slice(0, 12)}: too strict`,
      `${EARLIER}  activated    ${FIRST}  main  ${by}`,
    ]);
  });
});

describe('countersign policy show', () => {
  it('tells who did what, and writes the bundle', async () => {
    const file = join(folder, 'policy.tar.gz');
    const policy = record({ state: 'approved', approver: person('approver') });
    const { stdout } = await run(['policy', 'show', SECOND, '--bundle', file], ({ path }) =>
      path.endsWith('/bundle') ? { body: Buffer.from('a bundle') } : { body: policy },
    );
    expect(stdout).toContain('state           approved');
    expect(stdout).toContain(`approved        arn:aws:sts::1:assumed-role/approver/s at ${NOW}`);
    expect(readFileSync(file, 'utf8')).toBe('a bundle');
  });
});

describe('countersign policy propose', () => {
  const propose = (file: string) =>
    run(['policy', 'propose', file, '--change-request', 'CHG-1042'], () => ({ status: 201, body: record() }));

  it.each(['a file', 'a folder'])('sends the bundle that it was given as %s, with what asked for it', async (form) => {
    const bytes = await packPolicyBundle(POLICY_FOLDER);
    writeFileSync(join(folder, 'good.tar.gz'), bytes);
    const { calls, exitCode } = await propose(form === 'a file' ? join(folder, 'good.tar.gz') : POLICY_FOLDER);
    const bundle = bytes.toString('base64');
    expect(calls).toEqual([{ method: 'POST', path: '/v1/policies', body: { bundle, change_request: 'CHG-1042' } }]);
    expect(exitCode).toBe(0);
  });

  it.each([
    ['is no policy bundle', () => Buffer.from('PK')],
    ['is larger than the API takes', () => Buffer.alloc(800 * 1024)],
  ])('sends nothing that %s', async (_, bytes) => {
    const file = join(folder, 'bad.tar.gz');
    writeFileSync(file, bytes());
    await expect(propose(file)).rejects.toMatchObject({ name: 'UsageError', exitCode: 2 });
  });
});

describe('a step of a policy', () => {
  const evidence = digestOf('test result');
  const self: Reply = { body: { caller: { unique_id: 'approver' } } };
  const steps = [
    ['test', ['--evidence', evidence], { tested: { evidence, by: 'ci', at: NOW, coverage: 100 } }],
    ['approve', [], { approver: person('approver') }],
  ] as const;

  it.each(steps)('%s is taken once, also when its first answer was lost', async (step, more, done) => {
    const { stdout } = await run(['policy', step, SECOND, ...more], ({ method, path }) => {
      if (path === '/v1/status') return self;
      return method === 'POST' ? conflict : { body: record({ state: 'approved', ...done }) };
    });
    expect(stdout).toContain(SECOND);
  });

  it.each(steps)('%s is refused when somebody else took it in another way', async (step, more) => {
    const others = {
      tested: { evidence: digestOf('other'), by: 'ci', at: NOW, coverage: 100 },
      approver: person('another'),
    };
    const running = run(['policy', step, SECOND, ...more], ({ method, path }) => {
      if (path === '/v1/status') return self;
      return method === 'POST' ? conflict : { body: record({ state: 'approved', ...others }) };
    });
    await expect(running).rejects.toMatchObject({ exitCode: 1, problem: { code: 'POLICY_STATE_CONFLICT' } });
  });

  it('activate tells what is in force now, and what was before', async () => {
    const activation = {
      ...ACTIVE,
      sha256: SECOND,
      previous: FIRST,
      back_to: [],
      revision: 2,
      follows: 1,
      event: digestOf('event'),
    };
    const { stdout, calls } = await run(['policy', 'activate', SECOND], () => ({ body: activation }));
    expect(calls).toMatchObject([{ method: 'POST', path: `/v1/policies/${SECOND}/activate` }]);
    expect(stdout).toContain(`in force    ${SECOND}\nbefore      ${FIRST}`);
  });

  it('rollback names the policy that it leaves, so that it is not undone when it is sent again', async () => {
    const back: Activation = {
      sha256: FIRST,
      previous: SECOND,
      back_to: [],
      reason: 'too strict',
      at: NOW,
      revision: 3,
      follows: 2,
    };
    const answer = ({ method }: Call): Reply =>
      method === 'GET' ? { body: { active: { ...ACTIVE, sha256: SECOND }, beside: [], policies: [] } } : { body: back };
    const { stdout, calls } = await run(['policy', 'rollback', '--reason', 'too strict'], answer);
    expect(calls.at(-1)?.body).toEqual({ reason: 'too strict', from: SECOND });
    expect(stdout).toContain('reason      too strict');
  });

  it('rollback leaves what a rollback put in force only when it is named', async () => {
    const posted: Call[] = [];
    const answer = (call: Call): Reply => {
      if (call.method === 'POST') posted.push(call);
      const active = { ...ACTIVE, previous: SECOND, reason: 'too strict', revision: 2, follows: 1 };
      return { body: call.method === 'GET' ? { active, beside: [], policies: [] } : active };
    };
    const rollback = ['policy', 'rollback', '--reason', 'too strict'];
    await expect(run(rollback, answer)).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining(FIRST) });
    expect(posted).toEqual([]);
    await run([...rollback, '--from', FIRST], answer);
    expect(posted).toMatchObject([{ body: { reason: 'too strict', from: FIRST } }]);
  });
});
