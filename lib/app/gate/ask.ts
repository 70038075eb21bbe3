import type { SamplingRates } from '../../contracts/env.ts';
import { Predicate } from '../../contracts/predicates.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import type { Decision } from '../../core/gate/decision.ts';
import { isSampled, samplingRate } from '../../core/gate/sampling.ts';
import { lineCounter } from '../lookups.ts';
import type { Caller } from '../submit-evidence.ts';
import { GATE_BOUNDS } from './bounds.ts';
import { type Asked, type Decided, decide, evaluateGate, type GateDeps } from './evaluate.ts';
import { evidenceJudge, judgeNamed } from './judge.ts';
import { directEvidence } from './lineage.ts';
import { draftSkip, type Runs, recordSkip, type Skipped } from './skip.ts';

export interface AskDeps extends GateDeps {
  readonly sampling: SamplingRates;
}

export type SampledAsked = Asked & { readonly releaseCandidate: boolean };

/** A gate either decides or, where the environment is sampled, says that it did not look. */
export type Outcome<D, S> =
  | { readonly kind: 'decided'; readonly decided: D }
  | { readonly kind: 'skipped'; readonly skipped: S };

/**
 * Asks a gate. In an environment that is sampled, a model whose runs are not chosen is let through unchecked: that is stated,
 * signed and kept, and it is never a PASSED.
 *
 * @throws DomainError as evaluateGate does
 */
export async function askGate(
  deps: AskDeps,
  asked: SampledAsked,
  caller: Pick<Caller, 'uniqueId'>,
): Promise<Outcome<Decided, Skipped>> {
  const { releaseCandidate: _, ...question } = asked;
  const runs = await unchosenRuns(deps, asked);
  if (runs) return { kind: 'skipped', skipped: await recordSkip(deps, question, runs, caller) };
  return { kind: 'decided', decided: await evaluateGate(deps, question, caller) };
}

/** What {@link askGate} would say now; nothing is written, so it opens nothing. */
export async function tryGate(
  deps: AskDeps,
  asked: SampledAsked,
  caller: Pick<Caller, 'uniqueId'>,
): Promise<Outcome<Decision, Omit<Skipped, 'evidence' | 'bytes'>>> {
  const { releaseCandidate: _, ...question } = asked;
  const runs = await unchosenRuns(deps, asked);
  if (runs) return { kind: 'skipped', skipped: (await draftSkip(deps, question, runs, caller)).draft };
  return { kind: 'decided', decided: (await decide(deps, question, caller)).decision };
}

/**
 * The runs that made the model, when the rate chooses none of them. A model of which no manifest tells, or one that does not
 * verify, is never skipped: the full check refuses it and says why. Nor is a question about the past: nothing enters by it.
 */
async function unchosenRuns(deps: AskDeps, asked: SampledAsked): Promise<Runs | undefined> {
  const rate = samplingRate(deps.sampling, asked.environment, asked.releaseCandidate);
  if (rate >= 1 || asked.at !== undefined) return undefined;
  const tellsOfRun = ({ part, predicate_type }: IndexEntry) =>
    part === 'output' && predicate_type === Predicate.manifest;
  const bounds = deps.bounds ?? GATE_BOUNDS;
  const search = { ledger: deps.ledger, wants: tellsOfRun, bounds, countLines: lineCounter(bounds.lines) };
  const { evidence } = await directEvidence(search, [asked.model]);
  const judged = await judgeNamed(evidenceJudge(deps, undefined, undefined), evidence);
  const manifests = [...judged.values()].map(({ attestation }) => attestation);
  const isWhole = manifests.every(({ signature, outputs }) => {
    return signature.state === 'verified' && outputs.includes(asked.model);
  });
  const runIds = new Set(manifests.flatMap(({ run_id }) => run_id ?? []));
  if (!isWhole || runIds.size === 0 || [...runIds].some((runId) => isSampled(runId, rate))) return undefined;
  return { rate, runIds: [...runIds].toSorted(), manifests: manifests.map((one) => one.evidence).toSorted() };
}
