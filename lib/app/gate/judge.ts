import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { type Judged, judgeEvidence, type KnownKey, lostEvidence } from '../../core/gate/attestation.ts';
import { type PublicKey, parsePublicKey } from '../../core/keys.ts';
import type { EvidenceStore, Registry } from '../ports.ts';
import { storedBytes } from '../stored-bytes.ts';
import { inputTooLarge, MAX_INPUT_BYTES } from './bounds.ts';
import type { GateLedger } from './ports.ts';

export interface JudgeDeps {
  readonly ledger: GateLedger;
  readonly registry: Pick<Registry, 'keyHistory' | 'evidenceKeys'>;
  readonly store: Pick<EvidenceStore, 'read'>;
}

/** Who does not list evidence needs less. */
export type VerifyDeps = Omit<JudgeDeps, 'ledger'> & { readonly ledger: Pick<GateLedger, 'findMany'> };

/** Objects that are read at the same time: those whose bytes are too large for the table. */
const READERS = 16;

/** Records that are read before their sizes are counted: four batch reads at the same time, some 14 MB. */
const WAVE = 400;

/** What all that a gate judges may have in bytes: in base64, as it is signed, the largest input. */
const MAX_EVIDENCE_BYTES = (MAX_INPUT_BYTES / 3) * 4;

/** Verifies evidence again from its bytes, by its digest. */
export type Judge = (evidence: Iterable<string>) => Promise<ReadonlyMap<string, Judged>>;

/** The same of what look-ups name, where each piece gets an answer. */
export async function judgeNamed(judge: Judge, named: ReadonlyMap<string, IndexEntry>): Promise<Map<string, Judged>> {
  const judged = await judge(named.keys());
  return new Map([...named].map(([evidence, line]) => [evidence, judged.get(evidence) ?? lostEvidence(line)]));
}

/**
 * For one gate, which asks more than once: each key is read once.
 *
 * @param evidenceKey - the active one, which signed nearly everything; undefined: it is read with the earlier ones
 * @param asOf - what was recorded of keys later is not seen; undefined: all that is known
 */
export function evidenceJudge(deps: VerifyDeps, evidenceKey: EvidenceKey | undefined, asOf: Date | undefined): Judge {
  const signers = new Map<string, Promise<KnownKey>>();
  const evidenceKeys = ownKeys(deps.registry, evidenceKey);

  const signerOf = (keyid: string): Promise<KnownKey> => {
    const known = signers.get(keyid) ?? knownKey(deps.registry, keyid, asOf);
    signers.set(keyid, known);
    return known;
  };

  let bytesRead = 0;
  const recordsOf = async (evidence: readonly string[]): Promise<EvidenceRecord[]> => {
    const records = [...(await deps.ledger.findMany(evidence)).values()].filter(({ kind }) => kind === 'attestation');
    bytesRead += records.reduce((sum, { size }) => sum + size, 0);
    if (bytesRead > MAX_EVIDENCE_BYTES) inputTooLarge(`the evidence has more than ${MAX_EVIDENCE_BYTES} bytes`);
    return records;
  };

  const judgeAll = async (records: readonly EvidenceRecord[], judged: Map<string, Judged>): Promise<void> => {
    const keyids = [...new Set(records.flatMap(({ keyid }) => keyid ?? []))];
    const [own, ...known] = await Promise.all([
      evidenceKeys(records),
      ...keyids.map(async (keyid) => [keyid, await signerOf(keyid)] as const),
    ]);
    const signersByKeyid = new Map(known);
    const keyOf = (keyid: string) => signersByKeyid.get(keyid) ?? { revisions: [], current: undefined };
    for (let start = 0; start < records.length; start += READERS) {
      const some = records.slice(start, start + READERS);
      const bytes = await Promise.all(some.map((record) => bytesOf(deps.store, record)));
      for (const [index, record] of some.entries()) {
        judged.set(record.sha256, await judgeEvidence(record, bytes[index], keyOf, own));
      }
    }
  };

  return async (evidence) => {
    const wanted = [...evidence];
    const judged = new Map<string, Judged>();
    for (let start = 0; start < wanted.length; start += WAVE) {
      await judgeAll(await recordsOf(wanted.slice(start, start + WAVE)), judged);
    }
    return judged;
  };
}

/** The keys that countersigned some records, by their keyids. */
export type OwnKeys = (records: readonly EvidenceRecord[]) => Promise<(keyid: string) => PublicKey | undefined>;

/** @param active - the key that signed nearly everything: where it signed all, the others are not read */
export function ownKeys(registry: Pick<Registry, 'evidenceKeys'>, active: EvidenceKey | undefined): OwnKeys {
  let all: Promise<readonly EvidenceKey[]> | undefined;
  const parsed = new Map<string, PublicKey>();
  return async (records) => {
    const isEnough = active && records.every((record) => record.evidence_keyid === active.keyid);
    if (!isEnough) all ??= registry.evidenceKeys();
    for (const { keyid, public_key } of isEnough ? [active] : ((await all) ?? [])) {
      if (!parsed.has(keyid)) parsed.set(keyid, parsePublicKey(public_key));
    }
    return (keyid) => parsed.get(keyid);
  };
}

async function knownKey(registry: JudgeDeps['registry'], keyid: string, asOf: Date | undefined): Promise<KnownKey> {
  const revisions = await registry.keyHistory(keyid);
  const isKnown = ({ recordedAt }: { readonly recordedAt: string }) =>
    asOf === undefined || recordedAt <= asOf.toISOString();
  return { revisions, current: revisions.findLast(isKnown)?.key };
}

/** For a gate, which goes on without what it cannot have. */
export async function bytesOf(store: JudgeDeps['store'], record: EvidenceRecord): Promise<Buffer | undefined> {
  try {
    return await storedBytes(store, record);
  } catch (error) {
    // Not read is not the same as not there: the rules answer undetermined.
    if (error instanceof DomainError && error.code === 'DEPENDENCY_UNAVAILABLE') return undefined;
    throw error;
  }
}
