import { readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { isJsonObject, type JsonObject, parseStrictJson } from '../lib/core/json.ts';
import type { ApiClient } from './client.ts';
import { systemMessage, UsageError } from './errors.ts';
import { connect, type SessionOptions } from './session.ts';
import { openSigner } from './signers/index.ts';
import type { Signer } from './signers/signer.ts';

interface GlobalOptions {
  readonly api?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly local?: string;
  readonly json?: boolean;
}

/** What every command has around it: the options before it, stdout for the result, stderr for the rest. */
export class Shell {
  readonly isJson: boolean;
  readonly session: SessionOptions;

  constructor(command: Command) {
    const { api, region, profile, local, json = false } = command.optsWithGlobals<GlobalOptions>();
    this.isJson = json;
    this.session = { api, region, profile, local, notify: (message) => this.note(message) };
  }

  api(): ApiClient {
    return connect(this.session);
  }

  async signer(key: string | undefined): Promise<Signer> {
    return await openSigner(key, { session: this.session, askPassword });
  }

  /** The result: one JSON document with `--json`, else lines for a reader; of an empty list, a remark. */
  result(document: JsonObject | object, lines: readonly string[]): void {
    const text = this.isJson ? JSON.stringify(document, null, 2) : lines.join('\n');
    if (text === '') this.note('there is none');
    else process.stdout.write(`${text}\n`);
  }

  /** A remark on the way to the result. */
  note(message: string): void {
    process.stderr.write(`countersign: ${message}\n`);
  }
}

/** Lines of names and values, the values below one another; what has no value is left out. */
export function table(rows: readonly (readonly [string, string | null | undefined])[]): string[] {
  const shown = rows.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** @throws UsageError */
export async function readBytes(path: string): Promise<Buffer> {
  return await readFile(path).catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read: ${systemMessage(cause)}`, undefined, cause);
  });
}

/** @throws UsageError */
export async function writeBytes(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeFile(path, bytes).catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be written: ${systemMessage(cause)}`, undefined, cause);
  });
}

/** @throws UsageError, or DomainError JSON_INVALID */
export async function readJsonObject(path: string): Promise<JsonObject> {
  const document = parseStrictJson(await readBytes(path));
  if (isJsonObject(document)) return document;
  throw new UsageError(`${path} must hold a JSON object`);
}

/** Asks on the terminal without an echo; undefined where there is none, as in a pipeline. */
async function askPassword(file: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  process.stderr.write(`Password of ${file}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  lines.on('SIGINT', () => process.exit(128 + constants.signals.SIGINT));
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
