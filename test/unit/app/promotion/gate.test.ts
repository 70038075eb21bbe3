import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { changeApprover } from '../../../../lib/app/directory/manage-approvers.ts';
import { evaluateRelease, evaluateRequest } from '../../../../lib/app/promotion/gate.ts';
import { requestPromotion } from '../../../../lib/app/promotion/start.ts';
import { confirmPromotion } from '../../../../lib/app/promotion/stop.ts';
import { verifyModel } from '../../../../lib/app/promotion/verify-model.ts';
import type { ChangeApprover } from '../../../../lib/core/approver-requests.ts';
import { sha256Hex } from '../../../../lib/core/digest.ts';
import type { RuleVerdict } from '../../../../lib/core/gate/input.ts';
import { lookup } from '../../../../lib/core/layout.ts';
import { approverDeps, enlist, PEOPLE_ADMIN } from '../../../support/approvers.ts';
import { type ControlPlane, caller, controlPlane, enrol } from '../../../support/control-plane.ts';
import { newKey, type TestKey } from '../../../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../../../support/manifests.ts';
import { Crash, type Step } from '../../../support/memory/steps.ts';
import { MODEL, PROMOTER, type Promoting, promoting, verdictOf, wanted } from '../../../support/promoting.ts';
import { refusal } from '../../../support/refusals.ts';

let plane: ControlPlane & { readonly key: TestKey };
let scene: Promoting;
/** Roles whose approvals the policy has. */
let given: readonly string[];
beforeEach(async () => {
  plane = await controlPlane();
  scene = await promoting(plane);
  given = [];
  scene.said.verdicts = (phase) => [verdictOf({ rule: 'signed' }), approvals(phase)];
  await plane.submit(signedBundle(aManifest({ model: { id: 'credit', sha256: MODEL } }), plane.key));
});

const ROLES = ['model-owner', 'privacy-officer'];

/** As policies/rules/required_approvals.rego. */
function approvals(phase: unknown): RuleVerdict {
  const rule = 'required_approvals';
  if (phase === 'request') {
    return verdictOf({ rule, verdict: 'not_applicable', reasons: [{ code: 'asked_at_release', params: {} }] });
  }
  const reasons = ROLES.filter((role) => !given.includes(role)).map((role) => ({
    code: 'approval_missing',
    params: { role },
  }));
  return verdictOf({ rule, verdict: reasons.length === 0 ? 'pass' : 'fail', reasons });
}

const failing = (phase: 'request' | 'release') => {
  scene.said.verdicts = (now) => [
    verdictOf({ rule: 'no_critical_finding', verdict: now === phase ? 'fail' : 'pass' }),
    approvals(now),
  ];
};

async function taken(request?: string): Promise<string> {
  const { id } = await scene.requested(request === undefined ? {} : { request });
  scene.set(id, { state: 'evaluating' });
  return id;
}

/** Everybody whom the gate named has approved. */
async function approved(): Promise<string> {
  const id = await taken();
  await evaluateRequest(scene.gateDeps, id);
  given = ROLES;
  return id;
}

