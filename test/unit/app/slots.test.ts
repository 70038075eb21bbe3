import { beforeEach, describe, expect, it } from 'vitest';
import {
  activatePolicy,
  endShadow,
  rollBackPolicy,
  shadowPolicy,
  withdrawPolicy,
} from '../../../lib/app/activate-policy.ts';
import { type InForceDeps, policiesInForce } from '../../../lib/app/gate/in-force.ts';
import { reindex } from '../../../lib/app/reindex.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import type { Activation } from '../../../lib/core/policy.ts';
import { inForceAt, type Slot, slotOf } from '../../../lib/core/slots.ts';
import { type ControlPlane, controlPlane } from '../../support/control-plane.ts';
import { digestOf } from '../../support/manifests.ts';
import { MemoryTables } from '../../support/memory/tables.ts';
import { APPROVER, AUTHOR, type PolicyLife, policyLife } from '../../support/policies.ts';
import { refusal } from '../../support/refusals.ts';

const DAY = 24 * 60 * 60 * 1000;
const REASON = 'it refuses every model';

let plane: ControlPlane;
let life: PolicyLife;
beforeEach(async () => {
  plane = await controlPlane();
  life = await policyLife(plane);
});

const inDays = (days: number) => new Date(plane.clock.now().getTime() + days * DAY).toISOString();
const shadow = (sha256: string, slot = 'candidate', until = inDays(14)) =>
  shadowPolicy(life.deps, sha256, { slot, until }, AUTHOR);
const withdraw = (slot: string, from: string) => withdrawPolicy(life.deps, { slot, from, reason: REASON }, APPROVER);
const end = (sha256: string, slot = 'candidate') => endShadow(life.deps, sha256, { slot, reason: REASON }, AUTHOR);
async function standing(at?: Date) {
  const { main, enforced, shadows } = inForceAt(await plane.registry.activations(at), at ?? plane.clock.now());
  const named = [...enforced, ...shadows].map((one) => [slotOf(one), one.sha256]);
  return { main: main?.sha256, ...Object.fromEntries(named) };
}

