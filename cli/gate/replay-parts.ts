import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { parseBundle } from '../../lib/core/bundle.ts';
import { SHA256_HEX, sha256Hex } from '../../lib/core/digest.ts';
import { parseDecision } from '../../lib/core/gate/decision.ts';
import { parseStrictJson } from '../../lib/core/json.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { parseStatement } from '../../lib/core/statement.ts';
import { readAnswer, unreliable } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { systemMessage, UsageError, unusableFile } from '../errors.ts';
import { readBytes, writeBytes } from '../shell.ts';
import { readKeys } from '../trusted-keys.ts';
import type { ReplayParts } from './replay.ts';

/** Where the parts of a decision are: what is not in a file is fetched. */
export interface ReplaySources {
  /** Digest of the stored decision, or a file that holds it. */
  readonly decision: string;
  readonly input?: string;
  /** Policy bundles: of the main policy, and of those beside it. */
  readonly policies?: readonly string[];
  readonly evidenceKeys?: readonly string[];
}

/** @param api - asked for once something must be fetched, so that a replay from files needs no API */
export async function collectParts(sources: ReplaySources, api: () => ApiClient): Promise<ReplayParts> {
  const decision = SHA256_HEX.test(sources.decision)
    ? await fetched(api(), '/v1/evidence/{sha256}/attestation', sources.decision)
    : await readBytes(sources.decision);
  const named = namedBy(decision, sources.decision);
  const given = await Promise.all((sources.policies ?? []).map(readBytes));
  const bundle = async (sha256: string) =>
    given.find((bytes) => sha256Hex(bytes) === sha256) ??
    (await fetched(api(), '/v1/policies/{sha256}/bundle', sha256));
  const [only, ...others] = given;
  return {
    decision,
    input:
      sources.input === undefined
        ? await fetched(api(), '/v1/gates/inputs/{sha256}', named.inputSha256)
        : await readBytes(sources.input),
    // One file can only be meant as the policy; the replay tells when it is another one.
    policy: only && others.length === 0 ? only : await bundle(named.policy.sha256),
    beside: await Promise.all(named.beside.map(({ policy }) => bundle(policy.sha256))),
    evidenceKeys:
      sources.evidenceKeys === undefined ? await publishedKeys(api()) : await readKeys(sources.evidenceKeys),
  };
}

/** What an offline replay needs beside the keys, in a folder of its own. */
export async function keepParts(
  { decision, input, policy, beside = [] }: ReplayParts,
  folder: string,
): Promise<string> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new UsageError(`${folder} cannot be made: ${systemMessage(cause)}`, undefined, cause);
  });
  const files = {
    decision: join(folder, 'decision.sigstore.json'),
    input: join(folder, 'input.json'),
  };
  const policies = [
    { file: join(folder, 'policy.tar.gz'), bytes: policy },
    ...beside.map((bytes) => ({ file: join(folder, `policy-${sha256Hex(bytes).slice(0, 12)}.tar.gz`), bytes })),
  ];
  await writeBytes(files.decision, decision);
  await writeBytes(files.input, input);
  for (const { file, bytes } of policies) await writeBytes(file, bytes);
  const named = policies.map(({ file }) => `--policy ${file}`).join(' ');
  return `countersign gate --replay ${files.decision} --input ${files.input} ${named} --evidence-key evidence.pem`;
}

async function fetched(api: ApiClient, path: string, sha256: string): Promise<Buffer> {
  const bytes = await api.bytes(apiPath(path, { sha256 }));
  if (sha256Hex(bytes) === sha256) return bytes;
  throw unreliable(`what came for ${sha256} has the digest ${sha256Hex(bytes)}`);
}

/** Which input and policy to look for. Nothing is believed yet: the replay verifies the signature. */
function namedBy(decision: Buffer, source: string) {
  try {
    return parseDecision(parseStatement(parseStrictJson(parseBundle(parseStrictJson(decision)).payload)));
  } catch (error) {
    return unusableFile(source, error);
  }
}

const StatusSchema = z.looseObject({ evidence_keys: z.array(z.looseObject({ public_key: z.string() })) });

async function publishedKeys(api: ApiClient) {
  const status = readAnswer(StatusSchema, await api.json({ method: 'GET', path: '/v1/status' }));
  return status.evidence_keys.map(({ public_key }) => parsePublicKey(public_key));
}
