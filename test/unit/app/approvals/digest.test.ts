import { beforeEach, describe, expect, it } from 'vitest';
import { sendDigests } from '../../../../lib/app/approvals/digest.ts';
import { tellEnded } from '../../../../lib/app/approvals/tell-ended.ts';
import { mailTags, readMailTags } from '../../../../lib/core/approvals/mail-tags.ts';
import { DomainError } from '../../../../lib/core/errors.ts';
import { type Approving, approving, decideBy } from '../../../support/approving.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = approving(plane);
  await post();
  await world.enlist('p-1', { mail: 'daily', roles: ['model-owner', 'privacy-officer'] });
  await world.enlist('p-2', { roles: ['model-owner', 'privacy-officer'] });
});

const digests = () => world.mails.filter(({ content }) => content.kind === 'digest');

describe('the daily digest', () => {
  it('has everything that one person is asked, each with a link that serves, and goes to nobody else', async () => {
    const [one, other] = [await world.awaiting('run-1'), await world.awaiting('run-2')];
    await world.ask(one, 'model-owner');
    const token = await world.ask(other, 'privacy-officer');
    expect(await sendDigests(world.digestDeps)).toBe(1);
    expect(digests()).toMatchObject([
      {
        to: 'p-1@example.org',
        content: {
          questions: [
            { role: 'model-owner', summary: { promotion: one.id } },
            { role: 'privacy-officer', summary: { promotion: other.id } },
          ],
        },
      },
    ]);
    const links = digests()[0]?.text.match(/(?<=approve\/)[\w-]{43}/g) ?? [];
    expect(new Set(links).size).toBe(2);
    await decideBy(world, 'p-1', 'approve', '', links[1]);
    expect(world.answers.get(token)).toBe('succeeded');
  });

  it('says nothing to nobody: of what is decided, ended, asked anew, or asked of those with another duty', async () => {
    const [decided, ended, barred] = [
      await world.awaiting('run-1'),
      await world.awaiting('run-2'),
      await world.awaiting('run-3'),
    ];
    await world.ask(decided, 'model-owner');
    await decideBy(world, 'p-2', 'approve');
    await world.ask(ended, 'model-owner');
    world.change(ended.id, { state: 'cancelled' });
    await world.ask(barred, 'model-owner');
    await decideBy(world, 'p-2', 'approve');
    await world.ask(barred, 'privacy-officer');
    expect(await sendDigests(world.digestDeps)).toBe(1);
    expect(digests()).toMatchObject([{ content: { questions: [{ summary: { promotion: barred.id } }] } }]);
  });

  it.each(['asked', 'ended'] as const)('comes though a promotion that others %s cannot be read', async (which) => {
    await world.enlist('p-3', { mail: 'daily', roles: ['risk-officer'] });
    const [broken, sound] = [await world.awaiting('run-1'), await world.awaiting('run-2')];
    await world.ask(broken, 'risk-officer', { reminder: 2 });
    if (which === 'ended') {
      await decideBy(world, 'p-3', 'approve');
      world.change(broken.id, { state: 'refused', ended_at: plane.clock.now().toISOString() });
      await tellEnded(world.digestDeps, broken.id);
    }
    await world.ask(sound, 'model-owner');
    const { promotions } = world.digestDeps;
    const find: typeof promotions.find = async (id) => {
      if (id === broken.id) throw new DomainError('INTEGRITY_FAILURE', 'the item has another form than we write');
      return await promotions.find(id);
    };
    expect(await sendDigests({ ...world.digestDeps, promotions: { ...promotions, find } })).toBe(1);
    expect(digests().map(({ to }) => to)).toEqual(['p-1@example.org']);
    expect(plane.logged).toContainEqual(
      expect.objectContaining({
        event: 'INTEGRITY_FAILURE',
        fields: expect.objectContaining({ promotion: broken.id }),
      }),
    );
  });

  it('comes twice where it is sent twice, and both mails serve', async () => {
    const token = await world.ask(await world.awaiting('run-1'), 'model-owner');
    for (const _ of [1, 2]) await sendDigests(world.digestDeps);
    const [first, second] = world.linksOf('p-1');
    expect(first).not.toBe(second);
    await decideBy(world, 'p-1', 'approve', '', first);
    expect(world.answers.get(token)).toBe('succeeded');
  });

  it('comes of what can be read, also where one promotion cannot be', async () => {
    const [broken, sound] = [await world.awaiting('run-1'), await world.awaiting('run-2')];
    for (const one of [broken, sound]) await world.ask(one, 'model-owner');
    world.change(broken.id, { endpoint: 'another' });
    expect(await sendDigests(world.digestDeps)).toBe(1);
    expect(digests()).toMatchObject([{ content: { questions: [{ summary: { promotion: sound.id } }] } }]);
    const warnings = plane.logged.filter(({ event }) => event === 'INTEGRITY_FAILURE');
    expect(warnings).toMatchObject([{ fields: { promotion: broken.id } }]);
  });

  it('that SES does not take is an incident, not a silent wait', async () => {
    world.refused.add('p-1@example.org');
    await world.ask(await world.awaiting('run-1'), 'model-owner');
    await sendDigests(world.digestDeps);
    expect(world.incidents).toMatchObject([{ kind: 'mail_undeliverable', subject: 'p-1' }]);
    expect(JSON.stringify(world.incidents)).not.toContain('example.org');
  });
});

describe('the tags of a mail', () => {
  it('come back as they went out, of ids that SES would not take too', () => {
    const about = { person: 'p.1+x@org', promotion: 'a'.repeat(64), role: 'model-owner' };
    const tags = mailTags(about);
    for (const value of Object.values(tags)) expect(value).toMatch(/^[\w-]{1,256}$/);
    expect(readMailTags(Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]])))).toEqual(
      about,
    );
  });
});
