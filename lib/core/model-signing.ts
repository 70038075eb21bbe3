import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { Predicate } from '../contracts/predicates.ts';
import { DIGEST_RULE, SHA256_HEX, type Sha256 } from './digest.ts';
import { DomainError } from './errors.ts';
import { NO_FACTS, type ValidatedPredicate } from './predicates/facts.ts';
import { parseWith } from './schema.ts';
import { type Subject, statementJson } from './statement.ts';

/**
 * OpenSSF Model Signing v1.0 (SPEC.md of ossf/model-signing-spec; section numbers below are its own).
 *
 * The reference implementation (model_signing 1.1.1) differs from the text in two things that are accepted here, because
 * signatures with them exist: resources lie in the order of their path components ("a/b" before "a-b") and not of the whole
 * name, and the algorithm of a shard reads "sha256-sharded-<size>". The root digest is therefore taken in the order in
 * which resources are listed, as the reference verifier does; every order commits to the same set of names and digests.
 */

/** Top-level paths that are never part of a model (section 6.2). */
export const DEFAULT_IGNORE_PATHS: readonly string[] = ['.git', '.gitattributes', '.github', '.gitignore'];

const HASHES = ['sha256', 'blake2b', 'blake3'] as const;
const HEX = { sha256: SHA256_HEX, blake2b: /^[0-9a-f]{128}$/, blake3: /^[0-9a-f]{64}$/ } as const;

const PATH_RULE = 'must be a relative path with / between its parts, none of them empty, "." or ".."';

const ModelSigning = z.strictObject({
  resources: z
    .array(z.looseObject({ name: z.string(), digest: z.string(), algorithm: z.string() }))
    .check(z.minLength(1, 'must hold at least one file')),
  serialization: z
    .strictObject({
      method: z.enum(['files', 'shards']),
      hash_type: z.enum(HASHES),
      allow_symlinks: z.boolean(),
      shard_size: z.optional(z.int().check(z.positive())),
      ignore_paths: z.optional(z.array(z.string().check(z.minLength(1)))),
    })
    .check(
      z.refine(({ method, shard_size }) => (method === 'shards') === (shard_size !== undefined), {
        message: 'must be there when method is "shards" and only then',
        path: ['shard_size'],
      }),
    ),
});

type Serialization = z.output<typeof ModelSigning>['serialization'];

export interface ModelFile {
  /** Relative to the model's directory, with `/`. */
  readonly path: string;
  readonly sha256: Sha256;
}

export interface ModelSigningOptions {
  /** What was left out when the directory was listed; the signature's own file belongs here. */
  readonly ignorePaths?: readonly string[];
}

/**
 * Digest of a whole model: SHA-256 over the raw digests, one after another (section 6.5.1).
 *
 * @param digests - hexadecimal, in the order of the resources
 */
export function rootDigest(digests: readonly string[]): Sha256 {
  const hash = createHash('sha256');
  for (const digest of digests) hash.update(digest, 'hex');
  return hash.digest('hex');
}

/**
 * The in-toto Statement that signs a model's files by their digests, serialisation method `files` (section 6.3.1).
 *
 * @param name - base name of the model's directory
 * @param files - every file that counts, in any order
 * @throws DomainError PREDICATE_INVALID or DIGEST_INVALID: no files, a path or digest of another form, a file that the
 *   verifier would ignore
 */
export function modelSigningStatement(
  name: string,
  files: readonly ModelFile[],
  { ignorePaths = DEFAULT_IGNORE_PATHS }: ModelSigningOptions = {},
): object {
  for (const { path } of files) {
    const ignored = ignorePaths.find((ignore) => path === ignore || path.startsWith(`${ignore}/`));
    if (ignored !== undefined) {
      throw new DomainError('PREDICATE_INVALID', `${path} lies in ${ignored}, which a verifier ignores`);
    }
  }
  const resources = files
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
    .map(({ path, sha256 }) => ({ name: path, digest: sha256, algorithm: 'sha256' }));
  const predicate = {
    resources,
    serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: ignorePaths },
  };
  const subject = [{ name, digest: { sha256: rootDigest(resources.map(({ digest }) => digest)) } }];
  validateModelSigning(predicate, subject);
  return statementJson(subject, Predicate.modelSigning, predicate);
}

/**
 * Holds the predicate against the specification, and the subject against the predicate.
 *
 * @throws DomainError PREDICATE_INVALID or DIGEST_INVALID with a pointer into the statement
 */
export function validateModelSigning(predicate: unknown, subject: readonly Subject[]): ValidatedPredicate {
  const { resources, serialization } = parseWith(ModelSigning, predicate, 'PREDICATE_INVALID', '/predicate');
  const names = new Set<string>();
  for (const [index, { name, digest, algorithm }] of resources.entries()) {
    const at = `/predicate/resources/${index}`;
    if (!isResourceName(name, serialization)) {
      const form = serialization.method === 'shards' ? `${PATH_RULE}, followed by :start:end` : PATH_RULE;
      throw invalid(`${at}/name`, form);
    }
    // The reference verifier keeps the last of two, so a name must not speak for two contents.
    if (names.has(name)) throw invalid(`${at}/name`, 'must not name the same resource twice');
    names.add(name);
    if (!algorithmsOf(serialization).includes(algorithm)) {
      throw invalid(`${at}/algorithm`, `must be serialization.hash_type, ${serialization.hash_type}`);
    }
    if (!HEX[serialization.hash_type].test(digest)) {
      if (serialization.hash_type === 'sha256') throw invalid(`${at}/digest`, DIGEST_RULE, 'DIGEST_INVALID');
      throw invalid(`${at}/digest`, `must be a lower-case hexadecimal ${serialization.hash_type} digest`);
    }
  }
  checkSubject(subject, rootDigest(resources.map(({ digest }) => digest)));
  // Files are not indexed one by one: a model has thousands of them, and its root, the subject, names them all.
  return NO_FACTS;
}

function checkSubject(subject: readonly Subject[], root: Sha256): void {
  const [model] = subject;
  if (!model || subject.length !== 1) throw invalid('/subject', 'must hold exactly one subject, the model');
  if (!model.name) throw invalid('/subject/0/name', 'must name the model');
  if (model.digest.sha256 !== root) {
    throw invalid('/subject/0/digest/sha256', `must be the root digest of the resources, ${root}`);
  }
}

function algorithmsOf({ method, hash_type, shard_size }: Serialization): readonly string[] {
  return method === 'shards' ? [hash_type, `${hash_type}-sharded-${shard_size}`] : [hash_type];
}

/** A path (section 6.1.2); of a shard `path:start:end`, split at the last two colons, because paths may hold colons. */
function isResourceName(name: string, { method, shard_size = 0 }: Serialization): boolean {
  if (method === 'files') return isPath(name);
  const [, path = '', from = '', to = ''] = /^(.*):(\d+):(\d+)$/s.exec(name) ?? [];
  const start = Number(from);
  const end = Number(to);
  return isPath(path) && start % shard_size === 0 && end > start && end - start <= shard_size;
}

function isPath(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function invalid(pointer: string, rule: string, code: 'PREDICATE_INVALID' | 'DIGEST_INVALID' = 'PREDICATE_INVALID') {
  return new DomainError(code, `${pointer}: ${rule}`, { pointer });
}
