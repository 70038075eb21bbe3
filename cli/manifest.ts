import type { Environment, Stage } from '../lib/contracts/predicates.ts';
import { Predicate } from '../lib/contracts/predicates.ts';
import { canonicalBytes } from '../lib/core/canonical.ts';
import type { Json, JsonObject } from '../lib/core/json.ts';
import { manifestSubjects, parseManifest } from '../lib/core/manifest.ts';
import { statementJson } from '../lib/core/statement.ts';
import type { Resource } from './resources.ts';

/** What the flags of `attest` and `run` say, hashed. */
export interface ManifestDraft {
  readonly run_id: string;
  readonly stage: Stage;
  readonly principal: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly model?: Resource | undefined;
  readonly datasets: readonly Resource[];
  readonly inputs: readonly Resource[];
  readonly outputs: readonly Resource[];
  /** What the model's archive holds: its OpenSSF Model Signing root, linked to the archive by lying beside it. */
  readonly unpacked?: Resource | undefined;
  readonly modelCard?: Resource | undefined;
  readonly image_digest?: string | undefined;
  readonly commit_sha?: string | undefined;
  readonly environment?: Environment | undefined;
  readonly parameters?: JsonObject | undefined;
  readonly metrics?: JsonObject | undefined;
  readonly job?: JsonObject | undefined;
}

/** Stages whose dataset is what they make; the model is made by training. See lib/core/manifest.ts, manifestFlow. */
const MAKES: Readonly<Record<Stage, 'model' | 'dataset' | undefined>> = {
  ingest: 'dataset',
  preprocess: 'dataset',
  feature: 'dataset',
  training: 'model',
  evaluation: undefined,
  registration: undefined,
  promotion: undefined,
  serving: undefined,
};

/** Whether a stage makes its model or dataset, or uses it: `run` hashes the one after the job and the other before. */
export function isMade(stage: Stage, part: 'model' | 'dataset'): boolean {
  return MAKES[stage] === part;
}

/**
 * The manifest's JSON, in the field names of docs/formats.md.
 *
 * @throws DomainError MANIFEST_INVALID or DIGEST_INVALID
 */
export function buildManifest(draft: ManifestDraft): JsonObject {
  const { run_id, stage, principal, timestamp, model, datasets, unpacked, modelCard } = draft;
  const made = [
    ...(isMade(stage, 'model') ? [model, unpacked] : []),
    ...(isMade(stage, 'dataset') ? datasets : []),
  ].filter((resource) => resource !== undefined);
  const linked = unpacked && !isMade(stage, 'model') ? [unpacked] : [];
  // Outputs that are named replace what the stage would be taken to make, so that it has to be named among them.
  const named = draft.outputs.length > 0 || (unpacked !== undefined && linked.length === 0);
  const outputs = named ? distinct([...draft.outputs, ...made]) : [];
  const inputs = distinct([...draft.inputs, ...linked]);
  const [dataset, ...more] = datasets.map(identified);
  const manifest: JsonObject = {
    run_id,
    stage,
    ...(dataset && (more.length === 0 ? { dataset } : { datasets: [dataset, ...more] })),
    ...(model && { model: identified(model) }),
    ...given({ image_digest: draft.image_digest, commit_sha: draft.commit_sha }),
    principal,
    timestamp,
    ...(modelCard && { model_card: { sha256: modelCard.sha256 } }),
    ...given({ parameters: draft.parameters, metrics: draft.metrics }),
    ...(inputs.length > 0 && { inputs: inputs.map(described) }),
    ...(outputs.length > 0 && { outputs: outputs.map(described) }),
    ...given({ environment: draft.environment, job: draft.job }),
  };
  parseManifest(manifest);
  return manifest;
}

/** The bytes to be signed: an in-toto statement around the manifest, canonical. */
export function manifestPayload(manifest: JsonObject): Buffer {
  return canonicalBytes(statementJson(manifestSubjects(parseManifest(manifest)), Predicate.manifest, manifest));
}

function identified({ name, sha256 }: Resource): JsonObject {
  return { id: name, sha256 };
}

function described({ name, sha256, media_type }: Resource): JsonObject {
  return { name, sha256, ...given({ media_type }) };
}

function distinct(resources: readonly Resource[]): Resource[] {
  return [...new Map(resources.toReversed().map((resource) => [resource.sha256, resource])).values()].toReversed();
}

/** The fields that have a value. */
function given(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, Json] => field[1] !== undefined));
}
