import * as z from 'zod/mini';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { DomainError } from './errors.ts';
import { type Outcome, OutcomeSchema } from './gate/what-if-report.ts';
import { parseStrictJson } from './json.ts';
import { parseWith } from './schema.ts';

/** Where a listing stands: before the chunk of that number, after that line of that day, with so many skipped gates behind it. */
export interface Position {
  readonly chunk: number;
  readonly day: string;
  readonly after: string | null;
  readonly skipped: number;
}

/** Decisions that are evaluated together. */
export interface Chunk {
  /** The candidate. */
  readonly policy: { readonly sha256: string; readonly version_id: string };
  /** Where it would stand. */
  readonly slot: string;
  /** Digests of their evidence, oldest first. */
  readonly decisions: readonly string[];
  /** Where the next chunk begins. */
  readonly next: Position;
}

const PositionSchema: z.ZodMiniType<Position> = z.object({
  chunk: z.int(),
  day: z.string(),
  after: z.nullable(z.string()),
  skipped: z.int(),
});

const ChunkSchema: z.ZodMiniType<Chunk> = z.object({
  policy: z.object({ sha256: z.string(), version_id: z.string() }),
  slot: z.string(),
  decisions: z.array(z.string()),
  next: PositionSchema,
});

const ResultSchema = z.object({ outcomes: z.array(OutcomeSchema) });
const ListSchema = z.array(z.object({ chunk: z.int() }));

/** A position as the state machine carries it from one call to the next. */
export function cursorOf(position: Position): string {
  return canonicalBytes(position).toString('utf8');
}

export function parseCursor(cursor: string): Position {
  return stored(PositionSchema, Buffer.from(cursor, 'utf8'));
}

/** @throws DomainError NOT_FOUND when it is gone: what a simulation works with is kept for some days only */
export function parseChunk(bytes: Buffer | undefined): Chunk {
  return stored(ChunkSchema, present(bytes));
}

/** Outcomes in the order of the chunk. */
export function resultBytes(outcomes: readonly Outcome[]): Buffer {
  return canonicalBytes({ outcomes });
}

/** @throws DomainError NOT_FOUND */
export function parseResult(bytes: Buffer | undefined): { readonly sha256: string; readonly outcomes: Outcome[] } {
  const standing = present(bytes);
  return { sha256: sha256Hex(standing), ...stored(ResultSchema, standing) };
}

/** The list of the chunks, as the Distributed Map reads it. */
export function listBytes(chunks: number): Buffer {
  return canonicalBytes(Array.from({ length: chunks }, (_, chunk) => ({ chunk })));
}

/** @returns how many there are. @throws DomainError NOT_FOUND */
export function parseList(bytes: Buffer | undefined): number {
  return stored(ListSchema, present(bytes)).length;
}

/** @throws DomainError INTEGRITY_FAILURE for what no function of ours writes */
function stored<S extends z.ZodMiniType>(schema: S, bytes: Buffer): z.output<S> {
  return parseWith(schema, parseStrictJson(bytes), 'INTEGRITY_FAILURE');
}

function present(bytes: Buffer | undefined): Buffer {
  if (bytes) return bytes;
  throw new DomainError('NOT_FOUND', 'what the simulation works with is gone: it is kept for some days', {
    hint: 'ask again with another end of the range',
  });
}
