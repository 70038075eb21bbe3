import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface CommandOptions {
  readonly cwd?: string;
  /** All that the command sees of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
}

export interface CommandResult {
  readonly command: string;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, whatever its exit code.
 *
 * @throws when it does not start; the message names the program
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env, input }: CommandOptions,
): Promise<CommandResult> {
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: 'pipe' });
  // A program that refuses its arguments may end before it has read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]).catch((error: unknown) => {
    throw new Error(`${program} did not start: ${error instanceof Error ? error.message : String(error)}`);
  });
  return { command: [program, ...args].join(' '), code: typeof code === 'number' ? code : null, stdout, stderr };
}

/** @returns what it wrote to standard output @throws unless it exited 0 */
export function succeeded(result: CommandResult): string {
  assert.equal(result.code, 0, `${describe(result)}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/**
 * Holds that a command refused, and for the reason that is meant: a misspelt option ends with an error too.
 *
 * @param reason - what standard output or error says
 */
export function refused(result: CommandResult, reason: RegExp): void {
  const said = `${result.stdout}${result.stderr}`;
  assert.ok(result.code !== 0 && result.code !== null, `${describe(result)}, but it was to be refused\n${said}`);
  assert.match(said, reason, `${describe(result)} for another reason than ${reason}\n${said}`);
}

function describe({ command, code }: CommandResult): string {
  return `\`${command}\` exited with ${code ?? 'a signal'}`;
}
