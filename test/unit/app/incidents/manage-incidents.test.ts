import { beforeEach, describe, expect, it } from 'vitest';
import {
  acknowledgeIncident,
  type IncidentDeps,
  incidentOpener,
  resolveIncident,
} from '../../../../lib/app/incidents/manage-incidents.ts';
import { INCIDENT_KINDS } from '../../../../lib/contracts/incidents.ts';
import type { IncidentFacts } from '../../../../lib/core/incident.ts';
import { lookup, objectKey } from '../../../../lib/core/layout.ts';
import type { CloudEvent } from '../../../../lib/core/waiver-ending.ts';
import { type ControlPlane, caller, controlPlane } from '../../../support/control-plane.ts';
import { digestOf } from '../../../support/manifests.ts';
import { MemoryIncidents } from '../../../support/memory/incidents.ts';
import { Crash, type Step } from '../../../support/memory/steps.ts';
import { refusal } from '../../../support/refusals.ts';

const OPERATOR = caller('operator');
const ACTOR = caller('break-glass-promoter');
const MODEL = digestOf('classifier');

let plane: ControlPlane;
let incidents: MemoryIncidents;
let announced: CloudEvent[];
let deps: IncidentDeps;
beforeEach(async () => {
  plane = await controlPlane();
  incidents = new MemoryIncidents(plane.steps, plane.ledger);
  announced = [];
  deps = {
    ...plane.submitDeps,
    incidents,
    announcer: { announce: (events) => plane.steps.take('announce', () => void announced.push(...events)) },
  };
});

const facts = (changes: Partial<IncidentFacts> = {}): IncidentFacts => ({
  kind: 'deployment_failed',
  subject: digestOf('promotion'),
  endpoint: 'fraud',
  model: MODEL,
  detail: 'the canary raised an alarm',
  evidence: [],
  ...changes,
});
const open = (changes?: Partial<IncidentFacts>) => incidentOpener(deps).open(facts(changes));
const eventsOf = (id: string): number =>
  [...plane.bucket.objects.keys()].filter((key) => key.startsWith(`events/incident/${id}/`)).length;

