import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ensurePython } from '../../../local/python.ts';
import { run } from './command.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** What is installed stays here. A folder's name holds the version, so that a new pin installs anew. */
const CACHE = join(ROOT, '.countersign', 'interop');

/** A program that is installed as a Go module, its dependencies pinned by the module's own go.sum. */
export interface GoTool {
  /** Package path of the command. */
  readonly path: string;
  readonly version: string;
}

export const COSIGN: GoTool = { path: 'github.com/sigstore/cosign/v3/cmd/cosign', version: 'v3.1.2' };
export const OPA: GoTool = { path: 'github.com/open-policy-agent/opa', version: 'v1.17.1' };
export const ACTIONLINT: GoTool = { path: 'github.com/rhysd/actionlint/cmd/actionlint', version: 'v1.7.12' };

/**
 * Installs a Go tool, or finds it installed.
 *
 * @returns the file of the program
 * @throws when Go is missing or the tool does not build; nothing half-made stays
 */
export async function goTool({ path, version }: GoTool): Promise<string> {
  const name = basename(path);
  const folder = join(CACHE, `${name}-${version}`);
  const program = join(folder, name);
  if (await exists(program)) return program;
  log(`installing ${name} ${version} (once; cosign takes minutes)`);
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    const built = await run('go', ['install', `${path}@${version}`], { env: { ...process.env, GOBIN: draft } });
    if (built.code !== 0) throw new Error(`go install ${path}@${version} failed: ${lastLines(built.stderr)}`);
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return program;
}

/**
 * Makes a Python environment, or finds it made; every file in it is pinned by hash.
 *
 * @param requirements - `requirements/<name>.txt` unless given
 * @returns the file of its interpreter: start a tool by `-m`, because its scripts name the folder that they were made in
 * @throws when Python or the packages cannot be had
 */
export async function pythonWith(
  name: string,
  requirements = join(import.meta.dirname, '..', 'requirements', `${name}.txt`),
): Promise<string> {
  return ensurePython(join(CACHE, `python-${name}`), requirements, log);
}

function log(line: string): void {
  process.stdout.write(`  ${line}\n`);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' ');
}
