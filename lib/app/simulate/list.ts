import { OwnPredicate, Predicate } from '../../contracts/predicates.ts';
import { type Listed, simulationWork } from '../../contracts/simulation.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import { CONTROL_PLANE, lookup } from '../../core/layout.ts';
import { datesOf, type Simulation } from '../../core/simulation.ts';
import {
  type Chunk,
  cursorOf,
  listBytes,
  type Position,
  parseChunk,
  parseCursor,
  parseList,
} from '../../core/simulation-work.ts';
import { requirePolicy } from '../find-policy.ts';
import type { Ledger, Registry } from '../ports.ts';
import type { WorkStore } from './ports.ts';
import { changeSimulation, requireSimulation, type StateDeps } from './state.ts';

export interface ListDeps extends StateDeps {
  readonly ledger: Pick<Ledger, 'list'>;
  readonly registry: Pick<Registry, 'policy'>;
  readonly work: WorkStore;
}

/** What one batch read takes. */
const CHUNK = 100;
const PAGE = 500;
/** Pages that one call reads; a day has at least one. */
const PAGES = 100;

/**
 * Lists the decisions of the range in chunks, and counts the gates that were skipped. A chunk that is there already counts as it is, and says where the next begins:
 * so a listing that was interrupted, or runs twice, comes to the same chunks though decisions are committed meanwhile.
 *
 * Crash after a chunk's put: the same call again goes on behind it. Crash after the list's put: the same.
 */
export async function listDecisions(deps: ListDeps, id: string, cursor: string | null): Promise<Listed> {
  const { simulation } = await requireSimulation(deps.simulations, id);
  if (simulation.chunks !== null) return { cursor: null, chunks: simulation.chunks };
  const { sha256, version_id } = await requirePolicy(deps.registry, simulation.policy);
  const days = [...datesOf(simulation)];
  let at: Position = cursor === null ? { chunk: 0, day: days[0] ?? '', after: null, skipped: 0 } : parseCursor(cursor);
  let waiting: string[] = [];

  /** @returns whether the listing goes on from where it is */
  async function putChunk(): Promise<boolean> {
    const next = { ...at, chunk: at.chunk + 1 };
    const put = await putOrRead(deps.work, simulationWork.chunk(id, at.chunk), {
      policy: { sha256, version_id },
      slot: simulation.slot,
      decisions: waiting,
      next,
    });
    waiting = [];
    at = put.next;
    return cursorOf(at) === cursorOf(next);
  }

  for (let page = 0; page < PAGES; page++) {
    const { items, next } = await deps.ledger.list(lookup.principalDay(CONTROL_PLANE, at.day), {
      limit: PAGE,
      after: at.after ?? undefined,
    });
    for (const entry of items) {
      const is = isInRange(entry, simulation) ? whatIs(entry) : 'other';
      at = { ...at, after: entry.sk, skipped: at.skipped + (is === 'skip' ? 1 : 0) };
      if (is === 'decision') waiting.push(entry.evidence);
      if (waiting.length === CHUNK && !(await putChunk())) return standAt(at);
    }
    if (next !== undefined) continue;
    const tomorrow = days[days.indexOf(at.day) + 1];
    if (tomorrow !== undefined) {
      at = { ...at, day: tomorrow, after: null };
      continue;
    }
    if (waiting.length > 0 && !(await putChunk())) break;
    return { cursor: null, chunks: await finish(deps, simulation, at) };
  }
  if (waiting.length > 0) await putChunk();
  return standAt(at);
}

function isInRange({ received_at, environment }: IndexEntry, asked: Simulation): boolean {
  if (received_at < asked.from || received_at >= asked.to) return false;
  return asked.environment === null || asked.environment === environment;
}

/** A decision opened or shut a gate: an answer about the past is none. */
function whatIs({ predicate_type, result }: IndexEntry): 'decision' | 'skip' | 'other' {
  if (predicate_type === OwnPredicate.gateSkip) return 'skip';
  const isDecision = predicate_type === Predicate.slsaVsa && (result === 'PASSED' || result === 'FAILED');
  return isDecision ? 'decision' : 'other';
}

async function putOrRead(work: WorkStore, name: string, chunk: Chunk): Promise<Chunk> {
  return (await work.putOnce(name, canonicalBytes(chunk))) ? chunk : parseChunk(await work.read(name));
}

/** @returns how many chunks there are: another listing may have come to its end first */
async function finish(deps: ListDeps, simulation: Simulation, end: Position): Promise<number> {
  const name = simulationWork.chunks(simulation.id);
  const isOurs = await deps.work.putOnce(name, listBytes(end.chunk));
  const chunks = isOurs ? end.chunk : parseList(await deps.work.read(name));
  await changeSimulation(deps, simulation, { chunks, skipped: end.skipped });
  return chunks;
}

function standAt(position: Position): Listed {
  return { cursor: cursorOf(position), chunks: position.chunk };
}
