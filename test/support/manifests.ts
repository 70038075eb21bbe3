import { Predicate } from '../../lib/contracts/predicates.ts';
import { bundleBytes } from '../../lib/core/bundle.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../lib/core/dsse.ts';
import type { Json, JsonObject } from '../../lib/core/json.ts';
import { manifestSubjects, parseManifest } from '../../lib/core/manifest.ts';
import { STATEMENT_TYPE } from '../../lib/core/statement.ts';
import { twinSignature } from './ecdsa.ts';
import { asObject, signedPayload, type TestKey } from './keys.ts';

/** Digest of a thing that exists in the test's story only. */
export const digestOf = (thing: string): string => sha256Hex(`the bytes of ${thing}`);

/** When most stories happen. */
export const NOW = '2026-02-21T12:34:56.000Z';

export const PIPELINE = 'training-pipeline';

/** A training manifest; `undefined` takes a field away. */
export function aManifest(changes: Readonly<Record<string, Json | undefined>> = {}): JsonObject {
  return without({
    run_id: 'run-1',
    stage: 'training',
    dataset: { id: 'iris', sha256: digestOf('iris') },
    model: { id: 'classifier', sha256: digestOf('classifier') },
    image_digest: `sha256:${digestOf('image')}`,
    commit_sha: 'c0ffee0c0ffee0c0ffee0c0ffee0c0ffee0c0ffe',
    principal: PIPELINE,
    timestamp: NOW,
    approvals: [],
    ...changes,
  });
}

function without(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  const object: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) object[name] = value;
  return object;
}

/** A statement with one subject; `undefined` takes a field away. */
export function aStatement(changes: Readonly<Record<string, Json | undefined>> = {}): JsonObject {
  return without({
    _type: STATEMENT_TYPE,
    subject: [{ name: 'classifier', digest: { sha256: digestOf('classifier') } }],
    predicateType: Predicate.manifest,
    predicate: aManifest(),
    ...changes,
  });
}

/** The statement that carries a manifest, with the subjects that follow from it. */
export function manifestStatement(manifest: JsonObject): JsonObject {
  return aStatement({ subject: manifestSubjects(parseManifest(manifest)), predicate: manifest });
}

export const bytesOf = (value: Json): Buffer => Buffer.from(JSON.stringify(value));

/** A Sigstore bundle over any statement. */
export function signedStatement(statement: JsonObject, key: TestKey): Buffer {
  return signedPayload(bytesOf(statement), key);
}

/** A Sigstore bundle over a manifest: what `countersign attest` posts. */
export function signedBundle(manifest: JsonObject, key: TestKey): Buffer {
  return signedStatement(manifestStatement(manifest), key);
}

/** A bare DSSE envelope over a manifest. */
export function signedEnvelope(manifest: JsonObject, key: TestKey): Buffer {
  const { dsseEnvelope } = asObject(signedBundle(manifest, key));
  return bytesOf(dsseEnvelope ?? null);
}

/** The seed's plain manifest, signed over its canonical JSON. */
export function signedPlain(manifest: JsonObject, key: TestKey): Buffer {
  return bytesOf({ ...manifest, signature: `cosign:${key.sign(canonicalBytes(manifest)).toString('base64')}` });
}

/** An assertion by SCAI. */
export function aScaiReport(attributes: readonly string[], about = digestOf('iris')): JsonObject {
  return aStatement({
    subject: [{ name: 'iris', digest: { sha256: about } }],
    predicateType: Predicate.scai,
    predicate: { attributes: attributes.map((attribute) => ({ attribute })) },
  });
}

/** A scan of an image that found nothing. */
export function aScan({ uri = 'pkg:golang/scanner@1', at = NOW } = {}): JsonObject {
  return aStatement({
    subject: [{ name: 'image', digest: { sha256: digestOf('image') } }],
    predicateType: Predicate.vulns,
    predicate: {
      scanner: { uri, db: { lastUpdate: at }, result: [] },
      metadata: { scanStartedOn: at, scanFinishedOn: at },
    },
  });
}

interface Opened {
  readonly payload: Buffer;
  readonly signature: Buffer;
  readonly hint: string;
}

export function openBundle(bundle: Uint8Array): Opened {
  const { dsseEnvelope } = JSON.parse(Buffer.from(bundle).toString('utf8'));
  const [{ sig, keyid }] = dsseEnvelope.signatures;
  return {
    payload: Buffer.from(dsseEnvelope.payload, 'base64'),
    signature: Buffer.from(sig, 'base64'),
    hint: keyid,
  };
}

/** What the signature of a bundle covers. */
export function messageOf(bundle: Uint8Array): Buffer {
  return preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, openBundle(bundle).payload);
}

/** The same bundle with another signature. */
export function withSignature(bundle: Uint8Array, signature: Uint8Array): Buffer {
  const { payload, hint } = openBundle(bundle);
  return bundleBytes(payload, signature, hint);
}

/** Swaps what stands for base64 in an envelope. */
function reencoded(bundle: Uint8Array, encode: (bytes: Buffer) => string): Buffer {
  const { payload, signature } = openBundle(bundle);
  const document = JSON.parse(Buffer.from(bundle).toString('utf8'));
  document.dsseEnvelope.payload = encode(payload);
  document.dsseEnvelope.signatures[0].sig = encode(signature);
  // The line break makes it a twin even where base64 happens to need neither padding nor its last two characters.
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

/**
 * Other bytes of the same statement under the same key: whoever has a bundle can make them without the private key.
 *
 * @param bundle - signed with ECDSA P-256
 */
export function twinsOf(bundle: Uint8Array): readonly (readonly [name: string, bytes: Buffer])[] {
  const { payload, signature, hint } = openBundle(bundle);
  const document = asObject(bundle);
  const { dsseEnvelope } = document;
  return [
    ['the other S of the signature', bundleBytes(payload, twinSignature(signature), hint)],
    ['re-indented JSON', Buffer.from(JSON.stringify(document, null, 2))],
    [
      'url-safe base64',
      reencoded(bundle, (bytes) => bytes.toString('base64url').padEnd(4 * Math.ceil(bytes.length / 3), '=')),
    ],
    ['unpadded base64', reencoded(bundle, (bytes) => bytes.toString('base64').replaceAll('=', ''))],
    ['another hint', bundleBytes(payload, signature, 'f'.repeat(64))],
    ['no hint', bundleBytes(payload, signature, '')],
    ['the envelope alone', bytesOf(dsseEnvelope ?? null)],
  ];
}
