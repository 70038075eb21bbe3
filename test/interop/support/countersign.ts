import { resolve } from 'node:path';
import { type CommandResult, run } from './command.ts';

const CLI = resolve(import.meta.dirname, '../../../cli/bin.js');

/** Our own command line, as a user starts it; without credentials, so that only what is offline works. */
export function countersign(folder: string, ...args: string[]): Promise<CommandResult> {
  return run(process.execPath, [CLI, ...args], { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
}