describe('an incident', () => {
  it('is one of its kind and subject however often it is opened, and is evidence and announced', async () => {
    const id = await open();
    plane.clock.advance(1000);
    expect(await open({ detail: 'the same, told by a second run' })).toBe(id);
    expect(await open({ kind: 'rollback_failed' })).not.toBe(id);
    expect(eventsOf(id)).toBe(1);
    expect(incidents.incidents.get(id)).toMatchObject({
      state: 'open',
      severity: 'high',
      detail: 'the canary raised an alarm',
      revision: 1,
    });
    const { items } = await plane.ledger.list(lookup.decisions(MODEL), { limit: 9 });
    expect(items.map(({ evidence }) => evidence)).toContain(incidents.incidents.get(id)?.event);
    expect(new Set(announced.map((event) => event.id))).toEqual(
      new Set([`${id}/1`, `${await open({ kind: 'rollback_failed' })}/1`]),
    );
    expect(announced[0]).toMatchObject({
      type: 'dev.countersign.incident.opened.v1',
      data: { kind: 'deployment_failed', runbook: 'deployment-failed', endpoint: 'fraud' },
    });
  });

  it('is taken on, then resolved, and keeps who did so and why', async () => {
    const id = await open();
    await expect(resolveIncident(deps, id, 'nothing', OPERATOR)).rejects.toThrow(refusal('INCIDENT_STATE_CONFLICT'));
    await acknowledgeIncident(deps, id, OPERATOR);
    await acknowledgeIncident(deps, id, OPERATOR);
    const resolved = await resolveIncident(deps, id, 'the alarm was wrong', OPERATOR);
    expect(await resolveIncident(deps, id, 'again', OPERATOR)).toEqual(resolved);
    expect(resolved).toMatchObject({ state: 'resolved', owner: OPERATOR.uniqueId, revision: 3 });
    expect(resolved.timeline.map(({ state, unique_id, reason }) => [state, unique_id, reason])).toEqual([
      ['open', 'countersign:control-plane', 'the canary raised an alarm'],
      ['acknowledged', OPERATOR.uniqueId, ''],
      ['resolved', OPERATOR.uniqueId, 'the alarm was wrong'],
    ]);
    expect(announced.at(-1)).toMatchObject({
      type: 'dev.countersign.incident.resolved.v1',
      data: { detail: 'the alarm was wrong' },
    });
    await expect(acknowledgeIncident(deps, id, caller('other'))).rejects.toThrow(refusal('INCIDENT_STATE_CONFLICT'));
  });

  it('is open again when it happens again', async () => {
    const id = await open();
    await acknowledgeIncident(deps, id, OPERATOR);
    await resolveIncident(deps, id, 'mended', OPERATOR);
    expect(await open({ detail: 'once more' })).toBe(id);
    expect(incidents.incidents.get(id)).toMatchObject({ state: 'open', owner: null, detail: 'once more', revision: 4 });
    expect(incidents.incidents.get(id)?.timeline).toHaveLength(4);
  });

  it('about a person is told of for each promotion in which a mail does not reach them, once', async () => {
    const unreached = (promotion: string) =>
      open({ kind: 'mail_undeliverable', subject: 'p-1', detail: `a mail to p-1 in ${promotion} came back` });
    const id = await unreached('one');
    await unreached('two');
    await acknowledgeIncident(deps, id, OPERATOR);
    for (const promotion of ['one', 'two', 'three', 'three']) await unreached(promotion);
    expect(incidents.incidents.get(id)).toMatchObject({ state: 'open', owner: null, revision: 4 });
    const told = new Map(announced.map((event) => [event.id, event.data.detail]));
    expect([...told.values()]).toEqual(['one', 'two', 'three'].map((name) => `a mail to p-1 in ${name} came back`));
    await acknowledgeIncident(deps, id, OPERATOR);
    await resolveIncident(deps, id, 'the address is corrected', OPERATOR);
    await unreached('one');
    expect(incidents.incidents.get(id)).toMatchObject({ state: 'open', revision: 7 });
  });

  it('about a person grows only so far', async () => {
    for (let mail = 1; mail <= 210; mail++) {
      await open({ kind: 'mail_undeliverable', subject: 'p-1', detail: `the mail ${mail} came back` });
    }
    expect([...incidents.incidents.values()].map(({ timeline }) => timeline.length)).toEqual([200]);
  });

  it('that was a review stays resolved, whoever tells of it again', async () => {
    const id = await open({ kind: 'emergency_rollback_review', actors: [ACTOR.uniqueId] });
    await acknowledgeIncident(deps, id, OPERATOR);
    await resolveIncident(deps, id, 'justified', OPERATOR);
    expect(await open({ kind: 'emergency_rollback_review', actors: [ACTOR.uniqueId] })).toBe(id);
    expect(incidents.incidents.get(id)).toMatchObject({ state: 'resolved', revision: 3 });
  });

  it('of what somebody did past the gates is not resolved by them', async () => {
    const id = await open({ kind: 'break_glass_review', actors: [ACTOR.uniqueId] });
    await acknowledgeIncident(deps, id, ACTOR);
    await expect(resolveIncident(deps, id, 'it was fine', ACTOR)).rejects.toThrow(refusal('DUTIES_NOT_SEPARATE'));
    await acknowledgeIncident(deps, id, OPERATOR);
    expect((await resolveIncident(deps, id, 'reviewed', OPERATOR)).state).toBe('resolved');
  });

  it.each(INCIDENT_KINDS)(
    'of kind %s closes gates where bytes are not what was approved, and nowhere else',
    async (kind) => {
      const id = await open({ kind });
      const about = incidents.findings().map((finding) => [finding.id, finding.severity, finding.about]);
      const closed = [MODEL, 'fraud'].map((one) => [id, 'critical', one]);
      expect(about).toEqual(kind === 'tampered_artifact' ? closed : []);
      await acknowledgeIncident(deps, id, OPERATOR);
      expect(incidents.findings()).toHaveLength(about.length);
      await resolveIncident(deps, id, 'restored from the bucket', OPERATOR);
      expect(incidents.findings()).toEqual([]);
    },
  );

  it('is unknown where none was opened', async () => {
    await expect(acknowledgeIncident(deps, digestOf('none'), OPERATOR)).rejects.toThrow(refusal('NOT_FOUND'));
  });
});

describe('a process that dies', () => {
  const STEPS = ['sign', 'put-event', 'commit-incident', 'announce'] as const satisfies readonly Step[];

  it.each(STEPS)('at %s leaves an incident that the next run opens', async (step) => {
    for (const fate of ['lost', 'done'] as const) {
      const subject = digestOf(`${step} ${fate}`);
      plane.steps.crashAt(step, fate);
      await expect(open({ subject })).rejects.toThrow(Crash);
      plane.clock.advance(1000);
      const id = await open({ subject });
      expect(incidents.incidents.get(id)).toMatchObject({ state: 'open', revision: 1 });
      expect(eventsOf(id)).toBe(1);
      expect(announced.some((event) => event.id === `${id}/1`)).toBe(true);
    }
  });

  it.each(STEPS)('at %s leaves an incident that the next call resolves', async (step) => {
    const id = await open();
    await acknowledgeIncident(deps, id, OPERATOR);
    plane.steps.crashAt(step, 'done');
    await expect(resolveIncident(deps, id, 'mended', OPERATOR)).rejects.toThrow(Crash);
    await resolveIncident(deps, id, 'mended', OPERATOR);
    expect(incidents.incidents.get(id)).toMatchObject({ state: 'resolved', revision: 3 });
    expect(plane.bucket.objects.has(objectKey.event(`incident/${id}`, 4))).toBe(false);
    expect(announced.at(-1)?.id).toBe(`${id}/3`);
  });
});

describe('two who change an incident at once', () => {
  it('are both heard, one after the other', async () => {
    const id = await open();
    const other = caller('other-operator');
    await Promise.all([acknowledgeIncident(deps, id, OPERATOR), acknowledgeIncident(deps, id, other)]);
    expect(incidents.incidents.get(id)?.revision).toBe(3);
    expect(
      new Set(
        incidents.incidents
          .get(id)
          ?.timeline.slice(1)
          .map((step) => step.unique_id),
      ),
    ).toEqual(new Set([OPERATOR.uniqueId, other.uniqueId]));
  });
});
