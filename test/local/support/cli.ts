import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DemoName, LocalDescription } from '../../../local/description.ts';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Working directory. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The launcher, as package.json names it. */
export const BIN = fileURLToPath(new URL('../../../cli/bin.js', import.meta.url));

/** Runs the command as its users do: a process of its own, configured by the environment, with nobody at a terminal. */
export async function countersign(args: readonly string[], { cwd, env = {} }: CliOptions): Promise<CliResult> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    // No home and no metadata service: only what the test gives counts.
    env: { PATH, HOME: cwd, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);
  return { code, stdout, stderr };
}

/** The environment in which a demo identity calls the API. */
export function cliEnv(local: LocalDescription, as: DemoName): Record<string, string> {
  const { accessKeyId, secretAccessKey } = local.identities[as];
  return {
    COUNTERSIGN_API: local.apiUrl,
    AWS_REGION: local.region,
    AWS_ENDPOINT_URL: local.endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
