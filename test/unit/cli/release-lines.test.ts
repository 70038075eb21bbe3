import { describe, expect, it } from 'vitest';
import { releaseAtLines, releaseList } from '../../../cli/releases/lines.ts';
import type { RecordedRelease } from '../../../lib/core/release.ts';
import { timelineOf } from '../../../lib/core/release-view.ts';
import { digestOf } from '../../support/manifests.ts';

const AT = '2027-02-21T12:00:00.000Z';
const aRelease = (changes: Partial<RecordedRelease> = {}): RecordedRelease => ({
  evidence: digestOf('release'),
  kind: 'promotion',
  promotion: digestOf('promotion'),
  endpoint: 'fraud',
  environment: 'production',
  served: {
    model: digestOf('model'),
    image: `registry.example/serve@sha256:${digestOf('image')}`,
    card: null,
    model_name: 'm-1',
    endpoint_config: 'c-1',
  },
  requested_by: { arn: 'arn:aws:iam::111122223333:role/promoter', unique_id: 'AROA', at: AT, principal: 'promoter' },
  confirmed_by: null,
  reason: 'retrained',
  request_decision: null,
  release_decision: { evidence: digestOf('decision'), input: digestOf('facts'), passed: true },
  policies: [{ slot: 'main', sha256: digestOf('policy') }],
  approvals: [{ evidence: digestOf('approval'), role: 'privacy-officer', person: 'p-1', decided_at: AT }],
  waivers: [],
  previous: null,
  way_back: null,
  restores: null,
  unreleased_config: null,
  released_at: AT,
  ...changes,
});
const removed = { kind: 'rollback', served: null } as const;

describe('a release on the command line', () => {
  it('says what served at a time, by whom, under which decision and until when', () => {
    const lines = releaseAtLines({ at: AT, release: { ...aRelease() }, until: null }).join('\n');
    for (const part of ['until', 'now', digestOf('model'), digestOf('decision'), 'privacy-officer: p-1', 'promoter']) {
      expect(lines).toContain(part);
    }
  });

  it('says that nothing had been released', () => {
    expect(releaseAtLines({ at: AT, release: null, until: AT })).toEqual([`at ${AT}, nothing had been released there`]);
  });

  it.each([
    ['released', {}],
    ['break glass', { kind: 'break_glass' }],
    ['rolled back', { kind: 'rollback' }],
    ['removed', removed],
    ['put back by-hand', { ...removed, unreleased_config: 'by-hand' }],
  ] satisfies [string, Partial<RecordedRelease>][])('is called %s', (what, changes) => {
    expect(
      releaseList([aRelease(changes)])[0]
        ?.split('  ')[1]
        ?.trim(),
    ).toBe(what);
  });

  it('shows no control character that a pipeline wrote', () => {
    const reason = 'fine\u001b[2J\nmodel  forged';
    const lines = releaseAtLines({ at: AT, release: { ...aRelease({ reason }) }, until: null });
    for (const line of lines) expect([...line].filter((character) => character < ' ')).toEqual([]);
  });
});

describe('the time line of an endpoint', () => {
  it('tells releases, rollbacks and removals apart, and what no release put back', () => {
    const releases = [
      aRelease({ ...removed, unreleased_config: 'by-hand' }),
      aRelease(removed),
      aRelease({ kind: 'rollback' }),
      aRelease(),
    ];
    const page = timelineOf('fraud', releases, { at: AT, more: false });
    expect(page.releases.map(({ kind }) => kind)).toEqual(['rolled_back', 'removed', 'rolled_back', 'released']);
    expect(page.releases[0]?.reason).toContain('by-hand serves, which no release put there');
    expect(page.releases[3]).toMatchObject({
      requester: 'promoter',
      approvedBy: [{ person: 'p-1', role: 'privacy-officer' }],
      emergency: false,
    });
  });
});
