import { beforeEach, describe, expect, it } from 'vitest';
import { registerKey, registerPrincipal } from '../../../lib/app/manage-registry.ts';
import { checkLedger } from '../../support/check-ledger.ts';
import { DAY } from '../../support/clock.ts';
import {
  ADMIN,
  type ControlPlane,
  controlPlane,
  enrol,
  keyRequest,
  principalRequest,
} from '../../support/control-plane.ts';
import { newKey } from '../../support/keys.ts';
import { PIPELINE } from '../../support/manifests.ts';
import { Crash } from '../../support/memory/steps.ts';
import { refusal } from '../../support/refusals.ts';

let plane: ControlPlane;
beforeEach(async () => {
  plane = await controlPlane();
});

describe('when two admins give one name or one key to two at the same moment', () => {
  it('the loser has written no event, so that its stream is not stopped by one that cannot come into force', async () => {
    const events = () => [...plane.bucket.objects.keys()].filter((name) => name.startsWith('events/')).length;
    const role = (id: string) => ({ name: 'shared', unique_id: id, arn: `arn:aws:iam::111122223333:role/${id}` });
    const before = events();
    const outcomes = await Promise.allSettled(
      ['AROAFIRSTROLE', 'AROASECONDROLE'].map((id) => registerPrincipal(plane.registryDeps, role(id), ADMIN)),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(events()).toBe(before + 1);
  });
});

describe('a name or key that was reserved by a request that died', () => {
  const MINUTE = 60_000;
  const taker = principalRequest('taker');
  const victim = { ...principalRequest('victim'), name: taker.name };

  it('is kept for whoever is still at it', async () => {
    plane.steps.crashAt('reserve', 'done');
    await expect(registerPrincipal(plane.registryDeps, victim, ADMIN)).rejects.toThrow(Crash);
    plane.clock.advance(14 * MINUTE);
    await expect(registerPrincipal(plane.registryDeps, taker, ADMIN)).rejects.toThrow(
      refusal('PRINCIPAL_EXISTS', '/name'),
    );
    expect(await registerPrincipal(plane.registryDeps, victim, ADMIN)).toMatchObject({ created: true });
  });

  it('goes to the next role that asks, once it is abandoned', async () => {
    plane.steps.crashAt('reserve', 'done');
    await expect(registerPrincipal(plane.registryDeps, victim, ADMIN)).rejects.toThrow(Crash);
    plane.clock.advance(16 * MINUTE);
    expect(await registerPrincipal(plane.registryDeps, taker, ADMIN)).toMatchObject({ created: true });
    expect(await plane.registry.principalByName(taker.name)).toMatchObject({ unique_id: taker.unique_id });
    await expect(registerPrincipal(plane.registryDeps, victim, ADMIN)).rejects.toThrow(
      refusal('PRINCIPAL_EXISTS', '/name'),
    );
    checkLedger(plane);
  });

  it.each(['put-event', 'apply'] as const)('stays, when its event was written and %s failed', async (step) => {
    plane.steps.crashAt(step, step === 'apply' ? 'lost' : 'done');
    await expect(registerPrincipal(plane.registryDeps, victim, ADMIN)).rejects.toThrow(Crash);
    plane.clock.advance(DAY);
    await expect(registerPrincipal(plane.registryDeps, taker, ADMIN)).rejects.toThrow(
      refusal('PRINCIPAL_EXISTS', '/name'),
    );
    await expect(registerPrincipal(plane.registryDeps, victim, ADMIN)).rejects.toThrow(refusal('REVISION_CONFLICT'));
    expect(await registerPrincipal(plane.registryDeps, victim, ADMIN)).toMatchObject({ created: false });
    checkLedger(plane);
  });

  it('is not what its owner is found by, who was registered under another name', async () => {
    plane.steps.crashAt('reserve', 'done');
    await expect(registerPrincipal(plane.registryDeps, victim, ADMIN)).rejects.toThrow(Crash);
    await registerPrincipal(plane.registryDeps, { ...victim, name: 'victim' }, ADMIN);
    await expect(registerKey(plane.registryDeps, keyRequest(newKey(), taker.name), ADMIN)).rejects.toThrow(
      refusal('NOT_FOUND', '/principal'),
    );
    plane.clock.advance(16 * MINUTE);
    expect(await registerPrincipal(plane.registryDeps, taker, ADMIN)).toMatchObject({ created: true });
  });

  it('a key goes to the next principal that proves it, unless an event about it waits', async () => {
    await enrol(plane, 'other', newKey());
    const [free, waiting] = [newKey(), newKey()];
    plane.steps.crashAt('reserve', 'done');
    await expect(registerKey(plane.registryDeps, keyRequest(free, 'other'), ADMIN)).rejects.toThrow(Crash);
    plane.clock.advance(16 * MINUTE);
    expect(await registerKey(plane.registryDeps, keyRequest(free, PIPELINE), ADMIN)).toMatchObject({ created: true });
    plane.steps.crashAt('apply', 'lost');
    await expect(registerKey(plane.registryDeps, keyRequest(waiting, 'other'), ADMIN)).rejects.toThrow(Crash);
    plane.clock.advance(16 * MINUTE);
    await expect(registerKey(plane.registryDeps, keyRequest(waiting, PIPELINE), ADMIN)).rejects.toThrow(
      refusal('KEY_OF_ANOTHER_PRINCIPAL'),
    );
    checkLedger(plane);
  });
});
