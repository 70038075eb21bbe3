import { Webhook } from 'standardwebhooks';
import { beforeEach, describe, expect, it } from 'vitest';
import { kmsTokens } from '../../../lib/adapters/kms/tokens.ts';
import { sweep } from '../../../lib/app/webhooks/deliver.ts';
import { changeWebhook, rotateSecret } from '../../../lib/app/webhooks/manage-webhooks.ts';
import { replay } from '../../../lib/app/webhooks/replay.ts';
import { Announcement } from '../../../lib/contracts/announcements.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import { answeringKms, refusedByKms } from '../../support/answering.ts';
import { checkLedger } from '../../support/check-ledger.ts';
import { DAY } from '../../support/clock.ts';
import { type ControlPlane, controlPlane } from '../../support/control-plane.ts';
import { Crash } from '../../support/memory/steps.ts';
import { refusal } from '../../support/refusals.ts';
import { announced, OPERATOR, webhooks } from '../../support/webhooks.ts';

let plane: ControlPlane;
let hooks: ReturnType<typeof webhooks>;
beforeEach(async () => {
  plane = await controlPlane();
  hooks = webhooks(plane);
});

const released = (id = 'r-1') => announced(id, plane.clock.now());
const delivery = () => [...hooks.deliveries.items.values()][0];
/** Lets the sweep run every minute, as its rule does. */
const pass = async (milliseconds: number) => {
  const end = plane.clock.now().getTime() + milliseconds;
  while (plane.clock.now().getTime() < end) {
    plane.clock.advance(Math.min(60_000, end - plane.clock.now().getTime()));
    await sweep(hooks.deliver);
  }
};
const failing = (times: number, status = 500) =>
  hooks.answers.push(...Array.from({ length: times }, () => ({ status, reason: null })));
const messages = (event: string) => plane.logged.filter((line) => line.event === event);

