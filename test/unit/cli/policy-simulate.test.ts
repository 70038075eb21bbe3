import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RuleChange } from '../../../lib/core/gate/what-if.ts';
import { ReportBuilder, type SimulationReport } from '../../../lib/core/gate/what-if-report.ts';
import type { JsonObject } from '../../../lib/core/json.ts';
import { printable } from '../../../lib/core/printable.ts';
import { DAY } from '../../support/clock.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { type Reply, run } from './in-process.ts';

const POLICY = digestOf('candidate');
const ID = digestOf('question');
const FROM = '2026-01-01T00:00:00.000Z';
const ASKED = `/v1/policies/${POLICY}/simulations`;
const STANDING = `/v1/simulations/${ID}`;
const QUESTION = ['--from', FROM, '--to', NOW];
const HOSTILE = 'no\u001b[2J reason';

const running = (done: number, changes: JsonObject = {}): Reply => ({
  status: 202,
  body: {
    id: ID,
    policy: POLICY,
    slot: 'main',
    from: FROM,
    to: NOW,
    environment: null,
    state: 'running',
    counts: null,
    failure: null,
    report: null,
    requested_at: NOW,
    updated_at: NOW,
    progress: { done, chunks: 2 },
    ...changes,
  },
});
const finished = running(2, { state: 'finished', report: { sha256: digestOf('report'), path: `${STANDING}/report` } });
const failed = running(1, { state: 'failed', failure: { code: 'POLICY_TIMED_OUT', detail: HOSTILE } });

/** The API answers the first look at how it stands with the first of these, and so on; the last one stays. */
function api(looks: readonly Reply[], report: object = {}) {
  const left = [...looks];
  return ({ method, path }: { readonly method: string; readonly path: string }): Reply => {
    if (method === 'POST') return running(0);
    if (path === `${STANDING}/report`) return { body: report };
    return (left.length > 1 ? left.shift() : left[0]) ?? { status: 404, body: {} };
  };
}

const simulate = (answer: Parameters<typeof run>[1], ...options: readonly string[]) =>
  run(['policy', 'simulate', POLICY, ...options], answer);

