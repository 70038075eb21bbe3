import { existsSync } from 'node:fs';
import type { Stage } from '../../lib/contracts/predicates.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { detectCommit, detectEnvironment, detectRunId } from '../detect.ts';
import { buildManifest, isMade, type ManifestDraft } from '../manifest.ts';
import { type ManifestOptions, pairs } from '../manifest-options.ts';
import { unpackedRoot, unpackedSource } from '../model/archive.ts';
import { parseResource, type Resource, type ResourceSpec, resolveResource } from '../resources.ts';
import type { JobResult } from './run-job.ts';

/** What a manifest says that does not depend on the job. */
type Setting = Pick<ManifestDraft, 'stage' | 'run_id' | 'principal' | 'commit_sha' | 'image_digest' | 'environment'>;

/** What is hashed before the job, and not again after it. */
export interface UsedResources {
  readonly model: Resource | undefined;
  readonly datasets: readonly Resource[];
  readonly inputs: readonly Resource[];
}

/** What the options name, by whether the stage uses it or makes it. */
interface Parts {
  readonly used: { readonly model: Specs; readonly datasets: Specs; readonly inputs: Specs };
  readonly made: {
    readonly model: Specs;
    readonly datasets: Specs;
    readonly outputs: Specs;
    readonly modelCard: Specs;
  };
}
type Specs = readonly ResourceSpec[];

const NONE: Specs = [];

function partsOf(stage: Stage, options: ManifestOptions): Parts {
  const specs = (texts: readonly string[] = []): Specs => texts.map(parseResource);
  const one = (text: string | undefined): Specs => (text === undefined ? NONE : specs([text]));
  const [model, datasets] = [one(options.model), specs(options.dataset)];
  const [makesModel, makesDatasets] = [isMade(stage, 'model'), isMade(stage, 'dataset')];
  return {
    used: {
      model: makesModel ? NONE : model,
      datasets: makesDatasets ? NONE : datasets,
      inputs: specs(options.input),
    },
    made: {
      model: makesModel ? model : NONE,
      datasets: makesDatasets ? datasets : NONE,
      outputs: specs(options.output),
      modelCard: one(options.modelCard),
    },
  };
}

export async function settingOf(
  stage: Stage,
  principal: string,
  options: ManifestOptions,
  note: (message: string) => void,
): Promise<Setting> {
  return {
    stage,
    principal,
    run_id: detectRunId(options.runId, process.env, new Date()),
    commit_sha: await detectCommit(options.commit, process.env, note),
    image_digest: options.imageDigest ?? process.env.COUNTERSIGN_IMAGE_DIGEST,
    environment: detectEnvironment(options.environment, process.env),
  };
}

/**
 * The manifest as far as it can be told before the job: each digest that is not known yet is one of its name.
 *
 * @throws DomainError or UsageError for what would be refused after the job too
 */
export function foreseenManifest(setting: Setting, options: ManifestOptions): JsonObject {
  const { used, made } = partsOf(setting.stage, options);
  unpackedSource(options);
  const foreseen = (specs: Specs): Resource[] =>
    specs.map((spec) => ('sha256' in spec ? spec : { name: spec.name, sha256: sha256Hex(spec.name) }));
  return buildManifest({
    ...setting,
    timestamp: new Date().toISOString(),
    model: foreseen([...used.model, ...made.model])[0],
    datasets: foreseen([...used.datasets, ...made.datasets]),
    inputs: foreseen(used.inputs),
    outputs: foreseen(made.outputs),
    modelCard: foreseen(made.modelCard)[0],
    parameters: options.parameter,
    metrics: options.metric,
  });
}

/** Hashes what the job is about to use, before the job can touch it. */
export async function hashUsed(stage: Stage, options: ManifestOptions): Promise<UsedResources> {
  const { used } = partsOf(stage, options);
  const hash = async (specs: Specs) => await hashAll(specs, options.workers, false);
  return { model: (await hash(used.model))[0], datasets: await hash(used.datasets), inputs: await hash(used.inputs) };
}

/** The manifest of a job that ended. A failed job need not have made anything: what is not there is left out. */
export async function jobManifest(
  setting: Setting,
  used: UsedResources,
  options: ManifestOptions,
  command: readonly string[],
  { exitCode, startedAt, finishedAt }: JobResult,
): Promise<JsonObject> {
  const failed = exitCode !== 0;
  const { made } = partsOf(setting.stage, options);
  const hash = async (specs: Specs) => await hashAll(specs, options.workers, failed);
  const model = used.model ?? (await hash(made.model))[0];
  return buildManifest({
    ...setting,
    timestamp: finishedAt.toISOString(),
    model,
    unpacked: model && (await unpackedRoot(options)),
    datasets: [...used.datasets, ...(await hash(made.datasets))],
    inputs: used.inputs,
    outputs: await hash(made.outputs),
    modelCard: (await hash(made.modelCard))[0],
    parameters: await pairs(options.parameter, existing(options.parameters, failed)),
    metrics: await pairs(options.metric, existing(options.metrics, failed)),
    job: {
      command,
      exit_code: exitCode,
      started_at: startedAt.toISOString(),
      finished_at: finishedAt.toISOString(),
    },
  });
}

async function hashAll(specs: Specs, workers: number, mayBeMissing: boolean): Promise<Resource[]> {
  const resources: Resource[] = [];
  for (const spec of specs) {
    if ('path' in spec && existing(spec.path, mayBeMissing) === undefined) continue;
    resources.push(await resolveResource(spec, workers));
  }
  return resources;
}

function existing(path: string | undefined, mayBeMissing: boolean): string | undefined {
  return path !== undefined && mayBeMissing && !existsSync(path) ? undefined : path;
}
