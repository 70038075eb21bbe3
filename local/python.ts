import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SetupError } from './errors.ts';

const run = promisify(execFile);

const OLDEST: readonly [number, number] = [3, 10];
const CANDIDATES = process.platform === 'win32' ? ['python', 'python3'] : ['python3', 'python'];
/** Holds the digest of the requirements that an environment was made from. Written last, so a half-made one is never reused. */
const STAMP = 'countersign-requirements.sha256';

/**
 * Gives the interpreter of a virtual environment that holds exactly `requirementsFile`.
 *
 * The environment is reused while the digest of the file is unchanged. A new one is made beside it and then renamed into
 * place, so that an interrupted set-up, or two at once, leave a whole environment or none.
 *
 * @throws SetupError if Python, its venv module or the packages cannot be had.
 */
export async function ensurePython(
  environment: string,
  requirementsFile: string,
  log: (line: string) => void,
): Promise<string> {
  const wanted = createHash('sha256')
    .update(await readFile(requirementsFile))
    .digest('hex');
  if (await isMadeFrom(environment, wanted)) return interpreterIn(environment);

  const python = await findPython();
  log(`making a Python environment in ${environment} (once)`);
  const draft = `${environment}.${randomUUID()}`;
  try {
    await mkdir(dirname(environment), { recursive: true });
    await makeEnvironment(python, draft);
    await installInto(draft, requirementsFile);
    await writeFile(join(draft, STAMP), wanted);
    await moveIntoPlace(draft, environment, wanted);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return interpreterIn(environment);
}

function interpreterIn(environment: string): string {
  return process.platform === 'win32' ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python');
}

async function isMadeFrom(environment: string, wanted: string): Promise<boolean> {
  try {
    if ((await readFile(join(environment, STAMP), 'utf8')) !== wanted) return false;
    // The host's Python may have been replaced since: an environment whose interpreter does not start is made again.
    await run(interpreterIn(environment), ['-c', '']);
    return true;
  } catch {
    return false;
  }
}

async function findPython(): Promise<string> {
  const found: string[] = [];
  for (const candidate of CANDIDATES) {
    const version = await versionOf(candidate);
    if (version === undefined) continue;
    if (version[0] > OLDEST[0] || (version[0] === OLDEST[0] && version[1] >= OLDEST[1])) return candidate;
    found.push(`${candidate} is ${version.join('.')}`);
  }
  const wanted = `Python ${OLDEST.join('.')} or newer`;
  throw new SetupError(
    found.length === 0 ? `${wanted} was not found` : `${wanted} was not found (${found.join(', ')})`,
    `Install ${wanted} so that \`${CANDIDATES[0]}\` starts it, then run this again.`,
  );
}

async function versionOf(command: string): Promise<readonly [number, number] | undefined> {
  try {
    const { stdout } = await run(command, ['-c', 'import sys; print(sys.version_info[0], sys.version_info[1])']);
    const [major, minor] = stdout.trim().split(' ').map(Number);
    return major === undefined || minor === undefined ? undefined : [major, minor];
  } catch {
    return undefined;
  }
}

async function makeEnvironment(python: string, directory: string): Promise<void> {
  try {
    await run(python, ['-m', 'venv', directory]);
  } catch (error) {
    throw new SetupError(
      `${python} could not make a virtual environment: ${lastLines(error)}`,
      "Install Python's venv module (Debian and Ubuntu: `apt-get install python3-venv`), then run this again.",
      error,
    );
  }
}

async function installInto(directory: string, requirementsFile: string): Promise<void> {
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  try {
    // Wheels only: a source package would run its own set-up code, and need a compiler.
    await run(interpreterIn(directory), [...pip, '--require-hashes', '--only-binary', ':all:', '-r', requirementsFile]);
  } catch (error) {
    throw new SetupError(
      `pip could not install the packages of ${requirementsFile}: ${lastLines(error)}`,
      'Check that this machine reaches a Python package index (pip reads its own settings, such as PIP_INDEX_URL), then run this again.',
      error,
    );
  }
}

async function moveIntoPlace(draft: string, environment: string, wanted: string): Promise<void> {
  await rm(environment, { recursive: true, force: true });
  try {
    await rename(draft, environment);
  } catch (error) {
    // Another start was faster. Its environment is as good as ours if it was made from the same requirements.
    if (!(await isMadeFrom(environment, wanted))) throw error;
  }
}

function lastLines(error: unknown): string {
  const text =
    typeof error === 'object' && error !== null && 'stderr' in error && error.stderr !== ''
      ? String(error.stderr)
      : String(error);
  return text.trim().split('\n').slice(-3).join(' ');
}
