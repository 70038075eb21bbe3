import type { Context } from 'aws-lambda';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Announcement } from '../../../lib/contracts/announcements.ts';
import { mailTags } from '../../../lib/core/approvals/mail-tags.ts';
import { approvalWatch } from '../../../lib/runtime/approval-watch.ts';
import { type Approving, approving, decideBy } from '../../support/approving.ts';
import { type ControlPlane, controlPlane } from '../../support/control-plane.ts';
import type { TestKey } from '../../support/keys.ts';
import { Crash } from '../../support/memory/steps.ts';
import { stages } from '../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
const { post } = stages(() => plane);
beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  plane = await controlPlane();
  world = approving(plane);
  await post();
  await world.enlist('p-1', { mail: 'daily' });
});

const PROMOTION = 'a'.repeat(64);
const TAGS = Object.fromEntries(
  Object.entries(mailTags({ person: 'p-1', promotion: PROMOTION, role: 'model-owner' })).map(([name, value]) => [
    name,
    [value],
  ]),
);

/** An event as EventBridge hands it over. */
const handed = async (source: string, type: string, detail: object) => {
  const event = {
    source,
    'detail-type': type,
    detail,
    id: '',
    version: '0',
    account: '',
    time: '',
    region: '',
    resources: [],
  };
  return await approvalWatch({ gate: world.watchDeps, people: world.digestDeps })(
    event,
    Object({ awsRequestId: '1' }) as Context,
  );
};
const fromSes = (detail: object) => handed('aws.ses', 'Email Bounced', detail);
const bounce = (bounceType: string, tags: object = TAGS) => ({
  eventType: 'Bounce',
  bounce: { bounceType, bouncedRecipients: [{ emailAddress: 'p-1@example.org' }] },
  mail: { destination: ['p-1@example.org'], tags },
});

describe('news of SES', () => {
  it.each([
    ['a bounce', bounce('Permanent'), 'came back: nobody'],
    ['a bounce that may be for now', bounce('Transient'), 'came back, which may change'],
    ['a complaint', { eventType: 'Complaint', mail: { tags: TAGS } }, 'reported as unwanted'],
    ['a mail that SES threw away', { eventType: 'Reject', mail: { tags: TAGS } }, 'thrown away by SES'],
  ])('of %s open an incident about the person, by id', async (_, detail, says) => {
    await fromSes(detail);
    expect(world.incidents).toEqual([
      {
        kind: 'mail_undeliverable',
        subject: 'p-1',
        detail: expect.stringMatching(
          `^a mail to p-1 that asks as model-owner in the promotion ${PROMOTION} .*${says}`,
        ),
        endpoint: null,
        model: null,
        evidence: [],
      },
    ]);
  });

  it('that come twice, or of another mail to the same person, are about the same incident', async () => {
    await fromSes(bounce('Permanent'));
    await fromSes(bounce('Permanent'));
    await fromSes(bounce('Permanent', { person: TAGS.person }));
    expect(new Set(world.incidents.map(({ kind, subject }) => `${kind} ${subject}`)).size).toBe(1);
  });

  it.each([
    ['no tags', {}],
    ['tags of no mail of ours', { promotion: ['../../x'], role: ['<b>'], person: ['%%%'] }],
    ['tags that are no lists of one', { promotion: [PROMOTION, PROMOTION], role: 'model-owner', person: [1] }],
    ['an address for an id', { person: [Buffer.from('a b <a@example.org>').toString('base64url')] }],
    ['names of what every object has', { constructor: ['x'], __proto__: { person: TAGS.person } }],
  ])('with %s open one about nobody, that repeats nothing of them', async (_, tags) => {
    await fromSes(bounce('Permanent', tags));
    expect(world.incidents).toMatchObject([
      { subject: 'nobody', detail: 'a mail to nobody that it names came back: nobody has read it' },
    ]);
  });

  it.each(['Delivery', 'constructor', '__proto__'])(
    'of the type %s are no bad news, and mail nobody',
    async (eventType) => {
      await fromSes({ eventType, mail: { tags: TAGS } });
      expect([world.incidents, world.mails]).toEqual([[], []]);
    },
  );

  it.each([
    ['nothing', {}],
    ['a mail that is none', { eventType: 'Bounce', mail: 'x' }],
    ['a type that is no text', { eventType: ['Bounce'], mail: {} }],
  ])('that hold %s are refused, so that they are tried again and seen', async (_, detail) => {
    await expect(fromSes(detail)).rejects.toThrow();
    expect(world.incidents).toEqual([]);
  });
});

describe('the end of a promotion', () => {
  it('is told to who had approved, as the record has it and not the announcement', async () => {
    await world.enlist('p-2');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    await decideBy(world, 'p-2', 'approve');
    const announced = () =>
      handed('countersign', Announcement.promotionRefused, { data: { promotion: promotion.id, state: 'refused' } });
    expect(await announced()).toEqual({ told: [] });
    world.change(promotion.id, { state: 'refused' });
    expect(await announced()).toEqual({ told: ['p-2'] });
    expect(world.mails.at(-1)).toMatchObject({
      to: 'p-2@example.org',
      content: { kind: 'notice', outcome: 'refused' },
    });
  });

  it('that names no promotion is none of ours', async () => {
    await expect(handed('countersign', Announcement.promotionEnded, { data: { promotion: '../x' } })).rejects.toThrow();
  });
});

describe('the day', () => {
  it('sends digests, and no other event does', async () => {
    await world.ask(await world.awaiting('run-1'), 'model-owner');
    expect(await handed('aws.events', 'Scheduled Event', {})).toEqual({ mails: 1 });
    await expect(handed('somebody', 'Something', {})).rejects.toThrow('no rule of ours');
    expect(world.mails).toHaveLength(1);
  });

  it.each(['announce', 'send-mail'] as const)('does the rest where %s fails, and then all of it', async (step) => {
    await world.ask(await world.awaiting('run-1'), 'model-owner');
    const unconfirmed = { kind: 'break_glass', requested_at: '2020-01-01T00:00:00.000Z' } as const;
    const { id } = await world.awaiting('run-2', unconfirmed);
    const isEnded = () => world.table.promotions.get(id)?.state === 'expired';
    plane.steps.crashAt(step, 'lost');
    await expect(handed('aws.events', 'Scheduled Event', {})).rejects.toThrow(Crash);
    expect([world.mails.length, isEnded()]).toEqual(step === 'announce' ? [1, false] : [0, true]);
    await handed('aws.events', 'Scheduled Event', {});
    expect([world.mails.length > 0, isEnded()]).toEqual([true, true]);
  });
});
