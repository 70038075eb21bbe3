import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { BUNDLE_MEDIA_TYPE, parseBundle } from '../../lib/core/bundle.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { type Json, parseStrictJson } from '../../lib/core/json.ts';
import { DEFAULT_IGNORE_PATHS, modelSigningStatement } from '../../lib/core/model-signing.ts';
import { parseStatement, type Statement } from '../../lib/core/statement.ts';
import type { LocalDescription } from '../../local/description.ts';
import type { Check } from './support/checks.ts';
import { type CommandResult, refused, run, succeeded } from './support/command.ts';
import { type Evidence, post, sealStatement } from './support/evidence.ts';
import { pythonWith } from './support/tools.ts';

const SIGNATURE = 'model.sig';

const MODEL = {
  'config.json': '{"layers":2}',
  'weights/0001.safetensors': 'the first weights',
  'weights/0002.safetensors': 'the other weights',
  empty: '',
};

/**
 * Names on whose order the specification (by code point of the whole name) and its reference implementation (by path
 * component) differ, and which UTF-16 would sort a third way.
 */
const AWKWARD = { 'a/b': 'first', 'a-b': 'second', 'w/\u{1F600}': 'third', 'w/\u{FF5E}': 'fourth' };

type Files = Readonly<Record<string, string>>;

/** OpenSSF Model Signing: our signature for its reference implementation, and the other way round. */
export async function modelSigning(
  check: Check,
  local: LocalDescription,
  { producerKey, manifest }: Evidence,
  folder: string,
): Promise<void> {
  const python = await pythonWith('evidence');
  const key = join(folder, 'model-key.pem');
  await writeFile(key, producerKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });

  const modelSign = (...args: string[]): Promise<CommandResult> =>
    run(python, ['-m', 'model_signing', ...args], { env: { PATH: process.env.PATH, HOME: folder } });
  const verify = (model: string): Promise<CommandResult> =>
    modelSign('verify', 'key', '--public_key', manifest.publicKey, '--signature', join(model, SIGNATURE), model);

  /** Writes a model with our signature in it. */
  async function signedModel(name: string, files: Files): Promise<string> {
    const model = join(folder, name, 'classifier');
    await writeFiles(model, files);
    await writeFile(join(model, SIGNATURE), sealStatement(statementOf(model, files), producerKey));
    return model;
  }

  /** Signs a model with their program, and has the signature countersigned. @returns its statement */
  async function theirStatement(model: string): Promise<Statement> {
    const signature = join(model, '..', 'theirs.sig');
    const options = ['--private_key', key, '--signature', signature, '--ignore-paths', join(model, SIGNATURE)];
    succeeded(await modelSign('sign', 'key', ...options, model));
    const bundle = await readFile(signature);
    const { answer } = await post(local, '/v1/attestations', bundle, BUNDLE_MEDIA_TYPE);
    assert.equal(answer.predicate_type, Predicate.modelSigning);
    return parseStatement(parseStrictJson(parseBundle(parseStrictJson(bundle)).payload));
  }

  await check('model_signing verifies the signature that we make of a model', async () => {
    succeeded(await verify(await signedModel('ours', MODEL)));
  });
  await check('model_signing refuses our signature when a file of the model was changed', async () => {
    const model = await signedModel('changed', MODEL);
    await writeFiles(model, { 'config.json': '{"layers":3}' });
    refused(await verify(model), /mismatch|Verification failed/i);
  });
  await check('model_signing refuses our signature when a file was added to the model', async () => {
    const model = await signedModel('added', MODEL);
    await writeFiles(model, { 'loader.py': 'import os' });
    refused(await verify(model), /mismatch|Verification failed/i);
  });
  await check("model_signing's own signature is accepted, and its root digest of the model is ours", async () => {
    const { subject } = await theirStatement(await signedModel('theirs', MODEL));
    assert.deepEqual(subject, parseStatement(parseStrictJson(statementOf('classifier', MODEL))).subject);
  });
  await check('model_signing verifies our signature of a model whose names it sorts otherwise', async () => {
    succeeded(await verify(await signedModel('ours-awkward', AWKWARD)));
  });
  await check("model_signing's own signature of such a model is accepted, with our digest of each file", async () => {
    const { predicate } = await theirStatement(await signedModel('theirs-awkward', AWKWARD));
    const ours = parseStatement(parseStrictJson(statementOf('classifier', AWKWARD))).predicate;
    assert.deepEqual(byName(predicate.resources), byName(ours.resources));
  });
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

function statementOf(model: string, contents: Files): Buffer {
  const files = Object.entries(contents).map(([path, content]) => ({ path, sha256: sha256Hex(content) }));
  const ignorePaths = [...DEFAULT_IGNORE_PATHS, SIGNATURE];
  return canonicalBytes(modelSigningStatement(basename(model), files, { ignorePaths }));
}

function byName(resources: Json | undefined): string[] {
  assert.ok(Array.isArray(resources) && resources.length > 0);
  return resources.map((resource) => canonicalBytes(resource).toString()).sort();
}
