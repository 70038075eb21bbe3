import * as z from 'zod/mini';
import { canonicalBytes } from './canonical.ts';
import { IN_TOTO_PAYLOAD_TYPE, parseEnvelope, type SignedPayload } from './dsse.ts';
import { DomainError } from './errors.ts';
import { isJsonObject, type Json } from './json.ts';
import { JsonValue, parseWith } from './schema.ts';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/**
 * Sigstore bundle v0.3 (protobuf-specs, sigstore_bundle.proto) with a public key and a DSSE envelope. Transparency log
 * entries and timestamps may be there: they are kept as bytes and not relied on, because received_at comes from the receipt.
 */
const BundleSchema = z.strictObject({
  mediaType: z.enum([BUNDLE_MEDIA_TYPE, 'application/vnd.dev.sigstore.bundle+json;version=0.3']),
  verificationMaterial: z.strictObject({
    publicKey: z.strictObject({ hint: z.optional(z.string()) }),
    tlogEntries: z.optional(z.array(JsonValue)),
    timestampVerificationData: z.optional(JsonValue),
  }),
  dsseEnvelope: JsonValue,
});

/** @throws DomainError BUNDLE_INVALID, ENVELOPE_INVALID or PAYLOAD_TYPE_UNSUPPORTED */
export function parseBundle(value: Json): SignedPayload {
  if (isJsonObject(value) && isJsonObject(value.verificationMaterial) && !('publicKey' in value.verificationMaterial)) {
    throw new DomainError('BUNDLE_INVALID', 'verificationMaterial must hold a publicKey', {
      pointer: '/verificationMaterial',
      hint: 'sign with a registered key; certificates (keyless signing) are not accepted',
    });
  }
  const bundle = parseWith(BundleSchema, value, 'BUNDLE_INVALID');
  const signed = parseEnvelope(bundle.dsseEnvelope, '/dsseEnvelope');
  return { ...signed, keyHint: bundle.verificationMaterial.publicKey.hint || signed.keyHint };
}

/**
 * Writes a Sigstore bundle as canonical JSON. The hint is the keyid, which model_signing demands. The DSSE signature has no
 * keyid: cosign skips a signature whose keyid is not its own fingerprint of the key (go-securesystemslib, dsse/verify.go).
 *
 * @param signature - DER for ECDSA, 64 bytes for Ed25519
 */
export function bundleBytes(payload: Uint8Array, signature: Uint8Array, keyid: string): Buffer {
  return canonicalBytes({
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: keyid }, tlogEntries: [] },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType: IN_TOTO_PAYLOAD_TYPE,
      signatures: [{ sig: Buffer.from(signature).toString('base64') }],
    },
  });
}
