import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { LocalDescription } from './description.ts';
import { SetupError } from './errors.ts';
import { Processes } from './processes.ts';
import { recordFile, startLocal } from './stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The local AWS that the tests of the project share: `inject('local')`. */
    local: LocalDescription;
  }
}

/** One folder per test run, so that two can run at a time. */
const RUNS = resolve(import.meta.dirname, '../.countersign/test');

/** Starts one local AWS for the whole test project, and stops it after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeDeadRuns();
  const stateDir = join(RUNS, String(process.pid));
  const stack = await startLocal({ stateDir });
  project.provide('local', stack.description);
  return stack.stop;
}

/** Ends and removes what test runs left that were killed. The logs of the last one stay until the next begins. */
async function removeDeadRuns(): Promise<void> {
  await mkdir(RUNS, { recursive: true });
  for (const run of await readdir(RUNS)) {
    try {
      const processes = await Processes.claim(recordFile(join(RUNS, run)), () => {});
      await processes.stop();
      await rm(join(RUNS, run), { recursive: true, force: true });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
    }
  }
}
