import { beforeEach, describe, expect, it } from 'vitest';
import { knownWaivers } from '../../../lib/app/gate/waivers.ts';
import { approveWaiver, endWaiver, requestWaiver, type WaiverDeps } from '../../../lib/app/manage-waivers.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import type { RequestWaiver } from '../../../lib/core/requests.ts';
import { type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { digestOf } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const PROMOTER = caller('promoter');
const APPROVER = caller('policy-approver');
const ID = '00000000-0000-4000-8000-000000000001';
const DAY_MS = 24 * 60 * 60 * 1000;

let plane: ControlPlane;
let deps: WaiverDeps;
beforeEach(async () => {
  plane = await controlPlane();
  deps = { ...plane.submitDeps, newId: () => ID };
});

const inDays = (days: number) => new Date(plane.clock.now().getTime() + days * DAY_MS).toISOString();
const wanted = (changes: Partial<RequestWaiver> = {}): RequestWaiver => ({
  rule: 'explainability_report',
  scope: { model: digestOf('classifier'), dataset: null, endpoint: null, environment: 'production' },
  reason: 'the report is late',
  compensating_control: 'every decision is reviewed by a person',
  not_after: inDays(30),
  ...changes,
});
const request = async (changes: Partial<RequestWaiver> = {}) => await requestWaiver(deps, wanted(changes), PROMOTER);
const inGate = async () => {
  const known = await knownWaivers(plane.registry);
  return known.known ? known.items : known;
};

describe('a waiver', () => {
  it('holds for nothing before another role approved it, and names both', async () => {
    await request();
    expect(await inGate()).toEqual([]);
    plane.clock.advance(1000);
    const { event } = await approveWaiver(deps, ID, APPROVER);
    expect(await inGate()).toEqual([
      {
        evidence: event,
        rule: 'explainability_report',
        scope: wanted().scope,
        reason: 'the report is late',
        compensating_control: 'every decision is reviewed by a person',
        not_before: plane.clock.now().toISOString(),
        not_after: expect.any(String),
        requester: PROMOTER.uniqueId,
        approver: { principal: APPROVER.uniqueId, role: 'policy-approver' },
      },
    ]);
    for (const revision of [1, 2]) {
      expect(plane.bucket.objects.has(objectKey.event(`waiver/${ID}`, revision)), String(revision)).toBe(true);
    }
  });

  it('is not approved by who asked for it, under whatever session', async () => {
    await request();
    await expect(approveWaiver(deps, ID, { ...PROMOTER, session: 'other' })).rejects.toThrow(
      refusal('DUTIES_NOT_SEPARATE'),
    );
  });

  it('is approved once', async () => {
    await request();
    await approveWaiver(deps, ID, APPROVER);
    await expect(approveWaiver(deps, ID, APPROVER)).rejects.toThrow(refusal('WAIVER_STATE_CONFLICT'));
  });

  it('that was ended stays true of the time before, and cannot be approved', async () => {
    await request();
    await approveWaiver(deps, ID, APPROVER);
    plane.clock.advance(60_000);
    await endWaiver(deps, ID, 'the report came', PROMOTER);
    expect(await inGate()).toMatchObject([{ not_after: plane.clock.now().toISOString() }]);
    expect(await endWaiver(deps, ID, 'again', PROMOTER)).toMatchObject({ event: undefined });
    await expect(approveWaiver(deps, ID, APPROVER)).rejects.toThrow(refusal('WAIVER_STATE_CONFLICT'));
  });

  it.each([
    ['holds for everything', { scope: { model: null, dataset: null, endpoint: null, environment: null } }, '/scope'],
    ['is over', { not_after: '2020-01-01T00:00:00.000Z' }, '/not_after'],
    ['lasts for years', { not_after: '2099-01-01T00:00:00.000Z' }, '/not_after'],
  ])('that %s is refused', async (_, changes, pointer) => {
    await expect(request(changes)).rejects.toThrow(refusal('WAIVER_INVALID', pointer));
    expect(await plane.registry.waiver(ID)).toBeUndefined();
  });

  it('that lay too long is not approved', async () => {
    await request({ not_after: inDays(1) });
    plane.clock.advance(2 * DAY_MS);
    await expect(approveWaiver(deps, ID, APPROVER)).rejects.toThrow(refusal('WAIVER_INVALID', '/not_after'));
  });

  it('that there is not is not found', async () => {
    await expect(approveWaiver(deps, ID, APPROVER)).rejects.toThrow(refusal('NOT_FOUND'));
  });
});

describe('the list of waivers', () => {
  it.each([
    ['is too long', async () => undefined, 'LIST_TOO_LONG'],
    [
      'cannot be read',
      async () => {
        throw new DomainError('DEPENDENCY_UNAVAILABLE', 'DynamoDB');
      },
      'DEPENDENCY_UNAVAILABLE',
    ],
  ])('that %s is not known, instead of empty', async (_, waivers, code) => {
    expect(await knownWaivers({ waivers })).toEqual({ known: false, code });
  });
});