describe('before people are asked, the gate', () => {
  it('names the roles whose approval the policy will want, and keeps its decision', async () => {
    const id = await taken();
    expect(await evaluateRequest(scene.gateDeps, id)).toEqual({ outcome: 'passed', roles: ROLES, round: 1 });
    const { request_decision, ...standing } = scene.standing(id);
    expect(standing).toMatchObject({ state: 'awaiting_approval', round: 1, roles: ROLES });
    expect(request_decision).toMatchObject({ passed: true });
    expect(await plane.ledger.find(request_decision?.evidence ?? '')).toBeDefined();
  });

  it('decides in the name of who asked, for this promotion', async () => {
    const id = await taken();
    await evaluateRequest(scene.gateDeps, id);
    const facts = plane.bucket.objects.get(`gates/inputs/${scene.standing(id).request_decision?.input}.json`);
    expect(JSON.parse(String(facts?.bytes))).toMatchObject({
      phase: 'request',
      requester: 'promoter',
      promotion: id,
      endpoint: 'credit',
      image_digest: `sha256:${digestOf('image')}`,
    });
  });

  it('refuses what it does not let through, and says by which rule', async () => {
    failing('request');
    const id = await taken();
    expect(await evaluateRequest(scene.gateDeps, id)).toMatchObject({ outcome: 'refused' });
    expect(scene.standing(id).failure).toEqual({
      code: 'GATE_CLOSED',
      detail: 'the gate does not let it through: no_critical_finding',
    });
  });

  it('refuses what no approval could mend', async () => {
    failing('release');
    expect(await evaluateRequest(scene.gateDeps, await taken())).toMatchObject({ outcome: 'refused' });
  });

  it('refuses a model that nobody speaks of', async () => {
    const { id } = await scene.requested({ model: digestOf('unknown'), request: 'build-2' });
    expect(await evaluateRequest(scene.gateDeps, id)).toMatchObject({ outcome: 'refused' });
    expect(scene.standing(id).failure).toMatchObject({ code: 'MODEL_UNKNOWN' });
  });

  it('asked again, lets stand what people approve on while nothing changes', async () => {
    const id = await taken();
    await evaluateRequest(scene.gateDeps, id);
    const { request_decision } = scene.standing(id);
    given = ['model-owner'];
    expect(await evaluateRequest(scene.gateDeps, id)).toEqual({
      outcome: 'passed',
      roles: ['privacy-officer'],
      round: 1,
    });
    expect(scene.standing(id)).toMatchObject({ request_decision, round: 1, changes: [] });
  });

  it('asked again when the policy has changed, begins the next round', async () => {
    const id = await taken();
    await evaluateRequest(scene.gateDeps, id);
    scene.said.policy = digestOf('stricter');
    expect(await evaluateRequest(scene.gateDeps, id)).toMatchObject({ outcome: 'passed', round: 2 });
    expect(scene.standing(id).changes).toEqual([
      { code: 'policy_changed', about: digestOf('policy') },
      { code: 'policy_changed', about: digestOf('stricter') },
    ]);
  });

  it('asked again after an approval was taken back, begins the round that whoever took it back did not come to', async () => {
    const id = await taken();
    await evaluateRequest(scene.gateDeps, id);
    await scene.ask(id, 'model-owner', { state: 'closed' });
    expect(await evaluateRequest(scene.gateDeps, id)).toEqual({ outcome: 'passed', roles: ROLES, round: 2 });
    expect(scene.standing(id).changes).toEqual([{ code: 'approval_withdrawn', about: 'model-owner' }]);
    // The ask is of a round that is over now.
    expect(await evaluateRequest(scene.gateDeps, id)).toMatchObject({ round: 2 });
  });

  it('asked again while one role could not be asked, forgets that: it did not end the promotion', async () => {
    const id = await taken();
    await evaluateRequest(scene.gateDeps, id);
    scene.set(id, { failure: { code: 'NOBODY_TO_ASK', detail: 'nobody may be asked as model-owner' } });
    scene.said.policy = digestOf('another policy');
    expect(await evaluateRequest(scene.gateDeps, id)).toMatchObject({ outcome: 'passed', round: 2 });
    expect(scene.standing(id).failure).toBeNull();
  });

  it('does not look for a promotion that shall not go on', async () => {
    const id = await taken();
    scene.set(id, { abort: { cause: 'cancelled', by: null, reason: 'no', at: '2026-01-01T00:00:00.000Z' } });
    await expect(evaluateRequest(scene.gateDeps, id)).rejects.toMatchObject({ name: 'PromotionCancelled' });
  });

  it.each<Step>(['put-gate-input', 'put-decision', 'state-promotion'])(
    'that died at %s comes to the same when it runs again',
    async (step) => {
      const id = await taken();
      plane.steps.crashAt(step, 'done');
      await expect(evaluateRequest(scene.gateDeps, id)).rejects.toThrow(Crash);
      expect(await evaluateRequest(scene.gateDeps, id)).toEqual({ outcome: 'passed', roles: ROLES, round: 1 });
    },
  );

  it('that comes too late concludes nothing, and what it decided is found all the same', async () => {
    const id = await taken();
    plane.steps.before('state-promotion', async () => scene.set(id, {}));
    await expect(evaluateRequest(scene.gateDeps, id)).rejects.toThrow(refusal('REVISION_CONFLICT'));
    expect(scene.standing(id).request_decision).toBeNull();
    const { items } = await plane.ledger.list(lookup.decisions(MODEL), { limit: 10 });
    expect(items.filter(({ result }) => result === 'PASSED')).toHaveLength(1);
  });
});

