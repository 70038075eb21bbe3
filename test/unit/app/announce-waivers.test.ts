import { describe, expect, it } from 'vitest';
import { announceWaivers } from '../../../lib/app/announce-waivers.ts';
import type { RecordedWaiver } from '../../../lib/core/waiver.ts';
import { type CloudEvent, endsIn } from '../../../lib/core/waiver-ending.ts';
import { digestOf, NOW } from '../../support/manifests.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const inDays = (days: number) => new Date(Date.parse(NOW) + days * DAY_MS).toISOString();
const person = (unique_id: string) => ({ arn: `arn:aws:iam::1:role/${unique_id}`, unique_id, at: inDays(-3) });

function waiver(id: string, changes: Partial<RecordedWaiver> = {}): RecordedWaiver {
  return {
    id,
    rule: 'explainability_report',
    scope: { model: null, dataset: null, endpoint: null, environment: 'production' },
    reason: 'the report is late',
    compensating_control: 'a person reviews each decision',
    not_after: inDays(6.5),
    revision: 2,
    requester: { ...person('AROAPROMOTER'), role: 'promoter' },
    approver: { ...person('AROAAPPROVER'), role: 'policy-approver' },
    event: digestOf(id),
    ...changes,
  };
}

async function announced(waivers: readonly RecordedWaiver[] | undefined, now = NOW): Promise<readonly CloudEvent[]> {
  const events: CloudEvent[] = [];
  const ids = await announceWaivers({
    registry: { waivers: async () => waivers },
    announcer: { announce: async (some) => void events.push(...some) },
    clock: () => new Date(now),
    stage: 'test',
  });
  expect(ids).toEqual(events.map(({ subject }) => subject));
  return events;
}

describe('waivers that end soon', () => {
  it('are announced as CloudEvents, the first to end first', async () => {
    const events = await announced([waiver('later', { not_after: inDays(13.9) }), waiver('sooner')]);
    expect(events.map(({ subject }) => subject)).toEqual(['sooner', 'later']);
    expect(events[0]).toEqual({
      specversion: '1.0',
      id: `sooner/${NOW.slice(0, 10)}`,
      source: 'urn:countersign:test',
      type: 'dev.countersign.waiver.ending.v1',
      subject: 'sooner',
      time: new Date(NOW).toISOString(),
      datacontenttype: 'application/json',
      data: {
        waiver: 'sooner',
        rule: 'explainability_report',
        scope: { model: null, dataset: null, endpoint: null, environment: 'production' },
        not_after: inDays(6.5),
        ending: 'ends in 6 days',
        reason: 'the report is late',
        compensating_control: 'a person reviews each decision',
        requester: 'AROAPROMOTER',
        approver: 'AROAAPPROVER',
        evidence: digestOf('sooner'),
      },
    });
  });

  it.each<[string, Partial<RecordedWaiver>]>([
    ['ends later than that', { not_after: inDays(14.1) }],
    ['is over', { not_after: inDays(0) }],
    ['was ended before its time', { ended: { ...person('AROAPROMOTER'), reason: 'the report came' } }],
  ])('are not announced with one that %s', async (_, changes) => {
    expect(await announced([waiver('one', changes)])).toEqual([]);
  });

  it('are not announced with one that nobody approved', async () => {
    const { approver: _, ...requested } = waiver('one');
    expect(await announced([requested])).toEqual([]);
  });

  it('are the same events when the day repeats itself, and others on the next day', async () => {
    const idOf = async (days: number) => (await announced([waiver('one')], inDays(days)))[0]?.id;
    expect(await idOf(0)).toBe(await idOf(0.1));
    expect(await idOf(1)).not.toBe(await idOf(0));
  });

  it('are not passed over in silence when they are too many to be read', async () => {
    await expect(announced(undefined)).rejects.toThrow('more waivers');
  });
});

it.each([
  [-1, `ended ${inDays(-1)}`],
  [0, `ended ${inDays(0)}`],
  [0.9, 'ends within a day'],
  [1, 'ends in 1 day'],
  [6.9, 'ends in 6 days'],
])('what ends %d days from now %s', (days, sentence) => {
  expect(endsIn(inDays(days), NOW)).toBe(sentence);
});
