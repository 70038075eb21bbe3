import { beforeEach, describe, expect, it } from 'vitest';
import {
  acknowledgeIncident,
  incidentOpener,
  resolveIncident,
} from '../../../../lib/app/incidents/manage-incidents.ts';
import { endPromotion } from '../../../../lib/app/promotion/end.ts';
import { statePromotion } from '../../../../lib/app/promotion/record.ts';
import { sealRelease } from '../../../../lib/app/promotion/seal.ts';
import { reindex } from '../../../../lib/app/reindex.ts';
import { objectKey } from '../../../../lib/core/layout.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { type ControlPlane, caller, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { MemoryIncidents } from '../../../support/memory/incidents.ts';
import { Crash } from '../../../support/memory/steps.ts';
import { MemoryTables } from '../../../support/memory/tables.ts';
import { promoting } from '../../../support/promoting.ts';
import { refusal } from '../../../support/refusals.ts';
import { ENDPOINT, MODEL, releasing } from '../../../support/releasing.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: ReturnType<typeof releasing>;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = releasing(plane);
  await post();
});

async function rebuild() {
  const tables = new MemoryTables();
  const remarks: string[] = [];
  const skipped: string[] = [];
  const report = await reindex({
    archive: plane.bucket,
    tables,
    skipped: (key) => void skipped.push(key),
    remarked: (_, remark) => void remarks.push(remark),
    progress: () => {},
  });
  return { tables, report, remarks, skipped };
}

const end = (promotion: Promotion) =>
  statePromotion(
    { ...plane.submitDeps, ledger: plane.ledger },
    { action: 'promotion-ended', promotion: { ...promotion, state: 'rolled_back', events: 1 } },
  );

describe('a reindex', () => {
  it('makes the releases again as they were sealed', async () => {
    await world.released('run-1');
    await world.released('run-2');
    await world.released('back-1', 'rollback');
    const { tables, report, skipped } = await rebuild();
    expect({ skipped, releases: report.releases }).toEqual({ skipped: [], releases: 3 });
    for (const { release } of world.releases.rows) {
      expect(tables.current(`release ${ENDPOINT} ${release.released_at}`)).toEqual(release);
    }
  });

  it('makes no release of what was signed and then taken back', async () => {
    const promotion = await world.deployed('run-1');
    plane.steps.crashAt('seal-release', 'lost');
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toThrow(Crash);
    await end(promotion);
    const { tables, report, remarks } = await rebuild();
    expect(report.releases).toBe(0);
    expect([...tables.items.keys()].filter((name) => name.startsWith('release '))).toEqual([]);
    expect(remarks).toEqual([expect.stringContaining('taken back')]);
  });

  it.each([
    ['was sealed before its end was noted', 'save-promotion', 3],
    ['was to be sealed after that', 'put-event', 2],
  ] as const)('tells of a rollback that %s what its record tells', async (_, step, releases) => {
    await world.released('run-1');
    await world.released('run-2');
    const { id } = await world.deployed('back-1', 'rollback');
    const { promoterDeps } = await promoting(plane);
    const deps = { ...promoterDeps, promotions: world.promotions, asks: world.promotions.asks };
    let sealed: unknown;
    plane.steps.before(step, async () => {
      sealed = await sealRelease(world.sealDeps, id).catch((error: unknown) => error);
    });
    await endPromotion(deps, id, 'rollback_failed', { Error: 'States.Timeout' });
    const isReleased = releases === 3;
    expect(sealed).toEqual(isReleased ? undefined : refusal('PROMOTION_STATE_CONFLICT'));
    expect(world.promotions.promotions.get(id)?.state).toBe(isReleased ? 'released' : 'rollback_failed');
    expect((await rebuild()).report.releases).toBe(releases);
    expect(world.releases.rows).toHaveLength(releases);
  });

  it('believes no release that the evidence key did not sign, nor one under another name', async () => {
    const { promotion } = await world.released('run-1');
    const object = plane.bucket.objects.get(objectKey.release(promotion));
    const retainUntil = object?.retainUntil ?? new Date();
    const contentType = 'application/json';
    plane.bucket.place(objectKey.release(MODEL), object?.bytes ?? Buffer.alloc(0), { contentType, retainUntil });
    plane.bucket.place('releases/x.sigstore.json', Buffer.from('{}'), { contentType, retainUntil });
    const { report, skipped } = await rebuild();
    expect(report.releases).toBe(1);
    expect(skipped.sort()).toEqual([objectKey.release(MODEL), 'releases/x.sigstore.json'].sort());
  });

  it('makes incidents again as they stand', async () => {
    const incidents = new MemoryIncidents(plane.steps, plane.ledger);
    const deps = { ...plane.submitDeps, incidents, announcer: { announce: async () => {} } };
    const facts = { endpoint: ENDPOINT, model: MODEL, detail: 'other bytes', evidence: [] };
    const opener = incidentOpener(deps);
    const open = await opener.open({ ...facts, kind: 'tampered_artifact', subject: 'one' });
    const over = await opener.open({ ...facts, kind: 'tampered_artifact', subject: 'two' });
    await acknowledgeIncident(deps, over, caller('operator'));
    await resolveIncident(deps, over, 'mended', caller('operator'));
    const { tables } = await rebuild();
    for (const id of [open, over]) expect(tables.current(`incident ${id}`)).toEqual(incidents.incidents.get(id));
  });
});
