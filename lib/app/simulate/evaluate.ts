import { type SimulationChunk, simulationWork } from '../../contracts/simulation.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord } from '../../core/evidence.ts';
import { parseDecision, type StoredDecision } from '../../core/gate/decision.ts';
import { type AnswerForm, formOf, parseBesideResult } from '../../core/gate/result.ts';
import { type Comparison, compareDecided } from '../../core/gate/what-if.ts';
import { whoseModel } from '../../core/gate/what-if-facts.ts';
import { BREAKDOWNS, type Outcome } from '../../core/gate/what-if-report.ts';
import type { PublicKey } from '../../core/keys.ts';
import { objectKey } from '../../core/layout.ts';
import { parseChunk, resultBytes } from '../../core/simulation-work.ts';
import { ownKeys } from '../gate/judge.ts';
import type { GateLedger, LoadedPolicy } from '../gate/ports.ts';
import type { EvidenceStore, Log, Registry } from '../ports.ts';
import { storedBytes } from '../stored-bytes.ts';
import type { Candidates } from './candidate.ts';
import type { Simulations, WorkStore } from './ports.ts';

export interface EvaluateDeps {
  readonly simulations: Pick<Simulations, 'markDone'>;
  readonly work: WorkStore;
  readonly ledger: Pick<GateLedger, 'findMany'>;
  readonly registry: Pick<Registry, 'evidenceKeys'>;
  readonly store: Pick<EvidenceStore, 'read'>;
  readonly candidate: Candidates;
  readonly log: Log;
}

/**
 * Has the candidate decide again what a chunk lists, on the very bytes that were decided on. A chunk that is done is not done
 * again.
 *
 * Crash after the put: a result that is not counted yet; the same call counts it.
 *
 * @throws DomainError the code of a candidate that breaks down over everything it is asked
 */
export async function evaluateChunk(deps: EvaluateDeps, id: string, chunk: number): Promise<SimulationChunk> {
  const name = simulationWork.result(id, chunk);
  if (!(await deps.work.has(name))) {
    const outcomes = await judgeAll(deps, id, chunk);
    await deps.work.putOnce(name, resultBytes(outcomes));
  }
  await deps.simulations.markDone(id, chunk);
  return { chunk };
}

/** Facts that are in memory at the same time; each has up to 6 MB. */
const READERS = 8;

async function judgeAll(deps: EvaluateDeps, id: string, chunk: number): Promise<Outcome[]> {
  const { policy, slot, decisions } = parseChunk(await deps.work.read(simulationWork.chunk(id, chunk)));
  const [candidate, records, keyOf] = await Promise.all([
    deps.candidate(policy, slot),
    deps.ledger.findMany(decisions),
    ownKeys(deps.registry, undefined)([]),
  ]);
  const judge = judgeWith(deps, candidate, slot, keyOf);
  const outcomes: Outcome[] = [];
  const queue = decisions.entries();
  const work = async (): Promise<void> => {
    for (const [index, decision] of queue) outcomes[index] = await judge(decision, records.get(decision));
  };
  await Promise.all(Array.from({ length: READERS }, work));
  return outcomes;
}

/** A candidate that broke down this often and never decided is asked no more: each time may take its whole deadline. */
const MAX_BREAKDOWNS = 5;

function judgeWith(
  deps: EvaluateDeps,
  candidate: LoadedPolicy,
  slot: string,
  keyOf: (keyid: string) => PublicKey | undefined,
): (decision: string, record: EvidenceRecord | undefined) => Promise<Outcome> {
  let decided = 0;
  let broken = 0;
  return async (decision, record) => {
    try {
      const stored = await storedDecision(deps, decision, record, keyOf);
      const facts = await factsOf(deps, stored);
      const answer = await candidate.evaluate(facts);
      const said = parseBesideResult(answer, candidate.entrypoint);
      decided++;
      const form = formOf(answer);
      return outcomeOf({ decision, stored, facts }, form, compareDecided(stored, said, form, slot));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'DEPENDENCY_UNAVAILABLE') throw error;
      if (BREAKDOWNS.has(error.code) && ++broken >= MAX_BREAKDOWNS && decided === 0) {
        const what = `the candidate broke down over the first ${broken} decisions that it was asked, such as ${decision}`;
        throw new DomainError(error.code, `${what}: ${error.message}`, { cause: error });
      }
      // By its code, so that evidence that does not verify raises the alarm that it raises everywhere.
      deps.log.warn(error.code, { decision, reason: error.message });
      return { decision, result: 'unjudged', code: error.code };
    }
  };
}

function outcomeOf(
  { decision, stored, facts }: { readonly decision: string; readonly stored: StoredDecision; readonly facts: Buffer },
  form: AnswerForm,
  { result, ...changes }: Comparison,
): Outcome {
  const { model, environment, requester, decidedAt } = stored;
  const judged = { decision, model, environment, decided_at: decidedAt, form, ...changes };
  if (result === 'same' || result === 'differ') return { ...judged, result };
  return { ...judged, result, requester, ...whoseModel(facts, model) };
}

/** @throws DomainError when the evidence key did not sign it, or it is not what its name says */
async function storedDecision(
  { store }: EvaluateDeps,
  sha256: string,
  record: EvidenceRecord | undefined,
  keyOf: (keyid: string) => PublicKey | undefined,
): Promise<StoredDecision> {
  if (!record) throw new DomainError('NOT_FOUND', `the decision ${sha256} is not there`);
  const bytes = await storedBytes(store, record);
  requireDigest(bytes, sha256);
  const { statement } = openCountersigned(bytes, keyOf);
  return parseDecision(statement);
}

/** The bytes that the decision was made on, and that its signature names. */
async function factsOf({ store }: EvaluateDeps, { inputSha256 }: StoredDecision): Promise<Buffer> {
  const bytes = (await store.read(objectKey.gateInput(inputSha256)))?.bytes;
  requireDigest(bytes, inputSha256);
  return bytes;
}

function requireDigest(bytes: Buffer | undefined, sha256: string): asserts bytes is Buffer {
  if (bytes && sha256Hex(bytes) === sha256) return;
  throw new DomainError('INTEGRITY_FAILURE', `the stored bytes of ${sha256} are gone or others`);
}
