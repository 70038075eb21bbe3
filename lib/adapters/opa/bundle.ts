import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import * as z from 'zod/mini';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseStrictJson } from '../../core/json.ts';
import { JsonValue, parseWith } from '../../core/schema.ts';

/** A policy bundle (OPA, "Bundles") that holds a compiled policy, unpacked. */
export interface PolicyBundle {
  /** SHA-256 of the archive. */
  readonly sha256: string;
  /** Its own name for its revision; the digest where it has none, as when `opa build` was given none. */
  readonly revision: string;
  /** As the manifest names it; undefined where it does not, as in bundles that any OPA may evaluate. */
  readonly entrypoint: string | undefined;
  readonly wasm: Buffer;
  readonly data: JsonObject;
}

/** What may come out of the archive, whatever the archive says: a few kilobytes pack that well. */
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;

/** Of a member that is compiled or parsed. As objects, JSON takes some fifty times its bytes, and nothing interrupts a parser. */
const MAX_WASM_BYTES = 4 * 1024 * 1024;
const MAX_JSON_BYTES = 1024 * 1024;

const ManifestSchema = z.looseObject({
  revision: z.optional(z.string().check(z.maxLength(256))),
  rego_version: z.optional(z.literal(1, 'must be 1: the rules are written in Rego v1')),
  wasm: z.optional(
    z
      .array(z.looseObject({ entrypoint: z.string().check(z.minLength(1)), module: z.string() }))
      .check(z.maxLength(1, 'must name one entrypoint')),
  ),
  metadata: z.optional(JsonValue),
});

/**
 * Unpacks a policy bundle. Its bytes are hostile until their digest is that of an approved revision, and bounded even then.
 *
 * @throws DomainError POLICY_INVALID
 */
export async function readPolicyBundle(archive: Buffer): Promise<PolicyBundle> {
  const members = await unpack(archive);
  const manifest = parseWith(ManifestSchema, json(members, '/.manifest'), 'POLICY_INVALID', '/.manifest');
  const compiled = manifest.wasm?.[0];
  const name = compiled?.module ?? '/policy.wasm';
  const wasm = member(members, name, MAX_WASM_BYTES);
  const data = members.has('/data.json') ? json(members, '/data.json') : {};
  if (!isJsonObject(data)) refuseBundle('holds a /data.json that is no object');
  const sha256 = sha256Hex(archive);
  return { sha256, revision: manifest.revision || sha256, entrypoint: compiled?.entrypoint, wasm, data };
}

function member(members: ReadonlyMap<string, Buffer>, name: string, most: number): Buffer {
  const bytes = members.get(name);
  if (!bytes) refuseBundle(`holds no ${name}`);
  if (bytes.length > most) refuseBundle(`holds a ${name} of more than ${most / 1024 / 1024} MiB`);
  return bytes;
}

function json(members: ReadonlyMap<string, Buffer>, name: string): Json {
  const bytes = member(members, name, MAX_JSON_BYTES);
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    return refuseBundle(`holds a ${name} that is not strict JSON`, cause);
  }
}

async function unpack(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const members = new Map<string, Buffer>();
  try {
    const entries = extract();
    entries.end(gunzipSync(archive, { maxOutputLength: MAX_UNPACKED_BYTES }));
    for await (const entry of entries) {
      const bytes = await buffer(entry);
      const name = `/${entry.header.name.replace(/^\.?\/+/, '')}`;
      if (members.has(name)) throw new Error(`${name} is there twice`);
      if (entry.header.type === 'file') members.set(name, bytes);
    }
  } catch (cause) {
    refuseBundle('is no tar.gz that can be read', cause);
  }
  return members;
}

/**
 * @param what - what the policy bundle does or is
 * @throws DomainError POLICY_INVALID
 */
export function refuseBundle(what: string, cause?: unknown): never {
  throw new DomainError('POLICY_INVALID', `the policy bundle ${what}`, {
    hint: '`opa build -t wasm -e PACKAGE/RULE FILES` writes one, in Rego v1 and with one entrypoint',
    cause,
  });
}