describe('a policy in a slot', () => {
  it('takes the place of another only where it was simulated for that place', async () => {
    await life.active('main');
    await life.active('first', 'freeze');
    const second = await life.approved('second');
    await expect(activatePolicy(life.deps, second, APPROVER, 'freeze')).rejects.toThrow(
      refusal('POLICY_STATE_CONFLICT', '/slot'),
    );
    const other = await life.approved('other', { slot: 'freeze' });
    await expect(activatePolicy(life.deps, other, APPROVER)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT', '/slot'));
    expect((await activatePolicy(life.deps, other, APPROVER, 'freeze')).created).toBe(true);
    // Where nothing stands it can only close.
    expect((await activatePolicy(life.deps, second, APPROVER, 'another')).created).toBe(true);
  });

  it('is put beside the main one, replaced, rolled back and withdrawn, each in a history of its own', async () => {
    const main = await life.active('main');
    const first = await life.active('first', 'freeze');
    const then = plane.clock.now();
    const second = await life.active('second', 'freeze');
    expect(await standing()).toEqual({ main, freeze: second });
    const back = await rollBackPolicy(life.deps, { reason: REASON, from: second, slot: 'freeze' }, APPROVER);
    expect(back.value).toMatchObject({ sha256: first, previous: second, revision: 3, slot: { mode: 'enforced' } });
    const { value } = await withdraw('freeze', first);
    expect(value).toMatchObject({ sha256: first, reason: REASON, revision: 4, slot: { mode: 'withdrawn' } });
    expect(await standing()).toEqual({ main });
    expect(await standing(then)).toEqual({ main, freeze: first });
    const events = [...plane.bucket.objects.keys()].filter((key) => key.startsWith('events/policy-activation/'));
    expect(events.toSorted()).toEqual([
      objectKey.event('policy-activation', 1),
      ...[1, 2, 3, 4].map((revision) => objectKey.event('policy-activation/freeze', revision)),
    ]);
  });

  it('needs what the main one needs', async () => {
    const tested = await life.tested('one');
    await expect(activatePolicy(life.deps, tested, APPROVER, 'freeze')).rejects.toThrow(
      refusal('POLICY_STATE_CONFLICT'),
    );
    const approved = await life.approved('two');
    await expect(activatePolicy(life.deps, approved, AUTHOR, 'freeze')).rejects.toThrow(refusal('DUTIES_NOT_SEPARATE'));
    expect(await standing()).toEqual({ main: undefined });
  });

  it('is the fourth at most', async () => {
    for (const slot of ['a', 'b', 'c', 'd']) await life.active(slot, slot);
    const fifth = await life.approved('e');
    await expect(activatePolicy(life.deps, fifth, APPROVER, 'e')).rejects.toThrow(
      refusal('POLICY_STATE_CONFLICT', '/slot'),
    );
    await expect(shadow(fifth, 'e')).rejects.toThrow(refusal('POLICY_STATE_CONFLICT', '/slot'));
    await withdraw('a', (await standing()).a);
    expect((await activatePolicy(life.deps, fifth, APPROVER, 'e')).created).toBe(true);
  });

  it('has one of sixteen names, the first of them again', async () => {
    const sha256 = await life.tested('one');
    for (let index = 0; index < 16; index++) {
      await shadow(sha256, `slot-${index}`);
      plane.clock.advance(1000);
      await end(sha256, `slot-${index}`);
    }
    const approved = await life.approved('two');
    await expect(shadow(sha256, 'another')).rejects.toThrow(refusal('POLICY_STATE_CONFLICT', '/slot'));
    await expect(activatePolicy(life.deps, approved, APPROVER, 'another')).rejects.toThrow(
      refusal('POLICY_STATE_CONFLICT', '/slot'),
    );
    expect((await activatePolicy(life.deps, approved, APPROVER, 'slot-0')).created).toBe(true);
    expect((await activatePolicy(life.deps, approved, APPROVER)).created).toBe(true);
  });

  it('is one of two who race for it; the other is told', async () => {
    const [one, two] = [await life.approved('one'), await life.approved('two')];
    const outcomes = await Promise.allSettled(
      [one, two].map((sha256) => activatePolicy(life.deps, sha256, APPROVER, 'freeze')),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: refusal('REVISION_CONFLICT'),
    });
  });

  it('is not touched by who races for another', async () => {
    const [one, two] = [await life.approved('one'), await life.approved('two')];
    await Promise.all([activatePolicy(life.deps, one, APPROVER, 'a'), activatePolicy(life.deps, two, APPROVER, 'b')]);
    expect(await standing()).toEqual({ main: undefined, a: one, b: two });
  });

  it('is withdrawn once, however often that is sent', async () => {
    const sha256 = await life.active('one', 'freeze');
    const once = await withdraw('freeze', sha256);
    plane.clock.advance(1000);
    expect(await withdraw('freeze', sha256)).toEqual({ created: false, value: once.value, event: undefined });
  });

  it.each([
    ['where none ever stood', 'nowhere', 'one', '/slot'],
    ['which another one took the place of', 'freeze', 'another', '/from'],
  ])('is not withdrawn %s', async (_, slot, from, pointer) => {
    await life.active('one', 'freeze');
    await expect(withdraw(slot, digestOf(from))).rejects.toThrow(refusal('POLICY_STATE_CONFLICT', pointer));
  });

  it('that was withdrawn leads no rollback', async () => {
    const sha256 = await life.active('one', 'freeze');
    await life.active('two', 'freeze');
    await withdraw('freeze', (await standing()).freeze);
    const back = rollBackPolicy(life.deps, { reason: REASON, from: sha256, slot: 'freeze' }, APPROVER);
    await expect(back).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
  });

  it.each(['put-event', 'apply'] as const)('is withdrawn though the process died at %s', async (step) => {
    for (const fate of ['lost', 'done'] as const) {
      const slot = `${step}-${fate}`;
      const sha256 = await life.active(slot, slot);
      plane.clock.advance(1000);
      plane.steps.crashAt(step, fate);
      await expect(withdraw(slot, sha256)).rejects.toThrow(step);
      await withdraw(slot, sha256);
      expect(await standing()).not.toHaveProperty(slot);
    }
  });

  it('is made again from the bucket', async () => {
    const main = await life.active('main');
    await life.active('one', 'freeze');
    await withdraw('freeze', (await standing()).freeze);
    const candidate = await life.tested('two');
    await shadow(candidate);
    const tables = new MemoryTables();
    const archive = {
      read: plane.bucket.read,
      list: async function* (prefix: string) {
        for (const [key, { versionId }] of plane.bucket.objects) {
          if (key.startsWith(prefix)) yield { key, versionId, laterVersions: 0, deleteMarkers: 0 };
        }
      },
    };
    const refuse = (key: string, reason: string) => expect.fail(`${key}: ${reason}`);
    await reindex({ archive, tables, skipped: refuse, remarked: refuse, progress: () => {} });
    expect(tables.current('policy-activation')).toMatchObject({ sha256: main });
    expect(tables.current('policy-activation/freeze')).toMatchObject({ slot: { mode: 'withdrawn' } });
    expect(tables.current('policy-activation/candidate')).toMatchObject({
      sha256: candidate,
      slot: { mode: 'shadow' },
    });
  });
});

