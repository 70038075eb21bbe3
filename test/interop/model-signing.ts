import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { BUNDLE_MEDIA_TYPE, parseBundle } from '../../lib/core/bundle.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { type Json, parseStrictJson } from '../../lib/core/json.ts';
import { parseStatement, type Statement } from '../../lib/core/statement.ts';
import type { LocalDescription } from '../../local/description.ts';
import type { Check } from './support/checks.ts';
import { type CommandResult, refused, run, succeeded } from './support/command.ts';
import { countersign } from './support/countersign.ts';
import { type Evidence, post } from './support/evidence.ts';
import { flipBit } from './support/tamper.ts';
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

  /** Writes a model and signs it by our command, the signature lying in the model. */
  async function signedModel(name: string, files: Files): Promise<string> {
    const model = join(folder, name, 'classifier');
    await writeFiles(model, files);
    succeeded(await countersign(folder, 'model', 'sign', model, '--key', key, '--output', join(model, SIGNATURE)));
    return model;
  }

  /** Signs a model by their command. @returns the signature's file */
  async function signByThem(model: string): Promise<string> {
    const signature = join(model, '..', 'theirs.sig');
    const options = ['--private_key', key, '--signature', signature, '--ignore-paths', join(model, SIGNATURE)];
    succeeded(await modelSign('sign', 'key', ...options, model));
    return signature;
  }

  await check('model_signing verifies what `countersign model sign` wrote', async () => {
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
    const model = await signedModel('theirs', MODEL);
    const theirs = await signByThem(model);
    const { answer } = await post(local, '/v1/attestations', await readFile(theirs), BUNDLE_MEDIA_TYPE);
    assert.equal(answer.predicate_type, Predicate.modelSigning);
    assert.deepEqual((await statementIn(theirs)).subject, (await statementIn(join(model, SIGNATURE))).subject);
  });
  await check(
    "`countersign verify` verifies model_signing's own signature, and refuses it with a bit flipped",
    async () => {
      const theirs = join(folder, 'theirs', 'theirs.sig');
      succeeded(await countersign(folder, 'verify', theirs, '--key', manifest.publicKey));
      const flipped = await flipBit(theirs, 'sig', folder);
      refused(await countersign(folder, 'verify', flipped, '--key', manifest.publicKey), /signature/);
    },
  );
  await check('model_signing verifies our signature of a model whose names it sorts otherwise', async () => {
    succeeded(await verify(await signedModel('awkward', AWKWARD)));
  });
  await check("model_signing's own signature of such a model is accepted, with our digest of each file", async () => {
    const model = join(folder, 'awkward', 'classifier');
    const theirs = await signByThem(model);
    await post(local, '/v1/attestations', await readFile(theirs), BUNDLE_MEDIA_TYPE);
    const [their, our] = [await statementIn(theirs), await statementIn(join(model, SIGNATURE))];
    assert.deepEqual(byName(their.predicate.resources), byName(our.predicate.resources));
  });
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function statementIn(signature: string): Promise<Statement> {
  const { payload } = parseBundle(parseStrictJson(await readFile(signature)));
  return parseStatement(parseStrictJson(payload));
}

function byName(resources: Json | undefined): string[] {
  assert.ok(Array.isArray(resources) && resources.length > 0);
  return resources.map((resource) => canonicalBytes(resource).toString()).sort();
}
