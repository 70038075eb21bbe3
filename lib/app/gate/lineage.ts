import { Predicate } from '../../contracts/predicates.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import type { GateLineage } from '../../core/gate/input.ts';
import { lookup } from '../../core/layout.ts';
import { type Edge, findCycle } from '../../core/lineage.ts';
import type { Content } from '../../core/submission.ts';
import { type LineCounter, wholeLookup } from '../lookups.ts';
import type { GateLedger } from './ports.ts';

export interface GateBounds {
  readonly depth: number;
  /** Digests that are followed. */
  readonly digests: number;
  /** Pieces of evidence that are looked at. */
  readonly attestations: number;
  /** Lines of the look-ups that are read on the way, also those that lead nowhere. */
  readonly lines: number;
}

/** The whole input must fit a Lambda and an auditor's patience; collections are attested as one digest. */
export const GATE_BOUNDS: GateBounds = { depth: 32, digests: 1000, attestations: 2000, lines: 20_000 };

/** Queries that run at the same time. */
const BREADTH = 16;

/** What the index knows of; whether it is true is found out from the bytes. */
export interface Mentioned {
  /** A line of each piece, by its digest. */
  readonly evidence: ReadonlyMap<string, IndexEntry>;
  /** Why the search ended early; null when it did not. */
  readonly code: string | null;
}

/**
 * Finds the evidence of a model and of everything that the index says it was made from, one look-up a digest.
 *
 * @param roots - where it begins
 * @param wants - what is looked at
 * @throws DomainError LINEAGE_TOO_LARGE, of the counter
 */
export async function mentionedEvidence(
  ledger: Pick<GateLedger, 'list'>,
  roots: readonly string[],
  wants: (entry: IndexEntry) => boolean,
  bounds: GateBounds,
  countLines: LineCounter,
): Promise<Mentioned> {
  const seen = new Set(roots);
  const evidence = new Map<string, IndexEntry>();
  let level = [...seen];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > bounds.depth) return { evidence, code: 'LINEAGE_TOO_LARGE' };
    const next = new Set<string>();
    for (let start = 0; start < level.length; start += BREADTH) {
      const digests = level.slice(start, start + BREADTH);
      const found = await Promise.all(digests.map((digest) => wholeLookup(ledger, lookup.digest(digest), countLines)));
      for (const entry of found.flat()) {
        if (isArtifact(entry) || !wants(entry)) continue;
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
        return { evidence, code: 'LINEAGE_TOO_LARGE' };
      }
    }
    level = [...next];
  }
  return { evidence, code: null };
}

/** That bytes are stored says nothing about them. */
function isArtifact({ predicate_type }: IndexEntry): boolean {
  return predicate_type === undefined;
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
