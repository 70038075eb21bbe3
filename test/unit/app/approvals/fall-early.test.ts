import { beforeEach, describe, expect, it } from 'vitest';
import { fallEarly } from '../../../../lib/app/approvals/fall-early.ts';
import { tellEnded } from '../../../../lib/app/approvals/tell-ended.ts';
import { revokeKey } from '../../../../lib/app/manage-registry.ts';
import { Announcement } from '../../../../lib/contracts/announcements.ts';
import { OwnPredicate, Predicate } from '../../../../lib/contracts/predicates.ts';
import { PromotionError } from '../../../../lib/contracts/promotion.ts';
import { aboutOf } from '../../../../lib/core/approvals/arrival.ts';
import { type Approving, approving, decideBy } from '../../../support/approving.ts';
import { ADMIN, type ControlPlane, caller, controlPlane, enrol } from '../../../support/control-plane.ts';
import { newKey, type TestKey } from '../../../support/keys.ts';
import { aScaiReport, digestOf, signedStatement } from '../../../support/manifests.ts';
import { Crash, type Step } from '../../../support/memory/steps.ts';
import { PASSED } from '../../../support/releasing.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
/** What people are shown: all that was said of the model. */
let shown: string;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = approving(plane);
  shown = await post();
  await world.enlist('p-1');
  await world.enlist('p-2', { roles: ['privacy-officer'] });
});

/** What the stream tells of a piece of evidence. */
async function arrived(evidence: string) {
  const record = await plane.ledger.find(evidence);
  if (!record) throw new Error(`${evidence} is not there`);
  return await fallEarly(world.watchDeps, [{ evidence, about: aboutOf(record) }]);
}