describe('after people were asked, the gate', () => {
  it('lets through what is as they approved it', async () => {
    const id = await approved();
    expect(await evaluateRelease(scene.gateDeps, id)).toMatchObject({ outcome: 'passed', round: 1 });
    expect(scene.standing(id).release_decision).toMatchObject({ passed: true });
  });

  it('has them asked again when an attestation is superseded, and tells why', async () => {
    const id = await approved();
    const again = aManifest({ model: { id: 'credit', sha256: MODEL }, run_id: 'another-run' });
    const { record } = await plane.submit(signedBundle(again, plane.key));
    expect(await evaluateRelease(scene.gateDeps, id)).toMatchObject({ outcome: 'ask_again', round: 2 });
    const changes = [{ code: 'attestation_superseded', about: record.sha256 }];
    expect(scene.standing(id)).toMatchObject({ state: 'evaluating', round: 2, changes });
    expect(scene.announced.at(-1)).toMatchObject({
      type: 'dev.countersign.promotion.reopened.v1',
      data: { promotion: id, changes },
    });
    given = [];
    expect(await evaluateRequest(scene.gateDeps, id)).toEqual({ outcome: 'passed', roles: ROLES, round: 2 });
  });

  it('has the one asked again who took an approval back', async () => {
    const id = await approved();
    given = ['model-owner'];
    expect(await evaluateRelease(scene.gateDeps, id)).toMatchObject({ outcome: 'ask_again' });
    expect(scene.standing(id).changes).toEqual([{ code: 'approval_withdrawn', about: 'privacy-officer' }]);
  });

  it('judges anew when what it judged changed meanwhile, and never what has ended', async () => {
    const id = await approved();
    scene.said.verdicts = (phase) => {
      if (scene.standing(id).state === 'awaiting_approval') scene.set(id, { state: 'evaluating', round: 2 });
      return [verdictOf({ rule: 'signed' }), approvals(phase)];
    };
    await expect(evaluateRelease(scene.gateDeps, id)).rejects.toThrow(refusal('REVISION_CONFLICT'));
    expect(scene.standing(id).release_decision).toBeNull();
    const ended = await taken('build-2');
    scene.said.verdicts = (phase) => {
      scene.set(ended, { state: 'failed' });
      return [verdictOf({ rule: 'signed' }), approvals(phase)];
    };
    await expect(evaluateRequest(scene.gateDeps, ended)).rejects.toThrow();
    expect(scene.standing(ended).state).toBe('failed');
  });

  it.each([
    ['left', { state: 'left' }],
    ['lost the role', { roles: ['auditor'] }],
  ] satisfies [string, Partial<ChangeApprover>][])(
    'has the role asked again whose approver %s since; who is away did approve',
    async (_, changes) => {
      const people = approverDeps(plane);
      for (const role of ROLES) await enlist(people, `person-${role}`, { roles: [role] });
      const id = await approved();
      for (const role of ROLES) {
        const said = { evidence: digestOf(role), person: `person-${role}`, at: plane.clock.now().toISOString() };
        await scene.ask(id, role, { state: 'approved', decided: said });
      }
      const absence = { from: '2020-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z', deputy: null };
      await changeApprover(people, 'person-model-owner', { revision: 1, absence }, PEOPLE_ADMIN);
      expect(await evaluateRelease(scene.gateDeps, id)).toMatchObject({ outcome: 'passed' });
      await changeApprover(people, 'person-privacy-officer', { revision: 1, ...changes }, PEOPLE_ADMIN);
      expect(await evaluateRelease(scene.gateDeps, id)).toMatchObject({ outcome: 'ask_again', round: 2 });
      expect(scene.standing(id).changes).toEqual([{ code: 'approver_left', about: 'privacy-officer' }]);
    },
  );

  it('refuses what it does not let through any more', async () => {
    const id = await approved();
    scene.said.verdicts = (phase) => [verdictOf({ rule: 'signed', verdict: 'undetermined' }), approvals(phase)];
    expect(await evaluateRelease(scene.gateDeps, id)).toMatchObject({ outcome: 'refused' });
    expect(scene.standing(id).failure).toMatchObject({ code: 'GATE_CLOSED' });
  });

  it('that asked again and was not heard says the same once more', async () => {
    const id = await approved();
    scene.said.policy = digestOf('stricter');
    plane.steps.crashAt('announce', 'lost');
    await expect(evaluateRelease(scene.gateDeps, id)).rejects.toThrow(Crash);
    expect(await evaluateRelease(scene.gateDeps, id)).toMatchObject({ outcome: 'ask_again', round: 2 });
    expect(scene.standing(id)).toMatchObject({ round: 2, events: 2 });
  });

  it('counts only approvals that were given in this round', async () => {
    await enlist(approverDeps(plane), 'p-1');
    const id = await approved();
    const approval = (evidence: string, promotion: string | null) => ({
      evidence,
      role: 'model-owner',
      person: 'p-1',
      decision: 'approved' as const,
      model: MODEL,
      environment: 'production' as const,
      endpoint: null,
      image_digest: null,
      promotion,
      decided_at: plane.clock.now().toISOString(),
    });
    const [earlier, now, elsewhere] = ['earlier', 'now', 'elsewhere'].map(digestOf);
    scene.approvals.push(approval(earlier ?? '', id), approval(now ?? '', id), approval(elsewhere ?? '', null));
    const decided = { evidence: now ?? '', person: 'p-1', at: plane.clock.now().toISOString() };
    await scene.ask(id, 'model-owner', { state: 'approved', token: null, decided });
    await evaluateRelease(scene.gateDeps, id);
    const facts = plane.bucket.objects.get(`gates/inputs/${scene.standing(id).release_decision?.input}.json`);
    const { items } = JSON.parse(String(facts?.bytes)).approvals;
    expect(items.map(({ evidence }: { evidence: string }) => evidence)).toEqual([now, elsewhere]);
  });
});

