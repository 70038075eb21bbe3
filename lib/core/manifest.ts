import * as z from 'zod/mini';
import { ENVIRONMENTS, STAGES } from '../contracts/predicates.ts';
import { Sha256Schema } from './digest.ts';
import { DomainError } from './errors.ts';
import { parseWith } from './schema.ts';
import { MAX_DIGESTS, type Statement } from './statement.ts';

export const IdSchema = z.string().check(z.minLength(1), z.maxLength(256));
const Timestamp = z.iso.datetime({
  offset: true,
  message: 'must be an RFC 3339 date-time such as 2026-02-21T12:34:56Z',
});

/** `id` is the caller's own name for the thing; the digest is what identifies it. */
const Named = z.strictObject({ id: IdSchema, sha256: Sha256Schema });

const Resource = z.strictObject({
  name: IdSchema,
  sha256: Sha256Schema,
  uri: z.optional(z.string().check(z.maxLength(2048))),
  media_type: z.optional(z.string().check(z.maxLength(255))),
});

/** A claim by the producer. It never counts as an approval: those are attestations by the approver's own key. */
const ApprovalClaim = z.looseObject({ role: IdSchema, ts: Timestamp });

const Job = z.strictObject({
  command: z.array(z.string()).check(z.minLength(1)),
  exit_code: z.int(),
  started_at: Timestamp,
  finished_at: Timestamp,
});

/** Not starting with a dot and without a slash, so that it is one path segment of GET /v1/runs/{run_id}. */
export const RunIdSchema = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9_][A-Za-z0-9._:@+=~-]{0,127}$/,
      'must be 1 to 128 of A-Z a-z 0-9 . _ : @ + = ~ - and begin with a letter, digit or _',
    ),
    z.describe('Names one run of a pipeline; all its stages share it'),
  );

export const CommitSchema = z
  .string()
  .check(
    z.regex(/^[0-9a-f]{7,64}$/, 'must be 7 to 64 lower-case hexadecimal characters'),
    z.describe('Version-control commit that the stage ran from'),
  );

export const ImageDigestSchema = z
  .string()
  .check(z.regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal characters'));

/** What one pipeline stage states about itself. */
export const ManifestSchema = z.strictObject({
  run_id: RunIdSchema,
  stage: z.enum(STAGES),
  dataset: z.optional(Named),
  datasets: z.optional(z.array(Named).check(z.minLength(1))),
  model: z.optional(Named),
  image_digest: z.optional(ImageDigestSchema),
  commit_sha: z.optional(CommitSchema),
  principal: z
    .string()
    .check(z.minLength(1), z.maxLength(2048), z.describe("The producer's registered name, or the ARN of its role")),
  timestamp: Timestamp,
  approvals: z.optional(z.array(ApprovalClaim).check(z.maxLength(64))),
  model_card: z.optional(z.strictObject({ sha256: Sha256Schema })),
  parameters: z.optional(z.record(z.string(), z.json())),
  metrics: z.optional(z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]))),
  inputs: z.optional(z.array(Resource)),
  outputs: z.optional(z.array(Resource)),
  environment: z
    .optional(z.enum(ENVIRONMENTS))
    .check(z.describe('Decides retention and gate rules; experimental if left out')),
  job: z.optional(Job).check(z.describe('The wrapped command, as `countersign run` records it')),
});

export type Manifest = z.output<typeof ManifestSchema>;

/**
 * @param at - JSON pointer of the manifest in what was sent
 * @throws DomainError MANIFEST_INVALID or DIGEST_INVALID
 */
export function parseManifest(value: unknown, at = ''): Manifest {
  const manifest = parseWith(ManifestSchema, value, 'MANIFEST_INVALID', at);
  if (manifest.dataset && manifest.datasets) {
    throw new DomainError('MANIFEST_INVALID', 'give dataset or datasets, not both', { pointer: `${at}/datasets` });
  }
  const { inputs, outputs, mentions } = manifestFlow(manifest);
  if (inputs.length + outputs.length === 0) {
    throw new DomainError(
      'MANIFEST_INVALID',
      'the manifest speaks of nothing: give a model, a dataset or outputs with their sha256',
      {
        pointer: at,
      },
    );
  }
  if (mentions.length > MAX_DIGESTS) {
    throw new DomainError('MANIFEST_INVALID', `the manifest mentions more than ${MAX_DIGESTS} digests`, {
      pointer: at,
      hint: 'attest a collection: one manifest over an archive or a listing of the files',
    });
  }
  return manifest;
}

/** Digests that a piece of evidence speaks of, by the part they play. */
export interface Flow {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** All of them and whatever else is mentioned, each once. */
  readonly mentions: readonly string[];
}

/** Stages that make a dataset when they name no outputs. */
const DATASET_MAKERS: ReadonlySet<string> = new Set(['ingest', 'preprocess', 'feature']);

/**
 * What went in and what came out. Explicit `inputs` and `outputs` win; without outputs, a training makes its model and an
 * ingest, preprocess or feature stage makes its dataset, and whatever else is named went in.
 */
export function manifestFlow(manifest: Manifest): Flow {
  const datasets = (manifest.datasets ?? (manifest.dataset ? [manifest.dataset] : [])).map(({ sha256 }) => sha256);
  const models = manifest.model ? [manifest.model.sha256] : [];
  const outputs = new Set((manifest.outputs ?? []).map(({ sha256 }) => sha256));
  if (manifest.outputs === undefined || manifest.outputs.length === 0) {
    const made = manifest.stage === 'training' ? models : DATASET_MAKERS.has(manifest.stage) ? datasets : [];
    for (const digest of made) outputs.add(digest);
  }
  const inputs = new Set([...(manifest.inputs ?? []).map(({ sha256 }) => sha256), ...datasets, ...models]);
  for (const output of outputs) inputs.delete(output);
  const card = manifest.model_card ? [manifest.model_card.sha256] : [];
  const image = manifest.image_digest === undefined ? [] : [manifest.image_digest.slice('sha256:'.length)];
  const mentions = new Set([...outputs, ...inputs, ...card, ...image]);
  return { inputs: [...inputs], outputs: [...outputs], mentions: [...mentions] };
}

/** The subjects of a manifest's statement: its outputs, else the model or the datasets that it speaks of. */
export function manifestSubjects(manifest: Manifest): { name: string; digest: { sha256: string } }[] {
  const outputs = (manifest.outputs ?? []).map(({ name, sha256 }) => ({ name, digest: { sha256 } }));
  if (outputs.length > 0) return outputs;
  const named = manifest.model ? [manifest.model] : (manifest.datasets ?? (manifest.dataset ? [manifest.dataset] : []));
  const fallback = named.length > 0 ? named : (manifest.inputs ?? []).map(({ name, sha256 }) => ({ id: name, sha256 }));
  return fallback.map(({ id, sha256 }) => ({ name: id, digest: { sha256 } }));
}

/** A statement's subjects must be digests that its manifest speaks of, or the two halves tell different stories. */
export function checkManifestSubjects(statement: Statement, manifest: Manifest): void {
  const mentioned = new Set(manifestFlow(manifest).mentions);
  for (const [index, subject] of statement.subject.entries()) {
    if (mentioned.has(subject.digest.sha256)) continue;
    throw new DomainError('STATEMENT_INVALID', 'the subject is not a digest that the manifest speaks of', {
      pointer: `/subject/${index}/digest/sha256`,
      hint: 'the subjects are the outputs, else the model or the datasets',
    });
  }
}
