import { beforeEach, describe, expect, it } from 'vitest';
import {
  attestationBytes,
  LINEAGE_BOUNDS,
  type LineageBounds,
  lineage,
  listRun,
  requireEvidence,
} from '../../../lib/app/read-evidence.ts';
import { type ControlPlane, controlPlane } from '../../support/control-plane.ts';
import type { TestKey } from '../../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';
import { stages } from '../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane();
});

const { post, made } = stages(() => plane);

describe('attestationBytes', () => {
  it.each([
    ['from the item', {}],
    ['from the bucket, where the item has no room', { parameters: { notes: 'n'.repeat(40_000) } }],
  ])('gives what was sent, to the byte, %s', async (_, changes) => {
    const bytes = signedBundle(aManifest(changes), plane.key);
    const { record } = await plane.submit(bytes);
    expect(await attestationBytes(plane.ledger, plane.bucket, record.sha256)).toEqual({
      bytes,
      mediaType: record.media_type,
    });
  });

  it('refuses what is not there', async () => {
    await expect(attestationBytes(plane.ledger, plane.bucket, digestOf('x'))).rejects.toThrow(refusal('NOT_FOUND'));
    await expect(requireEvidence(plane.ledger, digestOf('x'))).rejects.toThrow(refusal('NOT_FOUND'));
  });

  it('says so when the version that the receipt names is gone', async () => {
    const { record } = await plane.submit(
      signedBundle(aManifest({ parameters: { notes: 'n'.repeat(40_000) } }), plane.key),
    );
    plane.bucket.objects.delete(record.object_key);
    await expect(attestationBytes(plane.ledger, plane.bucket, record.sha256)).rejects.toThrow(
      refusal('INTEGRITY_FAILURE'),
    );
  });
});

describe('listRun', () => {
  const STORY = ['serving', 'training', 'ingest', 'training', 'evaluation', 'training', 'ingest', 'registration'];
  const IN_ORDER = [
    ['ingest', true],
    ['ingest', true],
    ['training', true],
    ['training', true],
    ['training', true],
    ['evaluation', false],
    ['registration', false],
    ['serving', false],
  ];

  it.each([1, 2, 3, 4, 7, 8, 50])('orders by stage and marks what is repeated, in pages of %d', async (limit) => {
    for (const stage of STORY) await post({ stage });
    const listed: unknown[] = [];
    const sizes: number[] = [];
    let after: string | undefined;
    do {
      const page = await listRun(plane.ledger, 'run-1', limit, after);
      listed.push(...page.items.map(({ stage, repeated = false }) => [stage, repeated]));
      sizes.push(page.items.length);
      after = page.next;
    } while (after !== undefined);
    expect(listed).toEqual(IN_ORDER);
    expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
    expect(sizes.at(-1)).toBeGreaterThan(0);
  });

  it('of a run that nobody knows is empty', async () => {
    expect(await listRun(plane.ledger, 'nobody', 10, undefined)).toEqual({ items: [], next: undefined });
  });
});

const names = new Map(
  ['raw', 'clean', 'labels', 'features', 'model', 'report', 'other'].map((name) => [digestOf(name), name]),
);
const nameOf = (digest: string): string => names.get(digest) ?? digest;

async function family(of: string, direction: 'up' | 'down', bounds: Partial<LineageBounds> = {}) {
  const found = await lineage(plane.ledger, digestOf(of), direction, { ...LINEAGE_BOUNDS, ...bounds });
  return {
    nodes: Object.fromEntries(found.nodes.map(({ sha256, depth }) => [nameOf(sha256), depth])),
    edges: found.edges.map(({ from, to }) => `${nameOf(from)}>${nameOf(to)}`).toSorted(),
    cycle: found.cycle?.map(nameOf),
  };
}

describe('lineage', () => {
  it('goes up to everything that a model was made from', async () => {
    await made('raw', 'clean');
    await made('clean', 'features');
    await made('labels', 'features');
    await made('features', 'model');
    await made('raw', 'other');
    expect(await family('model', 'up')).toEqual({
      nodes: { model: 0, features: 1, clean: 2, labels: 2, raw: 3 },
      edges: ['clean>features', 'features>model', 'labels>features', 'raw>clean'],
      cycle: undefined,
    });
  });

  it('goes down to everything that was made from a dataset', async () => {
    await made('raw', 'clean');
    await made('clean', 'model');
    await made('model', 'report');
    await made('labels', 'model');
    expect(await family('raw', 'down')).toEqual({
      nodes: { raw: 0, clean: 1, model: 2, report: 3 },
      edges: ['clean>model', 'model>report', 'raw>clean'],
      cycle: undefined,
    });
  });

  it('names the evidence that says so, each time it was said', async () => {
    const said = [await made('raw', 'clean'), await made('raw', 'clean')];
    const { edges } = await lineage(plane.ledger, digestOf('clean'), 'up');
    expect(edges.map(({ evidence }) => evidence)).toEqual(said);
  });

  it('of a thing that nobody speaks of is the thing alone', async () => {
    expect(await family('model', 'up')).toEqual({ nodes: { model: 0 }, edges: [], cycle: undefined });
  });

  it('shows a cycle, which is somebody’s false statement, and ends', async () => {
    await made('raw', 'clean');
    await made('clean', 'model');
    await made('model', 'raw');
    const { cycle, nodes } = await family('model', 'up');
    expect(nodes).toEqual({ model: 0, clean: 1, raw: 2 });
    expect(cycle).toHaveLength(4);
    expect(cycle?.[0]).toBe(cycle?.at(-1));
  });

  it('that is exactly as deep and as large as its bounds is given, and one step more is refused', async () => {
    await made('raw', 'clean');
    await made('clean', 'features');
    await made('features', 'model');
    expect((await family('model', 'up', { depth: 3, nodes: 4 })).nodes).toMatchObject({ raw: 3 });
    await expect(family('model', 'up', { depth: 2, nodes: 4 })).rejects.toThrow(refusal('LINEAGE_TOO_LARGE'));
    await expect(family('model', 'up', { depth: 3, nodes: 3 })).rejects.toThrow(refusal('LINEAGE_TOO_LARGE'));
  });

  it('is refused when more is said of it than its bounds allow, though its things are few', async () => {
    for (let times = 0; times < 3; times++) await made('raw', 'model');
    expect((await family('model', 'up', { edges: 3, lines: 6 })).edges).toHaveLength(3);
    await expect(family('model', 'up', { edges: 2 })).rejects.toThrow(refusal('LINEAGE_TOO_LARGE'));
    await expect(family('model', 'up', { lines: 5 })).rejects.toThrow(refusal('LINEAGE_TOO_LARGE'));
  });

  it('follows what was said more often than one page holds', async () => {
    const small = {
      ...plane.ledger,
      list: (partition: string, options: Parameters<typeof plane.ledger.list>[1]) =>
        plane.ledger.list(partition, { ...options, limit: 2 }),
    };
    for (const from of ['raw', 'clean', 'labels', 'other', 'report']) await made(from, 'model');
    expect((await lineage(small, digestOf('model'), 'up')).edges).toHaveLength(5);
  });
});