describe('past the gate', () => {
  const breakGlass = async (second: string) => {
    await enrol(plane, second, newKey()).catch(() => undefined);
    const { promotion } = await requestPromotion(scene.promoterDeps, wanted(), PROMOTER, 'break_glass');
    await confirmPromotion(scene.promoterDeps, promotion.id, 'the site is down', caller(second));
    return promotion.id;
  };

  it('what the gate says is kept, and nobody is asked', async () => {
    failing('request');
    const id = await breakGlass('second-person');
    expect(await evaluateRequest(scene.gateDeps, id)).toEqual({ outcome: 'passed', roles: [], round: 1 });
    expect(scene.standing(id).request_decision).toMatchObject({ passed: false });
  });

  it('nobody releases a model that they made', async () => {
    const id = await breakGlass('training-pipeline');
    expect(await evaluateRequest(scene.gateDeps, id)).toMatchObject({ outcome: 'refused' });
    expect(scene.standing(id).failure).toMatchObject({ code: 'DUTIES_NOT_SEPARATE' });
  });
});

describe('the bytes of the model', () => {
  const verify = async (bytes: string, isStored = true) => {
    const { id } = await scene.requested({ model: sha256Hex(Buffer.from('as approved')), request: 'build-2' });
    const record = { version_id: 'v1', size: bytes.length };
    const ledger = { findArtifact: async () => (isStored ? Object(record) : undefined) };
    const artifacts = { stream: async () => Readable.from([Buffer.from(bytes)]) };
    await verifyModel({ ...scene.gateDeps, ledger, artifacts }, id);
    return id;
  };

  it('are read and compared with the digest', async () => {
    await expect(verify('as approved')).resolves.toMatch(/^[0-9a-f]{64}$/);
  });

  it('are a breach when they are others', async () => {
    await expect(verify('others')).rejects.toMatchObject({ name: 'IntegrityFailure' });
    expect([...scene.promotions.promotions.values()]).toMatchObject([{ failure: { code: 'IntegrityFailure' } }]);
  });

  it('must be stored', async () => {
    await expect(verify('', false)).rejects.toMatchObject({ code: 'MODEL_NOT_STORED' });
  });
});
