import { spawn } from 'node:child_process';
import * as z from 'zod/mini';
import { decodeBase64 } from '../../lib/core/base64.ts';
import { parseStrictJson } from '../../lib/core/json.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { CliError, systemMessage, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import type { Signer } from './signer.ts';

/**
 * A signer that is a program of the user's own, for an HSM, a smart card or another cloud. It is started once per request,
 * without arguments or a shell, reads one JSON object from stdin until its end, and writes one to stdout:
 *
 *     {"version":1,"operation":"public-key"}                            -> {"public_key":"-----BEGIN PUBLIC KEY-----…"}
 *     {"version":1,"operation":"sign","keyid":…,"algorithm":…,"message":<base64>} -> {"signature":<base64>}
 *
 * `algorithm` is ecdsa-p256-sha256, ecdsa-p384-sha384 or ed25519; the message is not hashed yet; an ECDSA signature is DER.
 * Its stderr is the user's. It refuses by another exit code than 0.
 */
const PROTOCOL_VERSION = 1;

/** Long enough for somebody to touch a token, short enough for a pipeline to notice that nobody does. */
const TIMEOUT_MS = 120_000;

/** A key or a signature is far smaller. */
const MAX_ANSWER_BYTES = 64 * 1024;

const PublicKeyAnswer = z.object({ public_key: z.string() });
const SignatureAnswer = z.object({ signature: z.string() });

export async function execSigner(program: string): Promise<Signer> {
  if (program === '') throw new UsageError('exec: needs a program', 'exec:/path/to/program');
  const { public_key } = await ask(program, { operation: 'public-key' }, PublicKeyAnswer);
  const { keyid, pem, algorithm } = parsePublicKey(public_key);
  return {
    keyid,
    publicKeyPem: pem,
    algorithm,
    async sign(message) {
      const request = { operation: 'sign', keyid, algorithm, message: Buffer.from(message).toString('base64') };
      const { signature } = await ask(program, request, SignatureAnswer);
      const bytes = decodeBase64(signature);
      if (!bytes) throw broken(program, 'the signature is not base64');
      return bytes;
    },
  };
}

async function ask<T>(
  program: string,
  request: Readonly<Record<string, string>>,
  answer: z.ZodMiniType<T>,
): Promise<T> {
  const output = await run(program, JSON.stringify({ version: PROTOCOL_VERSION, ...request }));
  let document: unknown;
  try {
    document = parseStrictJson(output);
  } catch (cause) {
    throw broken(program, 'its answer is not JSON', cause);
  }
  const parsed = answer.safeParse(document);
  if (parsed.success) return parsed.data;
  throw broken(program, `its answer to ${request.operation} does not fit the protocol`, parsed.error);
}

async function run(program: string, input: string): Promise<Buffer> {
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'], timeout: TIMEOUT_MS });
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) child.kill();
    else chunks.push(chunk);
  });
  // A program that answers without reading closes the pipe early; its answer tells whether that was right.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new UsageError(`the signer ${program} cannot be started: ${systemMessage(cause)}`, undefined, cause)),
    );
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  if (size > MAX_ANSWER_BYTES) throw broken(program, `it answered more than ${MAX_ANSWER_BYTES} bytes`);
  if (code === 0) return Buffer.concat(chunks);
  throw broken(program, signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`);
}

function broken(program: string, what: string, cause?: unknown): CliError {
  return new CliError(`the signer ${program} failed: ${what}`, ExitCode.REFUSED, { cause });
}
