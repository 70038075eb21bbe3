import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OwnPredicate, Predicate } from '../../../lib/contracts/predicates.ts';
import { BUNDLE_MEDIA_TYPE, bundleBytes } from '../../../lib/core/bundle.ts';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../../lib/core/dsse.ts';
import { isJsonObject, type JsonObject, parseStrictJson } from '../../../lib/core/json.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { manifestSubjects, parseManifest } from '../../../lib/core/manifest.ts';
import { statementJson } from '../../../lib/core/statement.ts';
import type { LocalDescription } from '../../../local/description.ts';
import { signedFetch } from '../../local/support/clients.ts';
import { callApi, enrolKey } from '../../local/support/enrol.ts';

export const PRODUCER = 'training-pipeline';

/** What a key of the demo's pipeline may sign here. */
export const AUTHORITY = {
  role: 'producer',
  stages: ['training'],
  predicate_types: [Predicate.manifest, Predicate.modelSigning],
} as const;

/** One bundle, and what a tool needs to verify it. Each is a file, as a user has it. */
export interface Signed {
  readonly bundle: string;
  readonly publicKey: string;
  readonly predicateType: string;
  /** What the statement is about. */
  readonly subject: string;
}

/** A manifest that was accepted, and its receipt. */
export interface Evidence {
  readonly manifest: Signed;
  readonly receipt: Signed;
  readonly producerKey: KeyObject;
}

/**
 * Signs a manifest about a model file, has it countersigned, and writes what anyone needs to verify both into `folder`, as
 * the API answered it.
 */
export async function produceEvidence(local: LocalDescription, folder: string): Promise<Evidence> {
  const file = (name: string) => join(folder, name);
  const producer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await enrolKey(local, PRODUCER, AUTHORITY, producer.privateKey);

  const model = Buffer.from(`a model ${randomUUID()}`);
  const bundle = sealManifest(manifestAbout(model), producer.privateKey);
  const { evidence } = await post(local, '/v1/manifests', bundle, BUNDLE_MEDIA_TYPE);
  const evidenceKey = await callApi(local, 'key-admin', 'POST', '/v1/evidence-key', {});

  await writeFile(file('model.tar.gz'), model);
  await writeFile(file('evidence.sigstore.json'), await fetchBytes(local, `/v1/evidence/${evidence}/attestation`));
  await writeFile(file('producer.pem'), publicPem(producer.privateKey));
  await writeFile(file('receipt.sigstore.json'), await fetchBytes(local, `/v1/evidence/${evidence}/receipt`));
  await writeFile(file('evidence-key.pem'), textField(evidenceKey, 'public_key'));
  return {
    manifest: {
      bundle: file('evidence.sigstore.json'),
      publicKey: file('producer.pem'),
      predicateType: Predicate.manifest,
      subject: file('model.tar.gz'),
    },
    receipt: {
      bundle: file('receipt.sigstore.json'),
      publicKey: file('evidence-key.pem'),
      predicateType: OwnPredicate.receipt,
      subject: file('evidence.sigstore.json'),
    },
    producerKey: producer.privateKey,
  };
}

/** Registers another key for the demo's pipeline. @param proof - Sigstore bundle that shows possession of the key */
export async function registerKey(local: LocalDescription, publicKey: string, proof: Buffer): Promise<void> {
  await callApi(local, 'key-admin', 'POST', '/v1/keys', {
    ...AUTHORITY,
    principal: PRODUCER,
    not_after: '2100-01-01T00:00:00Z',
    public_key: publicKey,
    proof: parseStrictJson(proof),
  });
}

/** A training's manifest that names these bytes as its model. */
export function manifestAbout(model: Uint8Array): JsonObject {
  return {
    run_id: `interop-${randomUUID()}`,
    stage: 'training',
    model: { id: 'modèle', sha256: createHash('sha256').update(model).digest('hex') },
    principal: PRODUCER,
    timestamp: new Date().toISOString(),
    metrics: { roc_auc: 0.98, loss: 1e-7 },
  };
}

/** The canonical statement of a manifest. */
export function manifestStatement(manifest: JsonObject): Buffer {
  return canonicalBytes(statementJson(manifestSubjects(parseManifest(manifest)), Predicate.manifest, manifest));
}

/** A manifest in a Sigstore bundle, signed as this key signs. */
export function sealManifest(manifest: JsonObject, privateKey: KeyObject): Buffer {
  return sealStatement(manifestStatement(manifest), privateKey);
}

/** A Sigstore bundle around a statement, signed as docs/formats.md has it for the kind of key. */
export function sealStatement(payload: Buffer, privateKey: KeyObject): Buffer {
  const { algorithm, keyid } = parsePublicKey(publicPem(privateKey));
  const hash = { 'ecdsa-p256-sha256': 'sha256', 'ecdsa-p384-sha384': 'sha384', ed25519: null }[algorithm];
  const signature = sign(hash, preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload), privateKey);
  return bundleBytes(payload, signature, keyid);
}

/** SubjectPublicKeyInfo PEM of a private key. */
export function publicPem(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * Posts evidence as the demo's pipeline.
 *
 * @returns the answer, and in it the digest of the stored bytes
 * @throws with the problem document unless it is new and countersigned
 */
export async function post(
  local: LocalDescription,
  path: '/v1/manifests' | '/v1/attestations',
  body: Buffer,
  mediaType: string,
): Promise<{ readonly evidence: string; readonly answer: JsonObject }> {
  const request = { method: 'POST', path: `/${local.stage}${path}`, headers: { 'content-type': mediaType }, body };
  const response = await signedFetch(local, local.identities[PRODUCER], request);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 201) throw new Error(`POST ${path} answered ${response.status}: ${bytes}`);
  const answer = parseStrictJson(bytes);
  if (!isJsonObject(answer)) throw new Error(`POST ${path} answered ${bytes}`);
  return { evidence: textField(answer, 'evidence'), answer };
}

async function fetchBytes(local: LocalDescription, path: string): Promise<Buffer> {
  const request = { method: 'GET', path: `/${local.stage}${path}` };
  const response = await signedFetch(local, local.identities.auditor, request);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${bytes}`);
  return bytes;
}

function textField(value: unknown, name: string): string {
  const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  if (typeof field !== 'string') throw new Error(`the answer has no ${name}: ${JSON.stringify(value)}`);
  return field;
}
