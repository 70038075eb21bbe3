/** One step of a lineage: `from` went in, `to` came out, `evidence` says so. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly evidence: string;
}

/**
 * Finds one cycle: a thing that was made from itself. Digests cannot do that, so somebody's statement is false.
 *
 * @returns the digests along it, the first one again at the end; undefined when there is none
 */
export function findCycle(edges: readonly Edge[]): readonly string[] | undefined {
  const successors = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const known = successors.get(from);
    if (known) known.push(to);
    else successors.set(from, [to]);
  }
  const done = new Set<string>();
  for (const start of successors.keys()) {
    // Iterative, because a hostile lineage may be as deep as it is large.
    const path: { readonly node: string; readonly rest: string[] }[] = [];
    const onPath = new Set<string>();
    const enter = (node: string): void => {
      path.push({ node, rest: [...(successors.get(node) ?? [])] });
      onPath.add(node);
    };
    if (!done.has(start)) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        path.pop();
        onPath.delete(top.node);
        done.add(top.node);
      } else if (onPath.has(next)) {
        const nodes = path.map(({ node }) => node);
        return [...nodes.slice(nodes.indexOf(next)), next];
      } else if (!done.has(next)) {
        enter(next);
      }
    }
  }
  return undefined;
}
