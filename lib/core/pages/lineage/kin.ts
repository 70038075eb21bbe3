import type { LineageNode, LineageView } from '../model.ts';

/** Nodes that a reader cannot tell apart by what they were made from and what was made from them: the shards of one dataset. */
export interface Kin {
  /** Of the first member, which stands for all. */
  readonly sha256: string;
  readonly members: readonly LineageNode[];
}

/** So many can still be told apart in a picture. */
const FEW = 3;

/** @returns boxes in the order of the nodes, and the edges between them, each once */
export function alike(
  nodes: readonly LineageNode[],
  edges: LineageView['edges'],
): { readonly boxes: readonly Kin[]; readonly edges: LineageView['edges'] } {
  const [inputs, outputs] = [neighbours(edges, 'to', 'from'), neighbours(edges, 'from', 'to')];
  const unique = new Map(nodes.map((node) => [node.sha256, node]));
  const groups = Map.groupBy(unique.values(), ({ sha256, kind, stage }) =>
    JSON.stringify([kind, stage, inputs.get(sha256) ?? [], outputs.get(sha256) ?? []]),
  );
  const boxes = [...groups.values()].flatMap((members) =>
    members.length > FEW ? [members] : members.map((one) => [one]),
  );
  const standIn = new Map(
    boxes.flatMap((members) => members.map(({ sha256 }) => [sha256, members[0]?.sha256 ?? sha256])),
  );

  const between = new Map<string, LineageView['edges'][number]>();
  for (const edge of edges) {
    const [from, to] = [standIn.get(edge.from), standIn.get(edge.to)];
    if (from !== undefined && to !== undefined && from !== to) between.set(`${from} ${to}`, { from, to });
  }
  return {
    boxes: boxes.map((members) => ({ sha256: members[0]?.sha256 ?? '', members })),
    edges: [...between.values()],
  };
}

function neighbours(
  edges: LineageView['edges'],
  of: 'from' | 'to',
  other: 'from' | 'to',
): ReadonlyMap<string, readonly string[]> {
  const sets = Map.groupBy(edges, (edge) => edge[of]);
  return new Map([...sets].map(([sha256, own]) => [sha256, [...new Set(own.map((edge) => edge[other]))].toSorted()]));
}
