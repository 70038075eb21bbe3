import * as z from 'zod/mini';
import { Predicate } from '../../contracts/predicates.ts';
import { type Listed, type SimulationChunk, simulationWork } from '../../contracts/simulation.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { DomainError } from '../../core/errors.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import { parseStrictJson } from '../../core/json.ts';
import { CONTROL_PLANE, lookup } from '../../core/layout.ts';
import { datesOf, type Simulation } from '../../core/simulation.ts';
import { requirePolicy } from '../find-policy.ts';
import type { Ledger, Registry } from '../ports.ts';
import type { WorkStore } from './ports.ts';
import { changeSimulation, requireSimulation, type StateDeps } from './state.ts';

export interface ListDeps extends StateDeps {
  readonly ledger: Pick<Ledger, 'list'>;
  readonly registry: Pick<Registry, 'policy'>;
  readonly work: WorkStore;
}

/** Where a listing stands: before the chunk of that number, after that line of that day. */
const PositionSchema = z.object({ chunk: z.number(), day: z.string(), after: z.nullable(z.string()) });
type Position = z.output<typeof PositionSchema>;

export const ChunkSchema = z.object({
  /** The candidate. */
  policy: z.object({ sha256: z.string(), version_id: z.string() }),
  /** Evidence of the decisions, oldest first. */
  decisions: z.array(z.string()),
  next: PositionSchema,
});

type Chunk = z.output<typeof ChunkSchema>;

/** What one batch read takes. */
const CHUNK = 100;
const PAGE = 500;
/** Pages that one call reads; a day has at least one. */
const PAGES = 100;

/**
 * Lists the decisions of the range in chunks. A chunk that is there already counts as it is, and says where the next begins:
 * so a listing that was interrupted, or runs twice, comes to the same chunks though decisions are committed meanwhile.
 *
 * Crash after a chunk's put: the same call again goes on behind it. Crash after the list's put: the same.
 */
export async function listDecisions(deps: ListDeps, id: string, cursor: string | null): Promise<Listed> {
  const { simulation } = await requireSimulation(deps.simulations, id);
  if (simulation.chunks !== null) return { cursor: null, chunks: simulation.chunks };
  const { sha256, version_id } = await requirePolicy(deps.registry, simulation.policy);
  const days = [...datesOf(simulation)];
  let at = cursor === null ? { chunk: 0, day: days[0] ?? '', after: null } : readPosition(cursor);
  let waiting: string[] = [];

  /** @returns whether the listing goes on from where it is */
  async function putChunk(): Promise<boolean> {
    const next = { ...at, chunk: at.chunk + 1 };
    const put = await putOrRead(deps.work, simulationWork.chunk(id, at.chunk), {
      policy: { sha256, version_id },
      decisions: waiting,
      next,
    });
    waiting = [];
    at = put.next;
    return canonicalBytes(at).equals(canonicalBytes(next));
  }

  for (let page = 0; page < PAGES; page++) {
    const { items, next } = await deps.ledger.list(lookup.principalDay(CONTROL_PLANE, at.day), {
      limit: PAGE,
      after: at.after ?? undefined,
    });
    for (const entry of items) {
      at = { ...at, after: entry.sk };
      if (isAsked(entry, simulation)) waiting.push(entry.evidence);
      if (waiting.length === CHUNK && !(await putChunk())) return standAt(at);
    }
    if (next !== undefined) continue;
    const tomorrow = days[days.indexOf(at.day) + 1];
    if (tomorrow !== undefined) {
      at = { ...at, day: tomorrow, after: null };
      continue;
    }
    if (waiting.length > 0 && !(await putChunk())) break;
    return { cursor: null, chunks: await finish(deps, simulation, at.chunk) };
  }
  if (waiting.length > 0) await putChunk();
  return standAt(at);
}

/** Decisions that opened or shut a gate: no answers about the past, and nothing that was not looked at. */
function isAsked(entry: IndexEntry, { from, to, environment }: Simulation): boolean {
  const { predicate_type, result, received_at } = entry;
  if (predicate_type !== Predicate.slsaVsa || (result !== 'PASSED' && result !== 'FAILED')) return false;
  return received_at >= from && received_at < to && (environment ?? entry.environment) === entry.environment;
}

async function putOrRead(work: WorkStore, name: string, chunk: Chunk): Promise<Chunk> {
  if (await work.putOnce(name, canonicalBytes(chunk))) return chunk;
  return await readChunk(work, name);
}

export async function readChunk(work: WorkStore, name: string): Promise<Chunk> {
  const bytes = await work.read(name);
  if (!bytes) {
    throw new DomainError('NOT_FOUND', `${name} is gone: what a simulation works with is kept for some days`, {
      hint: 'ask again with another end of the range',
    });
  }
  return ChunkSchema.parse(parseStrictJson(bytes));
}

/** @returns how many chunks there are: another listing may have come to its end first */
async function finish(deps: ListDeps, simulation: Simulation, chunks: number): Promise<number> {
  const list: SimulationChunk[] = Array.from({ length: chunks }, (_, chunk) => ({ chunk }));
  const name = simulationWork.chunks(simulation.id);
  const isOurs = await deps.work.putOnce(name, canonicalBytes(list));
  const listed = isOurs
    ? list
    : z.array(z.unknown()).parse(parseStrictJson((await deps.work.read(name)) ?? Buffer.alloc(0)));
  await changeSimulation(deps, simulation, { chunks: listed.length });
  return listed.length;
}

function standAt(at: Position): Listed {
  return { cursor: JSON.stringify(at), chunks: at.chunk };
}

/** The state machine hands it back as it got it. */
function readPosition(cursor: string): Position {
  return PositionSchema.parse(JSON.parse(cursor));
}
