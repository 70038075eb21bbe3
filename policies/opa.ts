import { run, succeeded } from '../test/interop/support/command.ts';
import { goTool, OPA } from '../test/interop/support/tools.ts';

export const OPA_VERSION = OPA.version;

/** Runs the pinned OPA in a folder. @returns what it printed */
export type Opa = (folder: string, args: readonly string[], input?: string) => Promise<string>;

/** Installs the pinned OPA, or finds it. It gets an empty environment: nothing of the host decides what it builds. */
export async function installOpa(): Promise<Opa> {
  const program = await goTool(OPA);
  return async (cwd, args, input) =>
    succeeded(await run(program, args, { cwd, env: {}, ...(input === undefined ? {} : { input }) }));
}