/** @param flips - decisions that would fail by the rule, of two more than these */
function reportOf(
  flips: number,
  rule = 'manifest_complete',
  form: NonNullable<SimulationReport['form']> = 'verdicts',
): SimulationReport {
  const report = new ReportBuilder();
  const about = { model: digestOf('model'), environment: 'production', decided_at: NOW, form } as const;
  const whose = { model_name: 'iris\u001b[2J', producer: 'training-pipeline', requester: null, warnings: [] };
  for (let count = 0; count < flips; count++) {
    const rules: RuleChange[] = [
      { rule, before: 'pass', after: 'fail', reasons: [{ code: 'seed_missing', params: {} }] },
    ];
    report.add({ ...about, ...whose, decision: digestOf(`decision ${count}`), result: 'would_fail', rules });
  }
  const warned = [{ rule: 'way_back', effective_on: '2027-01-01T00:00:00Z' }];
  report.add({ ...about, decision: digestOf('same'), result: 'same', rules: [], warnings: warned });
  report.add({ decision: digestOf('lost'), result: 'unjudged', code: 'INTEGRITY_FAILURE' });
  const range = { slot: 'main', from: FROM, to: NOW, complete_until: FROM, environment: null };
  const asked = { simulation: ID, ...range, skipped: 7, results: [] };
  return report.build(asked, { sha256: POLICY, revision: 'r2', entrypoint: 'countersign/gate/result' });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('countersign policy simulate', () => {
  it('waits for the report, and tells which decisions flip, for which rule and whose models', async () => {
    const { stdout, calls, exitCode } = await simulate(api([running(1), finished], reportOf(1)), ...QUESTION);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST ${ASKED}`,
      `GET ${STANDING}`,
      `GET ${STANDING}`,
      `GET ${STANDING}/report`,
    ]);
    expect(calls[0]?.body).toEqual({ from: FROM, to: NOW });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`would fail  ${NOW}  production  model ${digestOf('model')}`);
    expect(stdout).toContain(digestOf('decision 0'));
    expect(stdout).toContain(`  named ${printable('iris\u001b[2J')}, trained by training-pipeline, asked by unknown\n`);
    expect(stdout).toContain('  manifest_complete: pass -> fail');
    const told = stdout.trimEnd().split('\n');
    expect(told.slice(told.indexOf('') + 1)).toEqual([
      'decisions   3',
      'same        1',
      'would fail  1',
      'would pass  0',
      'not judged  1 INTEGRITY_FAILURE',
      'by rule     manifest_complete 1',
      `range       ${FROM} to ${NOW}, all environments`,
      `complete    until ${FROM}`,
      'skipped     7 gates',
      `simulation  ${ID}`,
      'warning: from 2027-01-01T00:00:00Z way_back will fail 1 of them',
    ]);
  });

  it('says that denials were taken beside the main policy', async () => {
    const { stdout } = await simulate(api([finished], reportOf(1, 'acme.deny', 'denials')), ...QUESTION);
    expect(stdout).toMatch(/^taken +beside the main policy: it gives denials$/m);
  });

  it('shows fifty flips, and how many more there are', async () => {
    const { stdout } = await simulate(api([finished], reportOf(53)), ...QUESTION);
    expect(stdout.match(/^would fail {2}\d{4}-/gm)).toHaveLength(50);
    expect(stdout).toMatch(/^and 3 more$/m);
  });

  it('lets no text of a policy command the terminal', async () => {
    const { stdout } = await simulate(api([finished], reportOf(1, HOSTILE)), ...QUESTION);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain(`  ${printable(HOSTILE)}: pass -> fail`);
  });

  it('asks for 30 days up to a minute ago, and says both ends, so that a repeated request is the same question', async () => {
    let tries = 0;
    const { calls } = await simulate((call) =>
      call.method === 'POST' && tries++ === 0 ? { status: 503, body: {} } : api([finished], reportOf(0))(call),
    );
    const [first, second] = calls.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(second).toEqual(first);
    const { from, to } = Object(first);
    expect(Date.parse(to) - Date.parse(from)).toBe(30 * DAY);
    expect(Date.parse(to)).toBeLessThanOrEqual(Date.now() - 60_000);
  });

  it('tells of a simulation that is no step towards approval', async () => {
    const { stdout } = await simulate(api([finished], { ...reportOf(0), environment: 'staging' }), ...QUESTION);
    expect(stdout).toMatch(/^step +none towards approval$/m);
  });

  it('looks back from the end that was named', async () => {
    const answer = api([finished], reportOf(0));
    const { calls } = await simulate(answer, '--to', '2026-01-31', '--environment', 'staging');
    expect(calls[0]?.body).toEqual({ from: FROM, to: '2026-01-31T00:00:00.000Z', environment: 'staging' });
  });

  it('ends with 1 when the simulation failed, says why, and how it goes on', async () => {
    await expect(simulate(api([running(1), failed]), ...QUESTION)).rejects.toMatchObject({
      exitCode: 1,
      message: `the simulation failed: ${printable(HOSTILE)} (POLICY_TIMED_OUT)`,
      hint: `it goes on with: countersign policy simulate ${POLICY} --from ${FROM} --to ${NOW}`,
    });
  });

  it('ends with 3 when nothing moves for half an hour', async () => {
    let later = 0;
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + later);
    const looks = api([running(1), running(1)]);
    const stalling = simulate(
      (call) => {
        if (call.method === 'GET') later += 16 * 60_000;
        return looks(call);
      },
      ...QUESTION,
    );
    await expect(stalling).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining(`countersign policy simulate ${POLICY}`),
    });
  });

  it('with --no-wait only starts it, and tells how it stands', async () => {
    const { stdout, calls } = await simulate(() => running(1), ...QUESTION, '--no-wait');
    expect(calls).toMatchObject([{ method: 'POST', path: ASKED }]);
    expect(stdout.trimEnd().split('\n')).toEqual([
      `simulation  ${ID}`,
      'state       running',
      `range       ${FROM} to ${NOW}, all environments`,
      'done        1 of 2 chunks',
    ]);
  });

  it('with --no-wait tells of a failure, and of a report', async () => {
    expect((await simulate(() => failed, ...QUESTION, '--no-wait')).stdout).toMatch(
      /^failure .*\(POLICY_TIMED_OUT\)$/m,
    );
    const { stdout } = await simulate(() => finished, ...QUESTION, '--no-wait');
    expect(stdout).toMatch(new RegExp(`^report +${digestOf('report')}$`, 'm'));
  });
});

describe('countersign policy simulations', () => {
  const list = (...simulations: readonly Reply[]) =>
    run(['policy', 'simulations', POLICY], () => ({ body: { simulations: simulations.map(({ body }) => body) } }));

  it('tells how each stands, what it came to, and why one failed', async () => {
    const { counts } = reportOf(1);
    const done = running(2, { state: 'finished', counts, environment: 'staging' });
    const { stdout, calls } = await list(done, failed, running(0));
    expect(calls).toMatchObject([{ method: 'GET', path: ASKED }]);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.trimEnd().split('\n')).toEqual([
      `${NOW}  finished  ${FROM} to ${NOW}, staging  ${ID}`,
      '  3 decisions, 1 would fail, 0 would pass, 1 could not be judged',
      `${NOW}  failed    ${FROM} to ${NOW}, all environments  ${ID}`,
      `  ${printable(HOSTILE)} (POLICY_TIMED_OUT)`,
      `${NOW}  running   ${FROM} to ${NOW}, all environments  ${ID}`,
    ]);
  });

  it('says how to begin where there is none', async () => {
    expect((await list()).stdout).toContain('countersign policy simulate');
  });
});
