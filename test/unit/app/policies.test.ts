import { beforeEach, describe, expect, it } from 'vitest';
import { activatePolicy, rollBackPolicy } from '../../../lib/app/activate-policy.ts';
import { policiesInForce } from '../../../lib/app/gate/in-force.ts';
import type { LoadedPolicy } from '../../../lib/app/gate/ports.ts';
import { acceptPolicyTest, approvePolicy, type PolicyDeps, proposePolicy } from '../../../lib/app/manage-policies.ts';
import { revokeKey } from '../../../lib/app/manage-registry.ts';
import type { Ledger } from '../../../lib/app/ports.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import type { JsonObject } from '../../../lib/core/json.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import { inForceAt } from '../../../lib/core/slots.ts';
import { DAY } from '../../support/clock.ts';
import { ADMIN, type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { digestOf } from '../../support/manifests.ts';
import { APPROVER, AUTHOR, bundle, type PolicyLife, policyLife, TESTER } from '../../support/policies.ts';
import { refusal } from '../../support/refusals.ts';

let plane: ControlPlane;
let life: PolicyLife;
let deps: PolicyDeps;
beforeEach(async () => {
  plane = await controlPlane();
  life = await policyLife(plane);
  ({ deps } = life);
});

const propose = (text: string) => life.propose(text);
const testResult: typeof life.testResult = (...asked) => life.testResult(...asked);
const test = (sha256: string) => life.test(sha256);
const approved = (text: string) => life.approved(text);
const active = (text: string) => life.active(text);
const inForce = async (at?: Date) => inForceAt(await plane.registry.activations(at), plane.clock.now()).main?.sha256;

describe('a policy', () => {
  it('is proposed, tested, approved by another and activated, each step an event of its own', async () => {
    const sha256 = await active('one');
    expect(await inForce()).toBe(sha256);
    expect(await plane.registry.policy(sha256)).toMatchObject({
      state: 'approved',
      bundle_revision: 'one',
      author: { unique_id: AUTHOR.uniqueId },
      approver: { unique_id: APPROVER.uniqueId },
      tested: { by: TESTER },
      change_request: 'https://tracker.example/42',
    });
    for (const revision of [1, 2, 3]) {
      expect(plane.bucket.objects.has(objectKey.event(`policy/${sha256}`, revision)), String(revision)).toBe(true);
    }
    expect(plane.bucket.objects.has(objectKey.event('policy-activation', 1))).toBe(true);
    expect(plane.bucket.objects.get(objectKey.policy(sha256))?.bytes.toString()).toBe('one');
  });

  it('is one policy however often it is proposed', async () => {
    const first = await proposePolicy(deps, bundle('one'), AUTHOR);
    const again = await proposePolicy(deps, bundle('one'), APPROVER);
    expect(again).toEqual({ created: false, value: first.value, event: undefined });
  });

  it('that cannot be evaluated is not stored', async () => {
    const before = plane.bucket.objects.size;
    const inspectPolicy = async () => {
      throw new DomainError('POLICY_INVALID', 'no');
    };
    await expect(proposePolicy({ ...deps, inspectPolicy }, bundle('x'), AUTHOR)).rejects.toThrow(
      refusal('POLICY_INVALID'),
    );
    expect(plane.bucket.objects.size).toBe(before);
  });

  it.each(['', '%%%', Buffer.alloc(800_000).toString('base64')])('refuses a bundle that is none', async (text) => {
    const request = { bundle: text, change_request: 'a change' };
    await expect(proposePolicy(deps, request, AUTHOR)).rejects.toThrow(refusal('REQUEST_INVALID', '/bundle'));
  });

  it('is not approved by its author, under whatever session', async () => {
    const sha256 = await life.simulated('one');
    const again = { ...AUTHOR, arn: `${AUTHOR.arn}-2`, session: 'another' };
    await expect(approvePolicy(deps, sha256, again)).rejects.toThrow(refusal('DUTIES_NOT_SEPARATE'));
  });

  it('is approved while its simulation is fresh', async () => {
    const sha256 = await life.tested('one');
    await expect(approvePolicy(deps, sha256, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    const simulated = await life.simulated('two');
    plane.clock.advance(8 * DAY);
    await expect(approvePolicy(deps, simulated, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
  });

  it('is not activated by its author', async () => {
    const sha256 = await approved('one');
    await expect(activatePolicy(deps, sha256, AUTHOR)).rejects.toThrow(refusal('DUTIES_NOT_SEPARATE'));
    expect(await inForce()).toBeUndefined();
  });

  it('skips no step', async () => {
    const sha256 = await propose('one');
    await expect(approvePolicy(deps, sha256, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    await expect(activatePolicy(deps, sha256, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    await test(sha256);
    await expect(activatePolicy(deps, sha256, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    await expect(test(sha256)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
  });

  it.each([
    ['failed', () => testResult(sha256Hex('one'), 'FAILED')],
    ['is about another bundle', () => testResult(digestOf('another'))],
  ])('takes no test result that %s', async (_, evidence) => {
    const sha256 = await propose('one');
    await expect(acceptPolicyTest(deps, sha256, await evidence(), AUTHOR)).rejects.toThrow(
      refusal('POLICY_TEST_INVALID', '/evidence'),
    );
  });

  it.each<[string, JsonObject | undefined, number | null]>([
    ['is stated', { coverage_percent: 97.5 }, 97.5],
    ['is not stated', undefined, null],
    ['is not among what is stated', { tests: 12 }, null],
  ])('is recorded with the coverage of its tests where that %s', async (_, annotations, coverage) => {
    const sha256 = await propose('one');
    await acceptPolicyTest(deps, sha256, await testResult(sha256, 'PASSED', annotations), AUTHOR);
    expect((await plane.registry.policy(sha256))?.tested).toMatchObject({ by: TESTER, coverage });
  });

  it.each([101, -1, '100'])('takes no test result whose coverage is %j', async (coverage_percent) => {
    const sha256 = await propose('one');
    const evidence = await testResult(sha256, 'PASSED', { coverage_percent });
    await expect(acceptPolicyTest(deps, sha256, evidence, AUTHOR)).rejects.toThrow(refusal('POLICY_TEST_INVALID'));
  });

  it('takes no test result whose key was revoked since, as of before', async () => {
    const sha256 = await propose('one');
    const effective_at = plane.clock.now().toISOString();
    plane.clock.advance(1000);
    const evidence = await testResult(sha256);
    plane.clock.advance(1000);
    await revokeKey(plane.registryDeps, life.testKey.keyid, { reason: 'stolen', effective_at }, ADMIN);
    await expect(acceptPolicyTest(deps, sha256, evidence, AUTHOR)).rejects.toThrow(
      refusal('POLICY_TEST_INVALID', '/evidence'),
    );
  });

  it('takes a test result whose key was revoked as of a later time', async () => {
    const sha256 = await propose('one');
    const evidence = await testResult(sha256);
    plane.clock.advance(1000);
    await revokeKey(plane.registryDeps, life.testKey.keyid, { reason: 'left the team' }, ADMIN);
    expect(await acceptPolicyTest(deps, sha256, evidence, AUTHOR)).toMatchObject({ value: { state: 'tested' } });
  });

  it('takes no test result whose stored bytes are others', async () => {
    const sha256 = await propose('one');
    const evidence = await testResult(sha256);
    const find: Ledger['find'] = async (digest) => {
      const record = await plane.ledger.find(digest);
      return (
        record && { ...record, inline: Buffer.from(String(record.inline).replace('PASSED', 'FAILED')).subarray(1) }
      );
    };
    await expect(
      acceptPolicyTest({ ...deps, ledger: { ...deps.ledger, find } }, sha256, evidence, AUTHOR),
    ).rejects.toThrow(refusal('POLICY_TEST_INVALID', '/evidence'));
  });

  it('takes no test result that is not there', async () => {
    const sha256 = await propose('one');
    await expect(acceptPolicyTest(deps, sha256, digestOf('nothing'), AUTHOR)).rejects.toThrow(
      refusal('POLICY_TEST_INVALID', '/evidence'),
    );
  });

  it('takes the place of the one before, and gives it back in one step, with a reason', async () => {
    const first = await active('one');
    const then = plane.clock.now();
    const second = await active('two');
    expect(await inForce()).toBe(second);
    plane.clock.advance(1000);
    const { value } = await rollBackPolicy(deps, { reason: 'it denied too much', from: second }, APPROVER);
    expect(value).toMatchObject({ sha256: first, previous: second, reason: 'it denied too much', revision: 3 });
    expect(await inForce()).toBe(first);
    expect(await inForce(then)).toBe(first);
  });

  it('that gave denials when it was simulated stands in a slot only', async () => {
    const main = await active('main');
    const sha256 = await life.approved('theirs', { form: 'denials' });
    await expect(activatePolicy(deps, sha256, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    expect(await inForce()).toBe(main);
    await activatePolicy(deps, sha256, APPROVER, 'freeze');
  });

  it('is the first of all where nothing was decided that it could be simulated on', async () => {
    const sha256 = await life.approved('first', { form: null });
    await activatePolicy(deps, sha256, APPROVER);
    expect(await inForce()).toBe(sha256);
  });

  it('is left once when the rollback names it, however often it is sent', async () => {
    const first = await active('one');
    const second = await active('two');
    plane.clock.advance(1000);
    const once = await rollBackPolicy(deps, { reason: 'it denied too much', from: second }, APPROVER);
    plane.clock.advance(1000);
    const again = await rollBackPolicy(deps, { reason: 'it denied too much', from: second }, APPROVER);
    expect(again).toEqual({ created: false, value: once.value, event: undefined });
    expect(await inForce()).toBe(first);
  });

  it('cannot be left when another one is in force that no rollback brought', async () => {
    const first = await active('one');
    await active('two');
    await expect(rollBackPolicy(deps, { reason: 'reason', from: first }, APPROVER)).rejects.toThrow(
      refusal('POLICY_STATE_CONFLICT', '/from'),
    );
  });

  it('is left for the one before it by each further rollback, never for one that was left', async () => {
    const [first, second, third] = [await active('one'), await active('two'), await active('three')];
    const back = async (from: string) => {
      plane.clock.advance(1000);
      return (await rollBackPolicy(deps, { reason: 'worse', from }, APPROVER)).value.sha256;
    };
    expect(await back(third)).toBe(second);
    expect(await back(second)).toBe(first);
    await expect(back(first)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    expect(await inForce()).toBe(first);
  });

  it('comes into force after the one before, though the clock stands still', async () => {
    const first = await approved('one');
    const second = await approved('two');
    await activatePolicy(deps, first, APPROVER);
    const { value } = await activatePolicy(deps, second, APPROVER);
    expect(Date.parse(value.at)).toBe(plane.clock.now().getTime() + 1);
    plane.clock.advance(1);
    expect(await inForce()).toBe(second);
  });

  it('that was rolled back comes into force again only when it is simulated and approved anew', async () => {
    await active('one');
    const second = await active('two');
    plane.clock.advance(1000);
    const first = (await rollBackPolicy(deps, { reason: 'it denied too much', from: second }, APPROVER)).value.sha256;
    await expect(activatePolicy(deps, second, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    for (const sha256 of [first, second]) {
      await expect(approvePolicy(deps, sha256, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    }
    plane.clock.advance(1000);
    await life.simulate(second);
    await expect(activatePolicy(deps, second, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    await approvePolicy(deps, second, APPROVER);
    await activatePolicy(deps, second, APPROVER);
    expect(await inForce()).toBe(second);
    expect(await plane.registry.activationHistory()).toMatchObject(
      [null, null, 'it denied too much', null].map((reason) => ({ reason, by: APPROVER.arn })),
    );
  });

  it('cannot be rolled back to nothing', async () => {
    const back = (from: string) => rollBackPolicy(deps, { reason: 'reason', from }, APPROVER);
    await expect(back(digestOf('none'))).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
    const only = await active('one');
    await expect(back(only)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
  });

  it('is activated once by two who race', async () => {
    const sha256 = await approved('one');
    const outcomes = await Promise.allSettled([
      activatePolicy(deps, sha256, APPROVER),
      activatePolicy(deps, sha256, caller('another-approver')),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: refusal('REVISION_CONFLICT'),
    });
  });

  it.each(['put-policy', 'put-event', 'apply'] as const)('is proposed again after a death at %s', async (step) => {
    for (const fate of ['lost', 'done'] as const) {
      const text = `${step} ${fate}`;
      plane.steps.crashAt(step, fate);
      await expect(propose(text)).rejects.toThrow();
      const tries = [await proposePolicy(deps, bundle(text), AUTHOR).catch((error: unknown) => error)];
      // Who meets an event that was not committed commits it and is told to look again.
      if (tries[0] instanceof DomainError) tries.push(await proposePolicy(deps, bundle(text), AUTHOR));
      expect(tries.at(-1)).toMatchObject({ value: { bundle_revision: text, state: 'proposed' } });
    }
  });
});

describe('the policy in force', () => {
  const loads: string[] = [];
  const load = async (bytes: Buffer): Promise<LoadedPolicy> => {
    loads.push(bytes.toString());
    const identity = await deps.inspectPolicy(bytes);
    return { ...identity, evaluate: async () => undefined };
  };
  const open = () => policiesInForce({ registry: plane.registry, store: plane.bucket, load, clock: plane.clock.now });
  beforeEach(() => loads.splice(0));

  it('is loaded once, and another one as soon as it is activated', async () => {
    const policies = open();
    await active('one');
    await policies.inForce();
    expect((await policies.inForce()).main.revision).toBe('one');
    await active('two');
    expect((await policies.inForce()).main.revision).toBe('two');
    expect(loads).toEqual(['one', 'two']);
  });

  it('is the one of that time', async () => {
    await active('one');
    const then = plane.clock.now();
    await active('two');
    expect((await open().inForce(then)).main.revision).toBe('one');
  });

  it('is refused when there is none', async () => {
    await expect(open().inForce()).rejects.toThrow(refusal('POLICY_UNAVAILABLE'));
  });

  it('is refused when its bytes are gone or others', async () => {
    const sha256 = await active('one');
    const name = objectKey.policy(sha256);
    const object = plane.bucket.objects.get(name);
    if (!object) throw new Error('no bundle is stored');
    plane.bucket.objects.set(name, { ...object, bytes: Buffer.from('other') });
    await expect(open().inForce()).rejects.toThrow(refusal('POLICY_INVALID'));
    plane.bucket.objects.delete(name);
    await expect(open().inForce()).rejects.toThrow(refusal('POLICY_UNAVAILABLE'));
  });

  it('is refused when no signed event put it in force', async () => {
    await active('one');
    const other = await approved('two');
    const name = objectKey.event('policy-activation', 1);
    const event = plane.bucket.objects.get(name);
    const foreign = plane.bucket.objects.get(objectKey.event(`policy/${other}`, 1));
    if (!event || !foreign) throw new Error('no events are stored');
    plane.bucket.objects.set(name, { ...event, bytes: foreign.bytes });
    await expect(open().inForce()).rejects.toThrow(refusal('POLICY_INVALID'));
    plane.bucket.objects.delete(name);
    await expect(open().inForce()).rejects.toThrow(refusal('POLICY_INVALID'));
  });

  it('is looked for again after a failure that passed', async () => {
    await active('one');
    let failures = 1;
    const flaky = policiesInForce({
      registry: plane.registry,
      store: {
        read: async (...asked) => {
          if (failures-- > 0) throw new DomainError('DEPENDENCY_UNAVAILABLE', 'S3');
          return await plane.bucket.read(...asked);
        },
      },
      load,
      clock: plane.clock.now,
    });
    await expect(flaky.inForce()).rejects.toThrow(refusal('DEPENDENCY_UNAVAILABLE'));
    expect((await flaky.inForce()).main.revision).toBe('one');
  });
});
