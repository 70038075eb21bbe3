import { beforeEach, describe, expect, it } from 'vitest';
import { listedWaivers, provenWaivers } from '../../../lib/app/gate/waivers.ts';
import { approveWaiver, endWaiver, requestWaiver, type WaiverDeps } from '../../../lib/app/manage-waivers.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import type { Known } from '../../../lib/core/gate/input.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import type { RequestWaiver } from '../../../lib/core/requests.ts';
import type { RecordedWaiver, WaiverReach } from '../../../lib/core/waiver.ts';
import type { WaiverTerms } from '../../../lib/core/waiver-terms.ts';
import { type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { digestOf, PIPELINE } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const PROMOTER = caller('promoter');
const APPROVER = caller('policy-approver');
const NOTHING = { model: null, dataset: null, endpoint: null, environment: null };
const DAY_MS = 24 * 60 * 60 * 1000;

let plane: ControlPlane;
let deps: WaiverDeps;
let terms: WaiverTerms;
beforeEach(async () => {
  plane = await controlPlane();
  terms = {
    waivable: new Map([
      ['explainability_report', true],
      ['signature_verified', false],
    ]),
    maxDays: 90,
  };
  deps = { ...plane.submitDeps, terms: async () => terms };
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
const request = async (changes: Partial<RequestWaiver> = {}) =>
  (await requestWaiver(deps, wanted(changes), PROMOTER)).value.id;
const reach = (changes: Partial<WaiverReach> = {}): WaiverReach => ({
  digests: new Set([digestOf('classifier'), digestOf('iris')]),
  endpoint: null,
  environment: 'production',
  now: plane.clock.now().toISOString(),
  ...changes,
});
const inGate = async (changes: Partial<WaiverReach> = {}, listed?: Known<RecordedWaiver>) => {
  const rows = listed ?? (await listedWaivers(plane.registry, plane.clock.now()));
  const known = await provenWaivers({ ...plane.submitDeps, ledger: plane.ledger }, rows, reach(changes), undefined);
  return known.known ? known.items : known;
};

describe('a waiver', () => {
  it('holds for nothing before another role approved it, and names both', async () => {
    const id = await request();
    expect(await inGate()).toEqual([]);
    plane.clock.advance(1000);
    const { event } = await approveWaiver(deps, id, APPROVER);
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
      expect(plane.bucket.objects.has(objectKey.event(`waiver/${id}`, revision)), String(revision)).toBe(true);
    }
  });

  it('says as which role it was asked for and approved', async () => {
    const { value } = await approveWaiver(deps, await request(), APPROVER);
    expect([value.requester.role, value.approver?.role]).toEqual(['promoter', 'policy-approver']);
  });

  it('is one waiver however often one person asks for it, and another for another person', async () => {
    const first = await requestWaiver(deps, wanted(), PROMOTER);
    plane.clock.advance(60_000);
    const not_after = first.value.not_after;
    const again = await requestWaiver(deps, wanted({ not_after }), { ...PROMOTER, session: 'other' });
    expect(again).toEqual({ created: false, value: first.value, event: undefined });
    expect(await request({ not_after, reason: 'another one' })).not.toBe(first.value.id);
    const others = await requestWaiver(deps, wanted({ not_after }), caller('another-promoter'));
    expect(others.value.id).not.toBe(first.value.id);
  });

  it('is not approved by who asked for it, under whatever session', async () => {
    const id = await request();
    await expect(approveWaiver(deps, id, { ...PROMOTER, session: 'other' })).rejects.toThrow(
      refusal('DUTIES_NOT_SEPARATE'),
    );
  });

  it('is approved once, whose answer may be asked for again', async () => {
    const id = await request();
    const { value } = await approveWaiver(deps, id, APPROVER);
    plane.clock.advance(1000);
    expect(await approveWaiver(deps, id, APPROVER)).toEqual({ created: false, value, event: undefined });
    const another = approveWaiver(deps, id, caller('another-approver'));
    await expect(another).rejects.toThrow(refusal('WAIVER_STATE_CONFLICT'));
  });

  it('that was ended stays true of the time before, and cannot be approved', async () => {
    const id = await request();
    await approveWaiver(deps, id, APPROVER);
    plane.clock.advance(60_000);
    await endWaiver(deps, id, 'the report came', PROMOTER);
    expect(await inGate()).toMatchObject([{ not_after: plane.clock.now().toISOString() }]);
    expect(await endWaiver(deps, id, 'again', PROMOTER)).toMatchObject({ event: undefined });
    await expect(approveWaiver(deps, id, APPROVER)).rejects.toThrow(refusal('WAIVER_STATE_CONFLICT'));
  });

  it.each([
    ['is for everything', { scope: NOTHING }, 'WAIVER_INVALID', '/scope'],
    ['is over', { not_after: '2020-01-01T00:00:00.000Z' }, 'WAIVER_INVALID', '/not_after'],
    ['lasts for years', { not_after: '2099-01-01T00:00:00.000Z' }, 'WAIVER_INVALID', '/not_after'],
    ['is for a rule that there is not', { rule: 'explainability' }, 'RULE_UNKNOWN', '/rule'],
    ['is for a rule that knows no exception', { rule: 'signature_verified' }, 'RULE_NOT_WAIVABLE', '/rule'],
  ] as const)('that %s is refused', async (_, changes, code, pointer) => {
    await expect(request(changes)).rejects.toThrow(refusal(code, pointer));
    expect(await plane.registry.waivers(plane.clock.now())).toEqual([]);
  });

  it('that lay too long is not approved', async () => {
    const id = await request({ not_after: inDays(1) });
    plane.clock.advance(2 * DAY_MS);
    await expect(approveWaiver(deps, id, APPROVER)).rejects.toThrow(refusal('WAIVER_INVALID', '/not_after'));
  });

  it('that the policy in force by now would not allow is not approved', async () => {
    const id = await request();
    terms = { waivable: new Map([['explainability_report', false]]), maxDays: 90 };
    await expect(approveWaiver(deps, id, APPROVER)).rejects.toThrow(refusal('RULE_NOT_WAIVABLE', '/rule'));
    terms = { waivable: new Map([['explainability_report', true]]), maxDays: 7 };
    await expect(approveWaiver(deps, id, APPROVER)).rejects.toThrow(refusal('WAIVER_INVALID', '/not_after'));
  });

  it('that there is not is not found', async () => {
    await expect(approveWaiver(deps, digestOf('none'), APPROVER)).rejects.toThrow(refusal('NOT_FOUND'));
  });
});

describe('a gate', () => {
  const approved = async (changes: Partial<RequestWaiver> = {}): Promise<RecordedWaiver> => {
    const id = await request(changes);
    await approveWaiver(deps, id, APPROVER);
    const row = await plane.registry.waiver(id);
    if (!row) throw new Error('no waiver is recorded');
    return row;
  };

  it.each<[string, Partial<WaiverReach>]>([
    ['another model', { digests: new Set([digestOf('other')]) }],
    ['another environment', { environment: 'staging' }],
    ['the time after its end', { now: '2099-01-01T00:00:00.000Z' }],
  ])('about %s hears nothing of a waiver, and reads nothing for it', async (_, changes) => {
    const row = await approved();
    const unread = { findMany: () => Promise.reject(new Error('the table is read')) };
    const ledger = { ...unread, list: plane.ledger.list, commit: plane.ledger.commit };
    const listed = { known: true, items: [row] } as const;
    expect(await provenWaivers({ ...plane.submitDeps, ledger }, listed, reach(changes), undefined)).toEqual({
      known: true,
      items: [],
    });
  });

  it.each(['digest of the model', 'endpoint', 'data set in the lineage'])(
    'hears of a waiver for its %s',
    async (what) => {
      const scopes: Record<string, Partial<RequestWaiver['scope']>> = {
        'digest of the model': {},
        endpoint: { model: null, endpoint: 'classifier' },
        'data set in the lineage': { model: null, dataset: digestOf('iris') },
      };
      await approved({ scope: { ...wanted().scope, ...scopes[what] } });
      expect(await inGate({ endpoint: 'classifier' })).toMatchObject([{ rule: 'explainability_report' }]);
    },
  );

  const TAMPERED: [string, (row: RecordedWaiver) => RecordedWaiver][] = [
    ['a later end', (row) => ({ ...row, not_after: '2027-01-01T00:00:00.000Z' })],
    ['a wider scope', (row) => ({ ...row, scope: { ...row.scope, model: null } })],
    ['another rule', (row) => ({ ...row, rule: 'image_pinned' })],
    ['another requester', (row) => ({ ...row, requester: { ...row.requester, unique_id: 'AROAOTHER' } })],
    ['an event that is not there', (row) => ({ ...row, event: digestOf('nothing') })],
  ];
  it.each(TAMPERED)('takes all waivers for unknown when a row claims %s', async (_, tamper) => {
    const row = await approved();
    const listed = { known: true, items: [row, tamper({ ...row, id: 'another' })] } as const;
    expect(await inGate({}, { known: true, items: [row] })).toHaveLength(1);
    expect(await inGate({}, listed)).toEqual({ known: false, code: 'WAIVER_UNPROVEN' });
    expect(plane.logged.at(-1)).toMatchObject({
      event: 'INTEGRITY_FAILURE',
      fields: { unproven_waivers: [expect.stringContaining('another: ')] },
    });
  });

  it('takes a waiver for unknown that was approved in the table only', async () => {
    const row = await plane.registry.waiver(await request());
    if (!row) throw new Error('no waiver is recorded');
    const approver = {
      arn: APPROVER.arn,
      unique_id: APPROVER.uniqueId,
      role: 'policy-approver' as const,
      at: plane.clock.now().toISOString(),
    };
    expect(await inGate({}, { known: true, items: [{ ...row, approver }] })).toMatchObject({ known: false });
  });

  it('takes a waiver for unknown whose event is about something else', async () => {
    const row = await approved();
    const registered = objectKey.event(`principal/${caller(PIPELINE).uniqueId}`, 1);
    const foreign = [...plane.ledger.records.values()].find(({ object_key }) => object_key === registered);
    if (!foreign) throw new Error('no such event');
    const listed = { known: true, items: [{ ...row, event: foreign.sha256 }] } as const;
    expect(await inGate({}, listed)).toEqual({ known: false, code: 'WAIVER_UNPROVEN' });
  });

  it('takes a waiver for unknown whose event no evidence key signed', async () => {
    const listed = { known: true, items: [await approved()] } as const;
    const strangers = { ...plane.submitDeps, ledger: plane.ledger, registry: { evidenceKeys: async () => [] } };
    const known = await provenWaivers(strangers, listed, reach(), undefined);
    expect(known).toEqual({ known: false, code: 'WAIVER_UNPROVEN' });
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
    expect(await listedWaivers({ waivers }, plane.clock.now())).toEqual({ known: false, code });
  });
});