describe('a shadow', () => {
  it('is started by the author of a tested policy, and ends by itself', async () => {
    const sha256 = await life.tested('one');
    const { value } = await shadow(sha256);
    expect(value).toMatchObject({ slot: { name: 'candidate', mode: 'shadow', until: inDays(14) } });
    expect(await standing()).toEqual({ main: undefined, candidate: sha256 });
    plane.clock.advance(14 * DAY);
    expect(await standing()).toEqual({ main: undefined });
    expect(await end(sha256)).toMatchObject({ created: false });
  });

  it('is started once, and put off by another end', async () => {
    const sha256 = await life.tested('one');
    const once = await shadow(sha256);
    expect(await shadow(sha256, 'candidate', once.value.slot?.until ?? '')).toMatchObject({ created: false });
    expect((await shadow(sha256, 'candidate', inDays(20))).value.revision).toBe(2);
  });

  it('is ended by its author, and by nobody where the policy decides', async () => {
    const sha256 = await life.tested('one');
    await shadow(sha256);
    expect((await end(sha256)).value).toMatchObject({ slot: { mode: 'withdrawn' }, reason: REASON });
    const deciding = await life.active('two', 'freeze');
    await expect(end(deciding, 'freeze')).rejects.toThrow(refusal('POLICY_STATE_CONFLICT', '/slot'));
    expect(await standing()).toMatchObject({ freeze: deciding });
  });

  it('takes the place of nothing that stands', async () => {
    await life.active('main');
    const deciding = await life.active('one', 'freeze');
    await shadow(await life.tested('two'));
    const candidate = await life.tested('three');
    await expect(shadow(candidate, 'freeze')).rejects.toThrow(refusal('POLICY_STATE_CONFLICT', '/slot'));
    await expect(shadow(candidate)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT', '/slot'));
    await expect(shadow(deciding, 'again')).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
  });

  it('gives way to the policy that decides in its slot', async () => {
    const sha256 = await life.approved('one');
    await shadow(sha256, 'freeze');
    const { value } = await activatePolicy(life.deps, sha256, APPROVER, 'freeze');
    expect(value).toMatchObject({ previous: null, back_to: [], slot: { mode: 'enforced', until: null } });
  });

  it.each([0, -1, 91])('does not end in %d days', async (days) => {
    const sha256 = await life.tested('one');
    await expect(shadow(sha256, 'candidate', inDays(days))).rejects.toThrow(refusal('REQUEST_INVALID', '/until'));
  });

  it('is no policy that nobody tested', async () => {
    const sha256 = await life.propose('one');
    await expect(shadow(sha256)).rejects.toThrow(refusal('POLICY_STATE_CONFLICT'));
  });
});

describe('the policies that a gate asks', () => {
  const uses: string[] = [];
  beforeEach(() => uses.splice(0));
  const open = (changes: Partial<InForceDeps> = {}) =>
    policiesInForce({
      registry: plane.registry,
      store: plane.bucket,
      load: async (bytes, use) => {
        uses.push(`${use} ${bytes}`);
        return { ...(await life.deps.inspectPolicy(bytes)), evaluate: async () => undefined };
      },
      clock: plane.clock.now,
      ...changes,
    });

  const inSlot = (mode: Slot['mode'], until: string | null = null) => ({ slot: { name: 'freeze', mode, until } });

  it('are the main one, those beside it and the shadows, each loaded once and for its use', async () => {
    await life.active('main');
    await life.active('one', 'b');
    await life.active('two', 'a');
    await shadow(await life.tested('three'));
    const policies = open();
    await policies.inForce();
    const { main, enforced, shadows } = await policies.inForce();
    expect(main.revision).toBe('main');
    expect(enforced.map(({ slot, policy }) => `${slot} ${policy.revision}`)).toEqual(['a two', 'b one']);
    expect(shadows.map(({ slot }) => slot)).toEqual(['candidate']);
    expect((await shadows[0]?.policy)?.revision).toBe('three');
    expect(uses.toSorted()).toEqual(['enforced one', 'enforced two', 'main main', 'shadow three']);
  });

  it('are those of that time, without its shadows', async () => {
    await life.active('main');
    await shadow(await life.tested('three'));
    await life.active('one', 'freeze');
    const then = plane.clock.now();
    await withdraw('freeze', (await standing()).freeze);
    const { enforced, shadows } = await open().inForce(then);
    expect(enforced.map(({ slot }) => slot)).toEqual(['freeze']);
    expect(shadows).toEqual([]);
    expect((await open().inForce()).enforced).toEqual([]);
  });

  it('are none when one that decides cannot be loaded', async () => {
    await life.active('main');
    const sha256 = await life.active('one', 'freeze');
    plane.bucket.objects.delete(objectKey.policy(sha256));
    await expect(open().inForce()).rejects.toThrow(refusal('POLICY_UNAVAILABLE'));
  });

  it.each<[string, (main: string) => Partial<Activation>]>([
    ['was withdrawn', () => inSlot('withdrawn')],
    ['is a shadow', () => inSlot('shadow', inDays(14))],
    ['was a shadow', () => inSlot('shadow', inDays(-1))],
    ['is the main one', (main) => ({ sha256: main })],
  ])('are none, now and as of then, when only a row says that one %s', async (_, forged) => {
    const main = await life.active('main');
    const sha256 = await life.active('one', 'freeze');
    const { registry } = plane;
    const activations = async (at?: Date) =>
      (await registry.activations(at)).map((one) => (one.sha256 === sha256 ? { ...one, ...forged(main) } : one));
    const tampered = { activations, policy: registry.policy, evidenceKeys: registry.evidenceKeys };
    for (const at of [undefined, plane.clock.now()]) {
      await expect(open({ registry: tampered }).inForce(at)).rejects.toThrow(refusal('POLICY_INVALID'));
    }
  });

  it('are not kept waiting by a shadow that is gone or slow', async () => {
    await life.active('main');
    const sha256 = await life.tested('three');
    await shadow(sha256);
    const load: InForceDeps['load'] = async (bytes, use) =>
      use === 'shadow'
        ? await new Promise(() => {})
        : { ...(await life.deps.inspectPolicy(bytes)), evaluate: async () => undefined };
    expect((await open({ load }).inForce()).shadows).toHaveLength(1);
    plane.bucket.objects.delete(objectKey.policy(sha256));
    const { main, shadows } = await open().inForce();
    expect(main.revision).toBe('main');
    await expect(shadows[0]?.policy).rejects.toThrow(DomainError);
  });

  it('are not held up again by a shadow that does not load', async () => {
    await life.active('main');
    await shadow(await life.tested('three'));
    const tries: string[] = [];
    const policies = open({
      load: async (bytes, use) => {
        tries.push(use);
        if (use === 'shadow') throw new DomainError('POLICY_INVALID', 'it takes too long to start');
        return { ...(await life.deps.inspectPolicy(bytes)), evaluate: async () => undefined };
      },
    });
    for (const _ of [1, 2]) {
      const { shadows } = await policies.inForce();
      await expect(shadows[0]?.policy).rejects.toThrow(refusal('POLICY_INVALID'));
    }
    expect(tries.toSorted()).toEqual(['main', 'shadow']);
  });
});
