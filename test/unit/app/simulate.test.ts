import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { activatePolicy, rollBackPolicy } from '../../../lib/app/activate-policy.ts';
import { type Asked, evaluateGate, type GateDeps } from '../../../lib/app/gate/evaluate.ts';
import type { LoadedPolicy } from '../../../lib/app/gate/ports.ts';
import { recordSkip } from '../../../lib/app/gate/skip.ts';
import { approvePolicy, changePolicy, proposePolicy } from '../../../lib/app/manage-policies.ts';
import { candidates } from '../../../lib/app/simulate/candidate.ts';
import { runTask, type TaskDeps } from '../../../lib/app/simulate/run-task.ts';
import { startSimulation } from '../../../lib/app/simulate/start.ts';
import type { Environment } from '../../../lib/contracts/predicates.ts';
import type { SimulationTask } from '../../../lib/contracts/simulation.ts';
import { simulationWork } from '../../../lib/contracts/simulation.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import type { Verdict } from '../../../lib/core/gate/input.ts';
import type { SimulationReport } from '../../../lib/core/gate/what-if-report.ts';
import type { Json } from '../../../lib/core/json.ts';
import { CONTROL_PLANE, lookup, objectKey } from '../../../lib/core/layout.ts';
import type { PolicyState } from '../../../lib/core/policy.ts';
import { MAIN } from '../../../lib/core/slots.ts';
import { DAY } from '../../support/clock.ts';
import { type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { asked, NO_FACTS } from '../../support/gates.ts';
import type { TestKey } from '../../support/keys.ts';
import { aManifest, digestOf, PIPELINE, signedBundle } from '../../support/manifests.ts';
import { MemoryExecutions, MemorySimulations, MemoryWork } from '../../support/memory/simulations.ts';
import { Crash, type Step } from '../../support/memory/steps.ts';
import { APPROVER, policyLife } from '../../support/policies.ts';
import { refusal } from '../../support/refusals.ts';

const AUTHOR = caller('policy-author');
const ENTRYPOINT = 'countersign/gate/result';

let plane: ControlPlane & { readonly key: TestKey };
let simulations: MemorySimulations;
let work: MemoryWork;
let executions: MemoryExecutions;
let tasks: TaskDeps;
let policy: string;
/** What the candidate says of a model, and how often it was asked. */
let candidateSays: (model: string) => Json;
let timesAsked: number;
/** The places that it was loaded for. */
let loadedFor: string[];
beforeEach(async () => {
  plane = await controlPlane();
  simulations = new MemorySimulations(plane.steps);
  work = new MemoryWork(plane.steps);
  executions = new MemoryExecutions(plane.steps);
  candidateSays = () => answer('pass');
  timesAsked = 0;
  loadedFor = [];
  const load = async (bytes: Buffer, slot: string): Promise<LoadedPolicy> => {
    loadedFor.push(slot);
    return {
      sha256: sha256Hex(bytes),
      revision: 'r2',
      entrypoint: ENTRYPOINT,
      evaluate: async (input) => {
        timesAsked++;
        return candidateSays(JSON.parse(Buffer.from(input).toString('utf8')).model.sha256);
      },
    };
  };
  tasks = {
    ...plane.submitDeps,
    simulations,
    work,
    ledger: plane.ledger,
    candidate: candidates({ store: plane.bucket, load }),
  };
  policy = await policyIn('tested');
});
// A process that was to die and did not proves nothing.
afterEach(() => {
  expect(plane.steps.unmet).toEqual([]);
});

const answer = (verdict: Verdict, rule = 'signed'): Json => ({
  verdicts: [
    { rule, verdict, severity: 'high', controls: [], effective_on: '2026-01-01T00:00:00Z', reasons: [], waiver: null },
  ],
  warnings: [],
});

async function policyIn(state: PolicyState, text = 'candidate'): Promise<string> {
  const request = { bundle: Buffer.from(text).toString('base64'), change_request: 'CHG-1' };
  const inspectPolicy = async () => ({ sha256: sha256Hex(text), revision: 'r2', entrypoint: ENTRYPOINT });
  const deps = { ...plane.submitDeps, inspectPolicy };
  const { value } = await proposePolicy(deps, request, AUTHOR);
  if (state !== 'proposed') await changePolicy(deps, 'policy-tested', { ...value, state, revision: 2 }, AUTHOR);
  return value.sha256;
}

const askedOf = (model: string, environment: Environment, at?: Date): Asked =>
  asked(digestOf(model), { environment, at });

function gate(says: Verdict, freezeSays?: Verdict): GateDeps {
  const main = { sha256: digestOf('r1'), revision: 'r1', entrypoint: ENTRYPOINT, evaluate: async () => answer(says) };
  return {
    ...plane.submitDeps,
    ledger: plane.ledger,
    facts: NO_FACTS,
    policies: { inForce: async () => ({ main, enforced: freezeSays ? [freeze(freezeSays)] : [], shadows: [] }) },
  };
}

const freeze = (says: Verdict) => ({
  slot: 'freeze',
  policy: {
    sha256: digestOf('freeze'),
    revision: 'f1',
    entrypoint: ENTRYPOINT,
    evaluate: async () => answer(says, 'thawed'),
  },
});

/** A gate that says so decides of a model. @returns digest of the decision */
async function decided(
  model: string,
  says: Verdict,
  environment: Environment = 'production',
  at?: Date,
): Promise<string> {
  const { evidence } = await evaluateGate(gate(says), askedOf(model, environment, at), caller(PIPELINE));
  plane.clock.advance(1000);
  return evidence;
}

/** A gate that lets a model through unchecked. */
async function skipped(model: string, environment: Environment): Promise<void> {
  const runs = { rate: 0.5, runIds: ['run'], manifests: [digestOf('manifest')] };
  await recordSkip(gate('pass'), askedOf(model, environment), runs, caller(PIPELINE));
  plane.clock.advance(1000);
}

async function trained(model: string): Promise<void> {
  const manifest = aManifest({
    run_id: `run-${model}`,
    timestamp: plane.clock.now().toISOString(),
    model: { id: model, sha256: digestOf(model) },
  });
  await plane.submit(signedBundle(manifest, plane.key));
  plane.clock.advance(1000);
}

/** Two models; `iris` passed twice and failed once, `other` passed in staging. */
async function history(): Promise<string[]> {
  await trained('iris');
  await trained('other');
  return [
    await decided('iris', 'pass'),
    await decided('iris', 'fail'),
    await decided('other', 'pass', 'staging'),
    await decided('iris', 'pass'),
  ];
}

const daysAgo = (days: number) => new Date(plane.clock.now().getTime() - days * DAY).toISOString();
const start = (
  request: { from?: string; to?: string; environment?: Environment; slot?: string } = {},
  sha256 = policy,
) =>
  startSimulation(
    { registry: plane.registry, simulations, executions, clock: plane.clock.now },
    sha256,
    { from: daysAgo(30), slot: MAIN, ...request },
    AUTHOR,
  );
const run = (task: SimulationTask) => runTask(tasks, task);

/** What the state machine does, retries included. */
async function machine(simulation: string): Promise<void> {
  const { attempt = 0 } = (await simulations.find(simulation))?.simulation ?? {};
  const execution = { simulation, attempt };
  const retried = async (task: SimulationTask): Promise<object> => {
    for (let retries = 0; ; retries++) {
      try {
        return await run(task);
      } catch (error) {
        const isTransient =
          error instanceof Crash || (error instanceof DomainError && error.retryAfterMs !== undefined);
        if (!isTransient || retries > 2) throw error;
      }
    }
  };
  let listed: { cursor?: string | null; chunks?: number } = {};
  do listed = await retried({ task: 'list', ...execution, cursor: listed.cursor ?? null });
  while (listed.cursor !== null);
  for (let chunk = 0; chunk < (listed.chunks ?? 0); chunk++) await retried({ task: 'evaluate', ...execution, chunk });
  await retried({ task: 'report', ...execution });
}

async function reportOf(id: string): Promise<SimulationReport> {
  const sha256 = (await simulations.find(id))?.simulation.report ?? '';
  const bytes = plane.bucket.objects.get(objectKey.simulationReport(sha256))?.bytes ?? Buffer.alloc(0);
  expect(sha256Hex(bytes)).toBe(sha256);
  return JSON.parse(bytes.toString('utf8'));
}

async function simulated(request: Parameters<typeof start>[0] = {}): Promise<SimulationReport> {
  const { id } = (await start(request)).simulation;
  await machine(id);
  return await reportOf(id);
}

describe('a simulation', () => {
  it('says which decisions flip, for which rule and whose models, and is a step of the policy', async () => {
    const [first, , , last] = await history();
    candidateSays = (model) => answer(model === digestOf('iris') ? 'fail' : 'pass');
    const report = await simulated();
    expect(report.counts).toEqual({ decisions: 4, same: 2, differ: 0, would_fail: 2, would_pass: 0, unjudged: 0 });
    expect(report.flips.map(({ decision }) => decision)).toEqual([last, first]);
    expect(report.flips[0]).toMatchObject({ model: digestOf('iris'), environment: 'production', result: 'would_fail' });
    expect(report.flips[0]).toMatchObject({ requester: PIPELINE, model_name: 'iris', producer: PIPELINE });
    expect(report.form).toBe('verdicts');
    expect(report.models).toEqual([{ sha256: digestOf('iris'), would_fail: 2, would_pass: 0 }]);
    const record = await plane.registry.policy(policy);
    expect(record).toMatchObject({
      state: 'simulated',
      simulated: { form: 'verdicts', report: sha256Hex(Buffer.from(JSON.stringify(report))) },
    });
    const event = plane.bucket.objects.get(objectKey.event(`policy/${policy}`, 3))?.bytes.toString() ?? '';
    const payload = Buffer.from(JSON.parse(event).dsseEnvelope.payload, 'base64').toString();
    expect(JSON.parse(payload).predicate).toMatchObject({ action: 'policy-simulated', policy: record });
  });

  it('takes denials beside the policies that decided, where they can only close', async () => {
    const [first] = await history();
    candidateSays = () => [];
    const silent = await simulated({ from: daysAgo(31) });
    expect(silent).toMatchObject({ form: 'denials', counts: { decisions: 4, same: 4 }, rules: [] });
    candidateSays = () => ['the freeze holds'];
    const report = await simulated();
    expect(report.counts).toMatchObject({ would_fail: 3, would_pass: 0, differ: 1 });
    expect(report.flips.at(-1)).toMatchObject({
      decision: first,
      rules: [{ rule: 'countersign.gate.result', before: null, after: 'fail' }],
    });
    expect((await plane.registry.policy(policy))?.simulated?.form).toBe('denials');
  });

  it('tells of denials when they were but one answer among others', async () => {
    await history();
    candidateSays = (model) => (model === digestOf('other') ? [] : answer('pass'));
    expect((await simulated()).form).toBe('denials');
  });

  it('over nothing is quick and counts', async () => {
    const report = await simulated();
    expect(report.counts.decisions).toBe(0);
    expect(report.form).toBeNull();
    expect((await plane.registry.policy(policy))?.state).toBe('simulated');
  });

  it('looks at what was decided in its range and environment, and at no answer about the past', async () => {
    await history();
    await decided('iris', 'pass', 'production', new Date(plane.clock.now().getTime() - 1000));
    expect((await simulated({ environment: 'staging' })).counts.decisions).toBe(1);
    const to = new Date(plane.clock.now().getTime() - 2000).toISOString();
    expect((await simulated({ to, from: daysAgo(31) })).counts.decisions).toBe(3);
    expect((await simulated({ from: daysAgo(31) })).counts.decisions).toBe(4);
  });

  it('counts the gates that were skipped in its range and environment', async () => {
    await history();
    for (const environment of ['staging', 'experimental'] as const) await skipped('other', environment);
    expect(await simulated()).toMatchObject({ counts: { decisions: 4 }, skipped: 2 });
    expect(await simulated({ environment: 'staging' })).toMatchObject({ counts: { decisions: 1 }, skipped: 1 });
    expect(await simulated({ environment: 'production' })).toMatchObject({ counts: { decisions: 3 }, skipped: 0 });
  });

  it('says up to when no decision can be missing that was not committed yet', async () => {
    await history();
    const now = plane.clock.now().getTime();
    const ago = (ms: number) => new Date(now - ms).toISOString();
    expect((await simulated({ to: ago(0) })).complete_until).toBe(ago(60_000));
    expect((await simulated({ to: ago(1000) })).complete_until).toBe(ago(60_000));
    expect((await simulated({ to: ago(61_000), from: daysAgo(31) })).complete_until).toBe(ago(61_000));
  });

  it('for a slot tells what opens without the policy that stands there, and what main keeps shut', async () => {
    await trained('iris');
    for (const [main, frozen] of [
      ['pass', 'fail'],
      ['fail', 'fail'],
      ['fail', 'pass'],
      ['pass', 'pass'],
    ] as const) {
      await evaluateGate(gate(main, frozen), askedOf('iris', 'production'), caller(PIPELINE));
      plane.clock.advance(1000);
    }
    candidateSays = () => answer('pass', 'thawed');
    const counts = { decisions: 4, same: 2, differ: 1, would_fail: 0, would_pass: 1, unjudged: 0 };
    expect(await simulated({ slot: 'freeze' })).toMatchObject({ slot: 'freeze', counts });
    expect((await plane.registry.policy(policy))?.simulated?.slot).toBe('freeze');
    candidateSays = () => answer('pass');
    expect((await simulated()).counts).toMatchObject({ would_pass: 1, would_fail: 0 });
    expect(loadedFor).toEqual(['freeze', MAIN]);
  });

  it('for another place takes an approved policy back to be approved anew', async () => {
    await history();
    await simulated();
    plane.clock.advance(1000);
    await approvePolicy(
      { ...plane.submitDeps, inspectPolicy: async () => Promise.reject() },
      policy,
      caller('approver'),
    );
    await simulated({ slot: 'freeze' });
    expect(await plane.registry.policy(policy)).toMatchObject({ state: 'simulated', simulated: { slot: 'freeze' } });
  });

  it('of one environment, or of a few days, is a question and no step', async () => {
    await simulated({ environment: 'production' });
    await simulated({ from: daysAgo(29) });
    expect((await plane.registry.policy(policy))?.state).toBe('tested');
  });

  it('of an approved policy changes nothing that its approver has seen', async () => {
    policy = await policyIn('approved', 'another');
    const before = await plane.registry.policy(policy);
    expect((await simulated()).counts.decisions).toBe(0);
    expect(await plane.registry.policy(policy)).toEqual(before);
  });

  it.each([
    ['that was rolled back', undefined],
    ['that was rolled back and stands in a slot all the same', 'freeze'],
  ])('of a policy %s is the step towards another approval', async (_, slot) => {
    const life = await policyLife(plane);
    await life.active('one');
    policy = await life.active('two');
    if (slot !== undefined) await activatePolicy(life.deps, policy, APPROVER, slot);
    plane.clock.advance(1000);
    await rollBackPolicy(life.deps, { reason: 'it denied too much', from: policy }, APPROVER);
    await expect(approvePolicy(life.deps, policy, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    const report = sha256Hex(Buffer.from(JSON.stringify(await simulated())));
    expect(await plane.registry.policy(policy)).toMatchObject({ state: 'simulated', simulated: { report } });
    plane.clock.advance(1000);
    await approvePolicy(life.deps, policy, APPROVER);
    await activatePolicy(life.deps, policy, APPROVER);
  });

  it('is answered as it stands when the same is asked again', async () => {
    const to = plane.clock.now().toISOString();
    const question = { from: daysAgo(30), to };
    const first = await start(question);
    expect(await start(question)).toEqual(first);
    await machine(first.simulation.id);
    const taken = plane.steps.taken.length;
    expect((await start(question)).simulation).toMatchObject({
      id: first.simulation.id,
      state: 'finished',
      attempt: 1,
    });
    expect(plane.steps.taken.length).toBe(taken);
    expect([...executions.states.keys()]).toEqual([`${first.simulation.id}-1`]);
  });

  it.each([
    ['a range that ends in the future', () => ({ to: daysAgo(-1) }), '/to'],
    ['a range that ends where it begins', () => ({ from: daysAgo(1), to: daysAgo(1) }), '/from'],
    ['more than 400 days', () => ({ from: daysAgo(401) }), '/from'],
  ])('refuses %s', async (_, request, pointer) => {
    await expect(start(request())).rejects.toThrow(refusal('REQUEST_INVALID', pointer));
  });

  it('is refused of a policy that is unknown, or not tested', async () => {
    await expect(start({}, digestOf('none'))).rejects.toThrow(refusal('NOT_FOUND'));
    const proposed = await policyIn('proposed', 'another');
    await expect(start({}, proposed)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
  });
});

describe('what cannot be judged', () => {
  const damage: readonly (readonly [string, string, (decision: string) => void])[] = [
    ['whose facts are gone', 'INTEGRITY_FAILURE', (decision) => plane.bucket.objects.delete(inputOf(decision))],
    ['whose facts are others', 'INTEGRITY_FAILURE', (decision) => replace(inputOf(decision), Buffer.from('{}'))],
    ['whose row is gone', 'NOT_FOUND', (decision) => plane.ledger.records.delete(decision)],
    ['whose bytes are others', 'INTEGRITY_FAILURE', (decision) => edit(decision, (bytes) => bytes.subarray(1))],
  ];
  function inputOf(decision: string): string {
    const inline = Buffer.from(plane.ledger.records.get(decision)?.inline ?? []).toString();
    const payload = Buffer.from(JSON.parse(inline).dsseEnvelope.payload, 'base64').toString();
    return objectKey.gateInput(/"input_sha256":"([0-9a-f]{64})"/.exec(payload)?.[1] ?? '');
  }
  function replace(name: string, bytes: Buffer): void {
    const object = plane.bucket.objects.get(name);
    if (object) plane.bucket.objects.set(name, { ...object, bytes });
  }
  function edit(decision: string, change: (bytes: Buffer) => Buffer): void {
    const record = plane.ledger.records.get(decision);
    if (record?.inline) plane.ledger.records.set(decision, { ...record, inline: change(Buffer.from(record.inline)) });
  }

  it.each(damage)('is a decision %s: counted as %s and listed', async (_, code, spoil) => {
    const [first = ''] = await history();
    spoil(first);
    const report = await simulated();
    expect(report.counts).toMatchObject({ decisions: 4, unjudged: 1 });
    expect(report.unjudged).toEqual([{ decision: first, code }]);
    expect(plane.logged.some(({ event, fields }) => event === code && fields.decision === first)).toBe(true);
  });

  it('is a decision over which the candidate breaks down, while it decides of others', async () => {
    await history();
    candidateSays = (model) => {
      if (model !== digestOf('other')) return answer('pass');
      throw new DomainError('POLICY_TIMED_OUT', 'too slow');
    };
    const { counts, unjudged_codes } = await simulated();
    expect([counts.unjudged, counts.would_pass, counts.same]).toEqual([1, 1, 2]);
    expect(unjudged_codes).toEqual([{ code: 'POLICY_TIMED_OUT', decisions: 1 }]);
  });

  it('is no step towards approval while the candidate breaks down over a decision', async () => {
    await history();
    candidateSays = (model) => {
      if (model !== digestOf('other')) return answer('pass');
      throw new DomainError('POLICY_FAILED', 'unreachable');
    };
    expect((await simulated()).counts).toMatchObject({ decisions: 4, unjudged: 1 });
    expect((await plane.registry.policy(policy))?.state).toBe('tested');
  });

  it('is no step towards approval when it is all that there was, and none in the way when it is not', async () => {
    const decisions = await history();
    for (const decision of decisions.slice(1)) plane.ledger.records.delete(decision);
    expect((await simulated()).counts).toMatchObject({ decisions: 4, unjudged: 3 });
    expect((await plane.registry.policy(policy))?.simulated?.counts.unjudged).toBe(3);
    policy = await policyIn('tested', 'another');
    plane.ledger.records.delete(decisions[0] ?? '');
    expect((await simulated()).counts).toMatchObject({ decisions: 4, unjudged: 4 });
    expect((await plane.registry.policy(policy))?.state).toBe('tested');
  });

  it('ends the simulation when the candidate always breaks down, and says why', async () => {
    await history();
    for (let count = 0; count < 36; count++) await decided('iris', 'pass');
    candidateSays = () => 'no result';
    const { id } = (await start()).simulation;
    await expect(machine(id)).rejects.toThrow(refusal('POLICY_RESULT_INVALID'));
    // Five that broke down, and what the other readers had begun.
    expect(timesAsked).toBeLessThanOrEqual(12);
    await run({
      task: 'fail',
      simulation: id,
      attempt: 1,
      error: 'States.ExceedToleratedFailureThreshold',
      cause: '{}',
    });
    const { simulation } = (await simulations.find(id)) ?? {};
    expect(simulation).toMatchObject({ state: 'failed', failure: { code: 'POLICY_RESULT_INVALID' } });
  });
});

describe('a simulation that died', () => {
  const steps: readonly Step[] = [
    'put-chunk',
    'put-chunk-list',
    'put-result',
    'mark-done',
    'put-report',
    'put-event',
    'apply',
    'save-simulation',
  ];
  it.each(steps.flatMap((step) => [[step, 'lost'] as const, [step, 'done'] as const]))(
    'at %s (%s) comes to the same report and one event when the step is done again',
    async (step, fate) => {
      await history();
      candidateSays = () => answer('fail');
      const { id } = (await start()).simulation;
      plane.steps.crashAt(step, fate);
      await machine(id);
      const report = await reportOf(id);
      expect(report.counts).toMatchObject({ decisions: 4, would_fail: 3, same: 1 });
      expect((await plane.registry.policy(policy))?.simulated?.simulation).toBe(id);
      expect(plane.bucket.objects.has(objectKey.event(`policy/${policy}`, 4))).toBe(false);
      expect((await simulations.find(id))?.done).toBe(1);
    },
  );

  it.each(['lost', 'done'] as const)('before it was started (%s) is started by the same question', async (fate) => {
    const question = { to: plane.clock.now().toISOString() };
    plane.steps.crashAt('start-execution', fate);
    await expect(start(question)).rejects.toThrow(Crash);
    const { simulation } = await start(question);
    expect([...executions.states]).toEqual([[`${simulation.id}-1`, 'running']]);
  });

  it('goes on in an execution of another name, and evaluates no chunk again', async () => {
    await trained('iris');
    for (let count = 0; count < 130; count++) await decided('iris', 'pass');
    const question = { to: plane.clock.now().toISOString() };
    const { id } = (await start(question)).simulation;
    await run({ task: 'list', simulation: id, attempt: 1, cursor: null });
    await run({ task: 'evaluate', simulation: id, attempt: 1, chunk: 0 });
    expect(timesAsked).toBe(100);
    executions.states.set(`${id}-1`, 'ended');
    const { simulation, done } = await start(question);
    expect([simulation.attempt, simulation.state, done]).toEqual([2, 'running', 1]);
    expect(executions.states.get(`${id}-2`)).toBe('running');
    await machine(id);
    expect(timesAsked).toBe(130);
    expect((await reportOf(id)).counts).toMatchObject({ decisions: 130, same: 130 });
  });

  it('goes on after it was recorded as failed, without the reason of that time', async () => {
    const question = { to: plane.clock.now().toISOString() };
    const { id } = (await start(question)).simulation;
    await run({ task: 'fail', simulation: id, attempt: 1, error: 'States.Timeout', cause: '{}' });
    expect((await simulations.find(id))?.simulation).toMatchObject({ state: 'failed', failure: { code: 'INTERNAL' } });
    expect((await start(question)).simulation).toMatchObject({ state: 'running', attempt: 2, failure: null });
  });

  it('is not failed by an execution that was given up, however late that tells its end', async () => {
    await history();
    const question = { to: plane.clock.now().toISOString() };
    const { id } = (await start(question)).simulation;
    executions.states.set(`${id}-1`, 'ended');
    await start(question);
    const late = { simulation: id, attempt: 1 } as const;
    await expect(run({ task: 'evaluate', ...late, chunk: 99 })).rejects.toThrow(refusal('NOT_FOUND'));
    await run({ task: 'fail', ...late, error: 'States.Timeout', cause: '{}' });
    expect((await simulations.find(id))?.simulation).toMatchObject({ state: 'running', attempt: 2, failure: null });
    await machine(id);
    expect((await reportOf(id)).counts.decisions).toBe(4);
  });

  it('does not succeed without a report', async () => {
    const { id } = (await start()).simulation;
    await run({ task: 'fail', simulation: id, attempt: 1, error: 'States.Timeout', cause: '{}' });
    await expect(run({ task: 'report', simulation: id, attempt: 1 })).rejects.toThrow(refusal('REVISION_CONFLICT'));
  });

  it('while it listed comes to the same chunks, though a decision was committed late', async () => {
    await trained('iris');
    for (let count = 0; count < 100; count++) await decided('iris', 'pass');
    const { id } = (await start({ to: plane.clock.now().toISOString() })).simulation;
    plane.steps.crashAt('put-chunk-list', 'lost');
    await expect(run({ task: 'list', simulation: id, attempt: 1, cursor: null })).rejects.toThrow(Crash);
    const chunk = work.objects.get(simulationWork.chunk(id, 0));
    const day = plane.clock.now().toISOString().slice(0, 10);
    const lines = plane.ledger.entries.get(lookup.principalDay(CONTROL_PLANE, day));
    const [[sk, entry] = []] = lines ?? [];
    if (!lines || sk === undefined || !entry) throw new Error('the day has no decisions');
    lines.set(`${sk}-late`, entry);
    await machine(id);
    expect(work.objects.get(simulationWork.chunk(id, 0))).toEqual(chunk);
    expect((await simulations.find(id))?.simulation.chunks).toBe(1);
  });
});
