import { messageOf, SetupError } from './errors.ts';

/**
 * Does one named step, and tells when it is done and how long it took.
 *
 * @throws SetupError as it is; anything else with the name of the step before its message.
 */
export async function runStep<T>(name: string, log: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    const result = await work();
    log(`${name}: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new Error(`The step "${name}" failed: ${messageOf(error)}`, { cause: error });
  }
}
