import { DomainError } from '../core/errors.ts';
import type { EvidenceRecord, IndexEntry } from '../core/evidence.ts';
import { lookup } from '../core/layout.ts';
import { type Edge, findCycle } from '../core/lineage.ts';
import { lineCounter, tooLarge, wholeLookup } from './lookups.ts';
import type { EvidenceStore, Ledger } from './ports.ts';
import { storedBytes } from './stored-bytes.ts';

export async function requireEvidence(ledger: Ledger, sha256: string): Promise<EvidenceRecord> {
  const record = (await ledger.find(sha256)) ?? (await ledger.findArtifact(sha256));
  if (record) return record;
  throw new DomainError('NOT_FOUND', `no evidence with the digest ${sha256}`, {
    hint: 'the digest is that of the stored bytes, as the receipt names it; for what is said about a model use /v1/models/{sha256}',
  });
}

/** The bytes of an attestation or event as they were sent. */
export async function attestationBytes(
  ledger: Ledger,
  store: EvidenceStore,
  sha256: string,
): Promise<{ bytes: Buffer; mediaType: string }> {
  const record = await requireEvidence(ledger, sha256);
  if (record.kind === 'artifact') {
    throw new DomainError('NOT_FOUND', 'this evidence is an artifact', {
      hint: `its bytes are at /v1/artifacts/${sha256}/content`,
    });
  }
  const bytes = await storedBytes(store, record);
  if (!bytes) throw new DomainError('INTEGRITY_FAILURE', `the stored version of ${sha256} is gone`);
  return { bytes, mediaType: record.media_type };
}

export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 100;

export interface Listing {
  readonly items: readonly (IndexEntry & { readonly repeated?: boolean })[];
  readonly next: string | undefined;
}

/** A run's evidence in stage order. Two manifests of one stage are both kept, and each is marked as repeated. */
export async function listRun(
  ledger: Ledger,
  runId: string,
  limit: number,
  after: string | undefined,
): Promise<Listing> {
  // One more than asked for, because whether the last one is repeated is told by the next.
  const page = await ledger.list(lookup.run(runId), { limit: limit + 1, after });
  const items = page.items.slice(0, limit);
  const stages = [after?.slice(0, 2), ...page.items.map(({ sk }) => sk.slice(0, 2))];
  const marked = items.map((item, index) => {
    const stage = stages[index + 1];
    const repeated = item.stage !== undefined && (stages[index] === stage || stages[index + 2] === stage);
    return repeated ? { ...item, repeated } : item;
  });
  const more = page.items.length > limit || page.next !== undefined;
  return { items: marked, next: more ? items.at(-1)?.sk : undefined };
}

export interface LineageNode {
  readonly sha256: string;
  /** Steps from the digest that was asked for. */
  readonly depth: number;
}

export interface Lineage {
  readonly root: string;
  readonly direction: 'up' | 'down';
  readonly nodes: readonly LineageNode[];
  /** From what went in to what came out, and by which evidence. */
  readonly edges: readonly Edge[];
  /** Digests of one cycle, if there is any; a gate refuses such a lineage. */
  readonly cycle: readonly string[] | undefined;
}

export interface LineageBounds {
  readonly depth: number;
  readonly nodes: number;
  /** One piece of evidence may say up to a thousand, and the same may be said again and again. */
  readonly edges: number;
  /** Lines of the look-ups that are read on the way, also those that lead nowhere. */
  readonly lines: number;
}

export const LINEAGE_BOUNDS: LineageBounds = { depth: 32, nodes: 1000, edges: 10_000, lines: 20_000 };

/** Queries that run at the same time. */
const BREADTH = 16;

/**
 * Follows evidence from outputs to inputs (`up`: what a model was made from) or from inputs to outputs (`down`).
 *
 * @throws DomainError LINEAGE_TOO_LARGE rather than answer with a part of it
 */
export async function lineage(
  ledger: Ledger,
  root: string,
  direction: 'up' | 'down',
  bounds: LineageBounds = LINEAGE_BOUNDS,
): Promise<Lineage> {
  const depths = new Map([[root, 0]]);
  const edges: Edge[] = [];
  const countLines = lineCounter(bounds.lines);
  let level = [root];
  for (let depth = 1; level.length > 0; depth++) {
    const next: string[] = [];
    for (let start = 0; start < level.length; start += BREADTH) {
      const found = await Promise.all(
        level
          .slice(start, start + BREADTH)
          .map(async (digest) =>
            linksIn(await wholeLookup(ledger, lookup.digest(digest), countLines), digest, direction),
          ),
      );
      for (const edge of found.flat()) {
        edges.push(edge);
        const digest = direction === 'up' ? edge.from : edge.to;
        if (depths.has(digest)) continue;
        depths.set(digest, depth);
        next.push(digest);
      }
      if (edges.length > bounds.edges) tooLarge(`more than ${bounds.edges} links`);
    }
    if (depths.size > bounds.nodes) tooLarge(`more than ${bounds.nodes} digests`);
    if (next.length > 0 && depth > bounds.depth) tooLarge(`more than ${bounds.depth} steps deep`);
    level = next;
  }
  return {
    root,
    direction,
    nodes: [...depths].map(([sha256, depth]) => ({ sha256, depth })),
    edges,
    cycle: findCycle(edges),
  };
}

function linksIn(entries: readonly IndexEntry[], digest: string, direction: 'up' | 'down'): Edge[] {
  return entries
    .filter(({ part }) => part === (direction === 'up' ? 'output' : 'input'))
    .flatMap(({ linked = [], evidence }) =>
      linked.map((other) =>
        direction === 'up' ? { from: other, to: digest, evidence } : { from: digest, to: other, evidence },
      ),
    );
}
