import { resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { LocalDescription } from './description.ts';
import { startLocal } from './stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The local AWS that the tests of the project share: `inject('local')`. */
    local: LocalDescription;
  }
}

/** Starts one local AWS for the whole test project, and stops it after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startLocal({ stateDir: resolve(import.meta.dirname, '../.countersign/test') });
  project.provide('local', stack.description);
  return stack.stop;
}
