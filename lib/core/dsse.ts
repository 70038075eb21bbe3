import * as z from 'zod/mini';
import { DomainError } from './errors.ts';
import { Base64, parseWith } from './schema.ts';

/** The one payload type that every in-toto verifier accepts; predicate-specific variants are refused. */
export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/**
 * Pre-authentication encoding (DSSE v1.0.2, protocol.md): `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`,
 * lengths being decimal counts of bytes.
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head, 'utf8'), payload]);
}

/** Strict: an unknown field is refused, as protobuf JSON readers do. */
const EnvelopeSchema = z.strictObject({
  payload: Base64,
  payloadType: z.string(),
  signatures: z
    .array(
      z.strictObject({
        sig: Base64.check(z.refine((bytes) => bytes.length > 0, 'must not be empty')),
        keyid: z.optional(z.string()),
      }),
    )
    .check(
      z.minLength(1, 'needs one signature'),
      z.maxLength(1, 'must hold exactly one signature; two keys are two attestations'),
    ),
});

/** What was signed and by which signature. */
export interface SignedPayload {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Unauthenticated hint at the key; only ever used to choose which key to try first. */
  readonly keyHint: string | undefined;
}

/**
 * @param at - JSON pointer of the envelope inside what was sent
 * @throws DomainError ENVELOPE_INVALID or PAYLOAD_TYPE_UNSUPPORTED
 */
export function parseEnvelope(value: unknown, at = ''): SignedPayload {
  const envelope = parseWith(EnvelopeSchema, value, 'ENVELOPE_INVALID', at);
  if (envelope.payloadType !== IN_TOTO_PAYLOAD_TYPE) {
    throw new DomainError('PAYLOAD_TYPE_UNSUPPORTED', `payloadType must be ${IN_TOTO_PAYLOAD_TYPE}`, {
      pointer: `${at}/payloadType`,
      hint: 'wrap the statement with this payload type and sign again: the type is part of what is signed',
    });
  }
  const [signature] = envelope.signatures;
  if (!signature) throw new DomainError('ENVELOPE_INVALID', 'the envelope holds no signature', { pointer: at });
  const { payloadType, payload } = envelope;
  return { payloadType, payload, signature: signature.sig, keyHint: signature.keyid };
}
