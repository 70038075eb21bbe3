import { Predicate } from '../../contracts/predicates.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import type { GateLineage } from '../../core/gate/input.ts';
import { lookup } from '../../core/layout.ts';
import { type Edge, findCycle } from '../../core/lineage.ts';
import type { Content } from '../../core/submission.ts';
import { type LineCounter, wholeLookup } from '../lookups.ts';
import type { GateBounds } from './bounds.ts';
import type { GateLedger } from './ports.ts';
import { type Superseded, withoutEarlierScans } from './scans.ts';

/** Queries that run at the same time. */
const BREADTH = 16;

/** What the index knows of; whether it is true is found out from the bytes. */
export interface Mentioned {
  /** A line of each piece, by its digest. */
  readonly evidence: ReadonlyMap<string, IndexEntry>;
  readonly superseded: readonly Superseded[];
  /** Why the search ended early; null when it did not. */
  readonly code: string | null;
}

/** How a search of the index goes about it. */
export interface Search {
  readonly ledger: Pick<GateLedger, 'list'>;
  /** Which lines are looked at. */
  readonly wants: (entry: IndexEntry) => boolean;
  readonly bounds: GateBounds;
  readonly countLines: LineCounter;
}

/**
 * Finds the evidence of a model and of everything that the index says it was made from, one look-up a digest.
 *
 * @throws DomainError LINEAGE_TOO_LARGE, of the counter
 */
export async function mentionedEvidence(search: Search, model: string): Promise<Mentioned> {
  const { bounds } = search;
  const seen = new Set([model]);
  const evidence = new Map<string, IndexEntry>();
  const superseded: Superseded[] = [];
  let level = [model];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > bounds.depth) return { evidence, superseded, code: 'LINEAGE_TOO_LARGE' };
    const next = new Set<string>();
    for (let start = 0; start < level.length; start += BREADTH) {
      const found = await saidOf(search, level.slice(start, start + BREADTH), superseded);
      for (const entry of found) {
        const isManifest = entry.predicate_type === Predicate.manifest;
        // What else was made from a data set says nothing about this model, and a data set may serve thousands.
        if (depth > 0 && isManifest && entry.part === 'input') continue;
        evidence.set(entry.evidence, entry);
        // Only signed manifests tell how things were made: anybody may name anything in another statement.
        if (!isManifest || entry.part !== 'output' || entry.flags.includes('unsigned')) continue;
        for (const input of entry.linked ?? []) {
          if (seen.has(input)) continue;
          seen.add(input);
          next.add(input);
        }
      }
      if (seen.size > bounds.digests || evidence.size > bounds.attestations) {
        return { evidence, superseded, code: 'LINEAGE_TOO_LARGE' };
      }
    }
    level = [...next];
  }
  return { evidence, superseded, code: null };
}

/**
 * Finds the evidence of digests, and of models by their names, without following what these were made from.
 *
 * @throws DomainError LINEAGE_TOO_LARGE, of the counter
 */
export async function directEvidence(
  search: Search,
  digests: readonly string[],
  modelNames: readonly string[] = [],
): Promise<Mentioned> {
  const { ledger, wants, bounds, countLines } = search;
  const superseded: Superseded[] = [];
  const named = modelNames.map((name) => wholeLookup(ledger, lookup.forModels(name), countLines));
  const entries = (await Promise.all(named)).flat().filter((entry) => !isArtifact(entry) && wants(entry));
  for (let start = 0; start < digests.length && start < bounds.digests; start += BREADTH) {
    entries.push(...(await saidOf(search, digests.slice(start, start + BREADTH), superseded)));
  }
  const evidence = new Map(entries.map((entry) => [entry.evidence, entry]));
  const isTooLarge = digests.length > bounds.digests || evidence.size > bounds.attestations;
  return { evidence, superseded, code: isTooLarge ? 'LINEAGE_TOO_LARGE' : null };
}

/** That bytes are stored says nothing about them. */
function isArtifact({ predicate_type }: IndexEntry): boolean {
  return predicate_type === undefined;
}

async function saidOf(
  { ledger, wants, countLines }: Search,
  digests: readonly string[],
  superseded: Superseded[],
): Promise<IndexEntry[]> {
  const found = await Promise.all(
    digests.map(async (digest) => {
      const entries = await wholeLookup(ledger, lookup.digest(digest), countLines);
      return withoutEarlierScans(
        digest,
        entries.filter((entry) => !isArtifact(entry) && wants(entry)),
      );
    }),
  );
  superseded.push(...found.flatMap((one) => one.superseded));
  return found.flatMap(({ entries }) => entries);
}

/**
 * The lineage as the verified statements tell it: a row of the index that no signature bears out leads nowhere.
 *
 * @param contents - of the evidence whose signature holds, by its digest
 */
export function verifiedLineage(
  model: string,
  contents: ReadonlyMap<string, Content>,
  code: string | null,
): GateLineage {
  const intoDigest = new Map<string, Edge[]>();
  for (const [evidence, { predicateType, inputs, outputs }] of contents) {
    if (predicateType !== Predicate.manifest) continue;
    for (const to of outputs) {
      const edges = intoDigest.get(to) ?? [];
      for (const from of inputs) edges.push({ from, to, evidence });
      intoDigest.set(to, edges);
    }
  }
  const nodes = new Set([model]);
  const edges: Edge[] = [];
  // A Set goes on to what is added while it is walked.
  for (const node of nodes) {
    for (const edge of intoDigest.get(node) ?? []) {
      edges.push(edge);
      nodes.add(edge.from);
    }
  }
  return { complete: code === null, code, nodes: [...nodes], edges, cycle: findCycle(edges) ?? null };
}
