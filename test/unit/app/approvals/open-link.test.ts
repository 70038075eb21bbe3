import { beforeEach, describe, expect, it } from 'vitest';
import { linkOpener } from '../../../../lib/app/approvals/open-link.ts';
import type { VisitDeps } from '../../../../lib/app/approvals/visit.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { type Approving, approving } from '../../../support/approving.ts';
import { controlPlane } from '../../../support/control-plane.ts';
import { stages } from '../../../support/stages.ts';

let world: Approving;
let promotion: Promotion;
let secret: string;
let reads: string[];
let deps: VisitDeps;
beforeEach(async () => {
  const plane = await controlPlane();
  world = approving(plane);
  await stages(() => plane).post();
  for (const id of ['p-1', 'p-2']) await world.enlist(id, { roles: ['model-owner', 'privacy-officer'] });
  promotion = await world.awaiting('run-1');
  await world.ask(promotion, 'model-owner');
  secret = world.linksOf('p-1')[0] ?? '';
  reads = [];
  const { links, promotions, visits } = world.deps;
  deps = {
    ...world.deps,
    links: { ...links, find: async (id) => await noted('link', links.find(id)) },
    promotions: { ...promotions, find: async (id) => await noted('promotion', promotions.find(id)) },
    visits: { find: async (...keys) => await noted('visit', visits.find(...keys)) },
  };
});

async function noted<T>(what: string, read: Promise<T>): Promise<T> {
  reads.push(what);
  return await read;
}

describe('a link that is opened', () => {
  it('takes one read from the second time on, and is told as it stands then', async () => {
    const openLink = linkOpener(deps);
    expect((await openLink(secret))?.promotion.state).toBe('awaiting_approval');
    await world.ask(promotion, 'privacy-officer');
    world.change(promotion.id, { state: 'cancelled' });
    const visit = await openLink(secret);
    expect(visit?.promotion.state).toBe('cancelled');
    expect(visit?.ask?.role).toBe('model-owner');
    expect(visit?.others.map(({ role }) => role)).toEqual(['privacy-officer']);
    expect(reads).toEqual(['link', 'promotion', 'visit']);
  });

  it('misses no role that is asked since it was opened first', async () => {
    const openLink = linkOpener(deps);
    await openLink(secret);
    world.change(promotion.id, { roles: ['auditor', 'model-owner'] });
    await world.enlist('p-3', { roles: ['auditor'] });
    await world.ask(promotion, 'auditor');
    const others = async () => (await openLink(secret))?.others.map(({ role }) => role);
    expect(await others()).toEqual(['auditor']);
    expect(await others()).toEqual(['auditor']);
    expect(reads).toEqual(['link', 'promotion', 'visit', 'link', 'promotion', 'visit']);
  });

  it('opens nothing any more once it is gone, or where its promotion is about another model', async () => {
    const openLink = linkOpener(deps);
    await openLink(secret);
    world.change(promotion.id, { model: '0'.repeat(64) });
    expect(await openLink(secret)).toBeUndefined();
    world.change(promotion.id, { model: promotion.model });
    expect(await openLink(secret)).toBeDefined();
    world.table.links.clear();
    expect(await openLink(secret)).toBeUndefined();
  });

  it('that nobody was sent opens nothing, and what is no secret is not looked for', async () => {
    const openLink = linkOpener(deps);
    expect(await openLink('A'.repeat(43))).toBeUndefined();
    expect(await openLink(secret.slice(1))).toBeUndefined();
    expect(reads).toEqual(['link']);
  });
});
