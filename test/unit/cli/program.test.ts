import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../../cli/exit-codes.ts';
import { buildProgram, leaves } from '../../../cli/program.ts';

const program = buildProgram();
const docs = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

function fullName(command: Command): string {
  const parent = command.parent;
  return parent?.parent ? `${fullName(parent)} ${command.name()}` : command.name();
}

const commands = leaves(program);
const firstColumn = (heading: string): string[] => {
  const section = docs.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (`?[^|]*`?) \|/gm)]
    .map(([, cell = '']) => cell)
    .filter((cell) => !/^(-+|command|code|variable)$/.test(cell));
};

describe('docs/cli.md', () => {
  it('lists the commands of the program, and no others', () => {
    const listed = firstColumn('Commands').map((cell) => cell.replaceAll('`', ''));
    expect(listed.toSorted()).toEqual(commands.map(fullName).toSorted());
  });

  it('lists the exit codes of the program, and no others', () => {
    const listed = firstColumn('Exit codes').flatMap((cell) => cell.split(', ').map(Number));
    expect(listed.toSorted((a, b) => a - b)).toEqual(Object.values(ExitCode).toSorted((a, b) => a - b));
  });

  it('names only options and variables that there are', () => {
    const options = new Set(commands.concat(program).flatMap((command) => command.options.map(({ long }) => long)));
    const named = [...docs.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
    expect(named.filter((option) => !options.has(option) && option !== '--help')).toEqual([]);
  });
});

describe('every command', () => {
  it.each(commands.map((command) => [fullName(command), command] as const))(
    '%s says what it does and takes the global options',
    (_name, command) => {
      expect(command.description()).not.toBe('');
      expect(command.options.filter(({ description }) => description === '')).toEqual([]);
      const names = command.options.map(({ long }) => long);
      expect(names).toEqual(expect.arrayContaining(['--api', '--region', '--profile', '--local', '--json']));
      expect(new Set(names).size).toBe(names.length);
    },
  );

  it('takes no secret: passwords come from the environment or a terminal', () => {
    const secret = commands
      .flatMap((command) => command.options)
      .filter(({ flags }) => /password|secret|token/i.test(flags));
    expect(secret).toEqual([]);
  });
});
