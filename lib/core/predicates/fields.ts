import * as z from 'zod/mini';
import { decodeBase64 } from '../base64.ts';
import { DIGEST_RULE, SHA256_HEX } from '../digest.ts';

/**
 * Field types of the in-toto attestation framework, spec/v1 (field_types.md, digest_set.md, resource_descriptor.md).
 * Objects are loose: a consumer ignores fields that it does not know (README.md, "Parsing rules").
 */

/** An optional field. Unset, null and empty are the same (SLSA provenance, "Parsing rules"), as in protobuf JSON. */
export function optional<S extends z.ZodMiniType>(schema: S) {
  return z.pipe(
    z.transform((value: unknown): unknown => (value === null || value === '' ? undefined : value)),
    z.optional(schema),
  );
}

export const Text = z.string().check(z.minLength(1, 'must not be empty'));

/** Scheme in lower case (field_types.md asks for case normalisation), nothing that RFC 3986 forbids outright. */
export const Uri = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]+$/, 'must be a URI with a lower-case scheme (RFC 3986)'));

export const Timestamp = z.iso.datetime({
  message: 'must be an RFC 3339 date-time in UTC such as 2026-02-21T12:34:56Z',
});

export const StringMap = z.record(z.string(), z.string());
export const JsonMap = z.record(z.string(), z.json());

/** Hexadecimal lengths of the algorithms that digest_set.md names. Values of any other algorithm are not ours to judge. */
const HEX_LENGTHS: Readonly<Record<string, readonly number[]>> = {
  sha224: [56],
  sha384: [96],
  sha512: [128],
  sha512_224: [56],
  sha512_256: [64],
  sha3_224: [56],
  sha3_256: [64],
  sha3_384: [96],
  sha3_512: [128],
  sha1: [40],
  md5: [32],
  ripemd160: [40],
  sm3: [64],
  gitCommit: [40, 64],
  gitTree: [40, 64],
  gitBlob: [40, 64],
  gitTag: [40, 64],
};

/** Algorithm -> digest. Of an empty set, which protobuf JSON writes for an unset one, the descriptor's own rule judges. */
export const DigestSet = z.record(z.string(), Text).check((context) => {
  for (const [algorithm, value] of Object.entries(context.value)) {
    const rule = digestRule(algorithm, value);
    if (rule !== undefined) {
      context.issues.push({ code: 'custom', input: value, path: [algorithm], message: rule });
    }
  }
});

function digestRule(algorithm: string, value: string): string | undefined {
  if (algorithm === 'sha256') return SHA256_HEX.test(value) ? undefined : DIGEST_RULE;
  const lengths = Object.hasOwn(HEX_LENGTHS, algorithm) ? HEX_LENGTHS[algorithm] : undefined;
  if (!lengths || (lengths.includes(value.length) && /^[0-9a-f]+$/.test(value))) return undefined;
  return `must be ${lengths.join(' or ')} lower-case hexadecimal characters (${algorithm})`;
}

export const ResourceDescriptor = z
  .looseObject({
    name: optional(z.string()),
    uri: optional(Uri),
    digest: optional(DigestSet),
    content: optional(z.string().check(z.refine((text) => decodeBase64(text) !== undefined, 'must be base64'))),
    downloadLocation: optional(Uri),
    mediaType: optional(z.string()),
    annotations: optional(JsonMap),
  })
  .check(
    z.refine(
      ({ uri, digest, content }) => uri !== undefined || content !== undefined || Object.keys(digest ?? {}).length > 0,
      'must have a uri, a digest or content',
    ),
  );
export type ResourceDescriptor = z.output<typeof ResourceDescriptor>;
