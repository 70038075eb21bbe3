import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from './errors.ts';

const run = promisify(execFile);

/** Stage of cdk/config.ts that is provisioned on one machine. */
export const LOCAL_STAGE = 'local';

/** Runs the CDK app as `cdk synth` does, without its command line, and gives the folder of the assembly. */
export async function synthesise(root: string, stateDir: string): Promise<string> {
  const folder = join(stateDir, 'cdk.out');
  // Old assets would pile up: their names are digests of their content.
  await rm(folder, { recursive: true, force: true });
  try {
    await run(process.execPath, [join(root, 'cdk', 'app.ts')], {
      cwd: root,
      env: { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify({ stage: LOCAL_STAGE }) },
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    throw new Error(`the CDK app could not be synthesised:\n${messageOf(error)}`, { cause: error });
  }
  return folder;
}