describe('what is announced', () => {
  it('is sent whole and at once to who asked for its type', async () => {
    await hooks.add({ types: [Announcement.released] });
    await hooks.add({ id: 'incidents', types: [Announcement.incidentOpened] });
    await hooks.announce(released());
    expect(hooks.posted).toHaveLength(1);
    const [post] = hooks.posted;
    expect(post?.url).toBe('https://hooks.example.org/countersign');
    expect(JSON.parse(post?.body ?? '')).toEqual(released());
    expect(post?.headers['content-type']).toContain('application/cloudevents+json');
    expect(delivery()).toMatchObject({ webhook: 'siem', state: 'delivered', attempts: 1, due: null });
  });

  it('is sent once, however often it is announced', async () => {
    await hooks.add();
    await hooks.announce(released());
    await hooks.announce(released());
    expect(hooks.posted).toHaveLength(1);
    await hooks.announce(released('r-2'));
    expect(new Set(hooks.posted.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  });

  it.each(['lost', 'done'] as const)('is found by the sweep when the sender dies taking it in (%s)', async (fate) => {
    await hooks.add();
    plane.steps.crashAt('save-delivery', fate);
    await expect(hooks.announce(released())).rejects.toThrow(Crash);
    // Lambda hands the same event over again.
    await hooks.announce(released());
    await sweep(hooks.deliver);
    expect(hooks.posted).toHaveLength(1);
  });

  it('is tried again when the sender dies after the attempt: better twice than never', async () => {
    await hooks.add();
    hooks.answers.push({ status: 204, reason: null });
    plane.steps.before('save-delivery', async () => {
      plane.steps.before('save-delivery', async () => {
        plane.steps.before('save-delivery', async () => plane.steps.crashAt('save-delivery', 'lost'));
      });
    });
    await expect(hooks.announce(released())).rejects.toThrow(Crash);
    expect(await sweep(hooks.deliver)).toBe(0);
    await pass(60_000);
    expect(hooks.posted.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(2).fill(hooks.posted[0]?.headers['webhook-id']),
    );
    expect(delivery()?.state).toBe('delivered');
  });

  /** Has KMS answer so where it is to open a secret of the first webhook. */
  const refuseSecrets = (name: string) => {
    const { secrets } = hooks.deliver;
    const refusing = kmsTokens(answeringKms([refusedByKms(name)]), 'a-key');
    const open: typeof secrets.open = async (sealed, context) =>
      await (JSON.stringify(context).includes('siem') ? refusing : secrets).open(sealed, context);
    Object.assign(hooks.deliver, { secrets: { open } });
    return () => Object.assign(hooks.deliver, { secrets });
  };
  const deliveries = () =>
    Object.fromEntries(
      [...hooks.deliveries.items.values()].map(({ webhook, state, attempts, last }) => [
        webhook,
        [state, attempts, last?.reason],
      ]),
    );

  it.each(['InvalidCiphertextException', 'IncorrectKeyException', 'ValidationException'])(
    'reaches the others when KMS opens no secret of one (%s), which is tried again',
    async (name) => {
      await hooks.add();
      await hooks.add({ id: 'other' });
      refuseSecrets(name);
      await hooks.announce(released());
      expect(hooks.posted).toHaveLength(1);
      await pass(60_000);
      expect(deliveries()).toEqual({ siem: ['pending', 2, 'no_secret'], other: ['delivered', 1, null] });
    },
  );

  it('costs a webhook no attempt while KMS is busy, and reaches it a minute later', async () => {
    await hooks.add();
    await hooks.add({ id: 'other' });
    const mend = refuseSecrets('ThrottlingException');
    await hooks.announce(released());
    await pass(10 * 60_000);
    expect(deliveries()).toEqual({ siem: ['pending', 0, undefined], other: ['delivered', 1, null] });
    mend();
    await pass(60_000);
    expect(deliveries().siem).toEqual(['delivered', 1, null]);
  });

  it('fails the sender that may not use the key, and comes once it may', async () => {
    await hooks.add();
    const mend = refuseSecrets('AccessDeniedException');
    await expect(hooks.announce(released())).rejects.toThrow('refused');
    mend();
    await pass(60_000);
    expect(deliveries().siem).toEqual(['delivered', 1, null]);
  });

  it('is tried by one of two sweeps that run at once', async () => {
    await hooks.add();
    failing(2);
    await hooks.announce(released());
    plane.clock.advance(6 * 60_000);
    await Promise.all([sweep(hooks.deliver), sweep(hooks.deliver)]);
    expect(hooks.posted).toHaveLength(3);
  });
});

describe('a signature', () => {
  const verified = (secret: string, index = 0) => {
    const post = hooks.posted[index];
    return new Webhook(secret).verify(post?.body ?? '', { ...post?.headers });
  };
  // The library holds time stamps against the machine's clock.
  beforeEach(() => plane.clock.set(new Date().toISOString()));

  it('is one that the library of Standard Webhooks verifies', async () => {
    const { value } = await hooks.add();
    await hooks.announce(released());
    expect(verified(value.secret)).toEqual(released());
    expect(() => verified('whsec_AAAA')).toThrow();
  });

  it('is made with the old and the new secret for a day, then with the new one', async () => {
    const { value: first } = await hooks.add();
    const { value: second } = await rotateSecret(hooks.manage, 'siem', OPERATOR);
    await hooks.announce(released());
    for (const { secret } of [first, second]) expect(verified(secret)).toBeDefined();
    expect(hooks.posted[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    plane.clock.advance(DAY);
    await hooks.announce(released('r-2'));
    expect(hooks.posted[1]?.headers['webhook-signature']?.split(' ')).toHaveLength(1);
  });

  it('is never made with a secret before the last', async () => {
    await hooks.add();
    for (let times = 0; times < 3; times++) await rotateSecret(hooks.manage, 'siem', OPERATOR);
    await hooks.announce(released());
    expect(hooks.posted[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    expect(Object.keys(plane.registry.subscriptions.sealed.get('siem') ?? {})).toHaveLength(2);
  });

  it('has a secret that no evidence, log or row tells', async () => {
    const { value } = await hooks.add();
    await hooks.announce(released());
    const secret = value.secret.replace('whsec_', '');
    const rows = [...plane.registry.subscriptions.records.values(), ...hooks.deliveries.items.values()];
    const event = plane.bucket.objects.get(objectKey.event('webhook/siem', 1))?.bytes.toString() ?? '';
    const payload = Buffer.from(JSON.parse(event).dsseEnvelope.payload, 'base64').toString();
    for (const text of [JSON.stringify(plane.logged), JSON.stringify(rows), payload])
      expect(text).not.toContain(secret);
    checkLedger(plane);
  });
});

describe('a consumer that fails', () => {
  it('is tried again by the schedule of Standard Webhooks, for three days, then a person is told', async () => {
    await hooks.add();
    failing(99);
    const begun = plane.clock.now().getTime();
    await hooks.announce(released());
    // Five seconds are waited for; the rest is for the sweep.
    expect(hooks.posted).toHaveLength(2);
    await pass(4 * DAY);
    expect(hooks.posted).toHaveLength(10);
    expect(delivery()).toMatchObject({ state: 'failed', attempts: 10, due: null, last: { status: 500 } });
    const hours = (plane.clock.now().getTime() - begun) / 3_600_000;
    expect(hours).toBeGreaterThan(75.5);
    expect(messages('webhook-given-up')).toHaveLength(1);
  });

  it('gets what it missed when it is back', async () => {
    await hooks.add();
    failing(3);
    await hooks.announce(released());
    await pass(DAY);
    expect(delivery()).toMatchObject({ state: 'delivered', attempts: 4 });
  });

  it.each([301, 302, 307, 400, 404, 503])('by answering %i has not taken it', async (status) => {
    await hooks.add();
    failing(1, status);
    await hooks.announce(released());
    expect(hooks.posted).toHaveLength(2);
  });

  it('that says it is gone gets nothing more until somebody changes the webhook', async () => {
    await hooks.add();
    failing(1, 410);
    await hooks.announce(released());
    await hooks.announce(released('r-2'));
    await pass(DAY);
    expect(hooks.posted).toHaveLength(1);
    expect(messages('webhook-gone')).toHaveLength(1);
    expect([...hooks.deliveries.items.values()].map(({ state }) => state)).toEqual(['held', 'held']);
    const change = { revision: 1, url: 'https://hooks.example.org/new' };
    await changeWebhook(hooks.manage, 'siem', change, OPERATOR);
    await hooks.announce(released('r-3'));
    expect(hooks.posted[1]?.url).toBe('https://hooks.example.org/new');
  });
});

describe('a replay', () => {
  const replayed = async (since: Date) =>
    await replay({ ...hooks.manage, deliveries: hooks.deliveries }, 'siem', since.toISOString());

  it('sends what was announced since a time again, under the ids that it had', async () => {
    await hooks.add();
    await hooks.announce(released('r-1'));
    plane.clock.advance(60_000);
    const since = plane.clock.now();
    await hooks.announce(released('r-2'));
    expect(await replayed(since)).toEqual({ replayed: 1, next: null });
    await sweep(hooks.deliver);
    expect(hooks.posted.map(({ headers }) => headers['webhook-id'])[2]).toBe(hooks.posted[1]?.headers['webhook-id']);
    expect(hooks.posted).toHaveLength(3);
  });

  it('sends what was held while the webhook was disabled, once it is active', async () => {
    await hooks.add();
    await changeWebhook(hooks.manage, 'siem', { revision: 1, state: 'disabled' }, OPERATOR);
    const since = plane.clock.now();
    await hooks.announce(released());
    expect(hooks.posted).toEqual([]);
    await replayed(since);
    await sweep(hooks.deliver);
    expect(hooks.posted).toEqual([]);
    await changeWebhook(hooks.manage, 'siem', { revision: 2, state: 'active' }, OPERATOR);
    expect(await replayed(since)).toMatchObject({ replayed: 1 });
    await sweep(hooks.deliver);
    expect(hooks.posted).toHaveLength(1);
  });

  it('of much says where to go on', async () => {
    await hooks.add();
    const since = plane.clock.now();
    for (let index = 0; index <= 500; index++) {
      plane.clock.advance(1000);
      await hooks.announce(released(`r-${index}`));
    }
    expect(await replayed(since)).toEqual({ replayed: 500, next: plane.clock.now().toISOString() });
  });
});

describe('a webhook', () => {
  it('is added once; its secret is not told a second time', async () => {
    await hooks.add();
    await expect(hooks.add()).rejects.toThrow(refusal('WEBHOOK_EXISTS', '/id'));
    const changed = await changeWebhook(
      hooks.manage,
      'siem',
      { revision: 1, types: [Announcement.released] },
      OPERATOR,
    );
    expect(changed.value).not.toHaveProperty('secret');
    const stale = changeWebhook(hooks.manage, 'siem', { revision: 1, state: 'disabled' }, OPERATOR);
    await expect(stale).rejects.toThrow(refusal('REVISION_CONFLICT', '/revision'));
  });

  it.each([
    'http://hooks.example.org/',
    'https://hooks.example.org:8443/',
    'https://user:pass@hooks.example.org/',
    'https://hooks.example.org/?token=secret',
    'https://127.0.0.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'file:///etc/passwd',
    'no url',
  ])('does not lead to %s', async (url) => {
    await expect(hooks.add({ url })).rejects.toThrow(refusal('REQUEST_INVALID', '/url'));
  });

  it('whose row another hand led to such a place is not sent to', async () => {
    await hooks.add();
    const row = plane.registry.subscriptions.records.get('siem');
    if (row) plane.registry.subscriptions.records.set('siem', { ...row, url: 'http://169.254.169.254/latest/' });
    await hooks.announce(released());
    expect(hooks.posted).toEqual([]);
    expect(delivery()?.last).toMatchObject({ status: null, reason: 'address_refused' });
  });

  it.each(['lost', 'done'] as const)(
    'whose rotation dies before its commit (%s) signs with what there is',
    async (fate) => {
      await hooks.add();
      plane.steps.crashAt('apply', fate);
      await expect(rotateSecret(hooks.manage, 'siem', OPERATOR)).rejects.toThrow(Crash);
      await hooks.announce(released());
      expect(hooks.posted).toHaveLength(1);
      if (fate === 'lost') {
        await expect(rotateSecret(hooks.manage, 'siem', OPERATOR)).rejects.toThrow(refusal('REVISION_CONFLICT'));
      }
      const { value } = await rotateSecret(hooks.manage, 'siem', OPERATOR);
      await hooks.announce(released('r-2'));
      expect(value.secret).toMatch(/^whsec_/);
      expect(hooks.posted).toHaveLength(2);
      checkLedger(plane);
    },
  );
});