describe('evidence that arrives while people decide', () => {
  it('has everybody asked anew, and told why, when it takes the place of what they were shown', async () => {
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    const other = await world.ask(promotion, 'privacy-officer');
    await decideBy(world, 'p-1', 'approve');
    expect(await arrived(await post())).toEqual([promotion.id]);
    expect(world.answers.get(other)).toBe(PromotionError.changed);
    const standing = world.table.promotions.get(promotion.id);
    expect(standing).toMatchObject({ state: 'evaluating', round: 2, changes: [{ code: 'attestation_superseded' }] });
    await world.ask(promotion, 'model-owner', { round: 2 });
    expect(world.mails.at(-1)?.content.kind).toBe('asked_again');
    expect([...world.table.rows.values()]).toMatchObject([{ ended_at: plane.clock.now().toISOString() }]);
  });

  it('has those asked anew whose facts can be read, also where those of another cannot', async () => {
    const [broken, sound] = [await world.awaiting('run-1'), await world.awaiting('run-2')];
    const gone = broken.request_decision && { ...broken.request_decision, evidence: digestOf('no decision') };
    world.change(broken.id, { request_decision: gone });
    expect(await arrived(await post())).toEqual([sound.id]);
    const warnings = plane.logged.filter(({ event }) => event === 'INTEGRITY_FAILURE');
    expect(warnings).toMatchObject([{ fields: { promotion: broken.id } }]);
  });

  it('has them asked anew when a data set that the model rests on is spoken of by its privacy officer', async () => {
    const officer = newKey();
    const consent = { predicate_types: [Predicate.scai], scai_attributes: ['DATASET_CONSENT'] };
    await enrol(plane, 'privacy', officer, { role: 'privacy-officer', ...consent });
    const promotion = await world.awaiting('run-1');
    const token = await world.ask(promotion, 'model-owner');
    const withdrawn = signedStatement(aScaiReport(['DATASET_CONSENT']), officer);
    const { record } = await plane.submit(withdrawn, 'attestations', caller('privacy'));
    expect(await arrived(record.sha256)).toEqual([promotion.id]);
    expect(world.answers.get(token)).toBe(PromotionError.changed);
    expect(world.table.promotions.get(promotion.id)?.changes).toEqual([
      { code: 'consent_or_review_changed', about: record.sha256 },
    ]);
  });

  it('tells those who are asked, also in digests, and who approved, that the gate closes: nobody is asked again', async () => {
    await world.enlist('p-3', { mail: 'daily' });
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    const waiting = await world.ask(promotion, 'privacy-officer');
    await decideBy(world, 'p-1', 'approve');
    expect(world.mails.map(({ to }) => to)).not.toContain('p-3@example.org');
    const before = world.mails.length;
    const evidence = await post();
    const inForce = await world.watchDeps.policies.inForce(undefined);
    const denied = { ...PASSED, rule: 'dataset_consent', verdict: 'fail' } as const;
    const main = { ...inForce.main, evaluate: async () => ({ verdicts: [denied], warnings: [] }) };
    const deps = { ...world.watchDeps, policies: { inForce: async () => ({ ...inForce, main }) } };
    expect(await fallEarly(deps, [{ evidence, about: null }])).toEqual([promotion.id]);
    expect(world.mails.slice(before)).toMatchObject(
      ['p-1', 'p-3', 'p-2'].map((person) => ({
        to: `${person}@example.org`,
        content: {
          kind: 'notice',
          outcome: 'refused',
          because: expect.arrayContaining([
            `Newer evidence takes the place of what was relied on: ${evidence}.`,
            'The gate does not let it through any more: dataset_consent.',
          ]),
        },
      })),
    );
    expect(world.answers.get(waiting)).toBe(PromotionError.changed);
    // Who was mailed why need not be mailed that.
    world.change(promotion.id, { state: 'refused', ended_at: plane.clock.now().toISOString() });
    expect(await tellEnded(world.digestDeps, promotion.id)).toEqual([]);
  });

  it('ends the waits for answers though SES takes no mail, of every promotion that it falls in; the end is mailed later', async () => {
    const [one, other] = [await world.awaiting('run-1'), await world.awaiting('run-2')];
    await world.ask(one, 'model-owner');
    await decideBy(world, 'p-1', 'approve');
    const tokens = [await world.ask(one, 'privacy-officer'), await world.ask(other, 'model-owner')];
    const evidence = await post();
    const inForce = await world.watchDeps.policies.inForce(undefined);
    const denied = { ...PASSED, rule: 'dataset_consent', verdict: 'fail' } as const;
    const main = { ...inForce.main, evaluate: async () => ({ verdicts: [denied], warnings: [] }) };
    const deps = { ...world.watchDeps, policies: { inForce: async () => ({ ...inForce, main }) } };
    world.mailService.isDown = true;
    expect(await fallEarly(deps, [{ evidence, about: null }])).toEqual([one.id, other.id]);
    expect(tokens.map((token) => world.answers.get(token))).toEqual([PromotionError.changed, PromotionError.changed]);
    world.mailService.isDown = false;
    world.change(one.id, { state: 'refused', ended_at: plane.clock.now().toISOString() });
    expect(await tellEnded(world.digestDeps, one.id)).toEqual(['p-1']);
  });

  it('has them asked anew when the key is revoked that signed what they were shown', async () => {
    const promotion = await world.awaiting('run-1');
    const token = await world.ask(promotion, 'model-owner');
    const revocation = { effective_at: '2026-01-01T00:00:00Z', reason: 'it was found on a disk' };
    const { event } = await revokeKey(plane.registryDeps, plane.key.keyid, revocation, ADMIN);
    expect(await arrived(event ?? '')).toEqual([promotion.id]);
    expect(world.answers.get(token)).toBe(PromotionError.changed);
    expect(world.table.promotions.get(promotion.id)?.changes).toEqual([{ code: 'signature_changed', about: shown }]);
  });

  it('has them asked anew when another policy comes into force', async () => {
    const promotion = await world.awaiting('run-1');
    const token = await world.ask(promotion, 'model-owner');
    const inForce = await world.watchDeps.policies.inForce(undefined);
    const main = { ...inForce.main, sha256: digestOf('stricter policy') };
    const policies = { inForce: async () => ({ ...inForce, main }) };
    const activated = {
      evidence: digestOf('activation'),
      about: aboutOf({ predicate_type: OwnPredicate.policyEvent }),
    };
    expect(await fallEarly({ ...world.watchDeps, policies }, [activated])).toEqual([promotion.id]);
    expect(world.answers.get(token)).toBe(PromotionError.changed);
    expect(world.table.promotions.get(promotion.id)?.changes).toEqual(
      ['policy', 'stricter policy'].map((name) => ({ code: 'policy_changed', about: digestOf(name) })),
    );
  });

  it('has them asked anew once, though it is told twice', async () => {
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    const evidence = await post();
    expect(await arrived(evidence)).toEqual([promotion.id]);
    expect(await arrived(evidence)).toEqual([]);
    expect(world.table.promotions.get(promotion.id)?.round).toBe(2);
    const news = new Set(world.announced.map(({ id }) => id));
    expect([...news]).toEqual([`${promotion.id}/${Announcement.promotionReopened}/2`]);
  });

  it.each([
    ['put-event', 'done'],
    ['save-promotion', 'lost'],
    ['save-promotion', 'done'],
    ['announce', 'lost'],
    ['announce', 'done'],
    ['answer-wait', 'lost'],
    ['answer-wait', 'done'],
  ] satisfies [Step, 'lost' | 'done'][])(
    'has them all asked anew when it comes again, though the first run died at %s (%s)',
    async (step, fate) => {
      const promotion = await world.awaiting('run-1');
      const tokens = [await world.ask(promotion, 'model-owner'), await world.ask(promotion, 'privacy-officer')];
      const evidence = await post();
      plane.steps.crashAt(step, fate);
      await expect(arrived(evidence)).rejects.toThrow(Crash);
      await arrived(evidence);
      expect(tokens.map((token) => world.answers.get(token))).toEqual(tokens.map(() => PromotionError.changed));
      expect(world.table.promotions.get(promotion.id)).toMatchObject({ state: 'evaluating', round: 2, events: 2 });
      const news = new Set(world.announced.map(({ id }) => id));
      expect([...news]).toEqual([`${promotion.id}/${Announcement.promotionReopened}/2`]);
    },
  );

  it('changes nothing when it speaks of something else', async () => {
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    const elsewhere = await post({ model: { id: 'other', sha256: 'a'.repeat(64) }, dataset: undefined });
    expect(await arrived(elsewhere)).toEqual([]);
    expect(world.table.promotions.get(promotion.id)?.round).toBe(1);
  });

  it('is held against what people were shown, which is read once, however much else comes', async () => {
    await world.awaiting('run-1');
    const elsewhere = { evidence: digestOf('scan'), about: new Set([digestOf('another image')]) };
    const reads: string[] = [];
    const store = {
      ...plane.submitDeps.store,
      read: async (key: string) => {
        reads.push(key);
        return await plane.submitDeps.store.read(key);
      },
    };
    for (let times = 0; times < 3; times++) await fallEarly({ ...world.watchDeps, store }, [elsewhere]);
    expect(reads).toEqual([expect.stringContaining('gates/inputs/')]);
  });

  it('costs nothing but one look where nobody waits', async () => {
    await world.awaiting('run-1', { state: 'deploying' });
    expect(await arrived(await post())).toEqual([]);
  });
});
