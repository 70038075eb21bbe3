import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../../cli/program.ts';
import { exampleCommands } from './example-commands.ts';

/** What the program would not understand of these arguments, up to the job that `run` is given. */
function misunderstood([name = '', ...all]: readonly string[]): string[] {
  const command = buildProgram().commands.find((one) => one.name() === name);
  if (command === undefined) return [`there is no command ${name}`];
  const end = all.indexOf('--');
  const args = end < 0 ? all : all.slice(0, end);
  const wrong: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [flag = '', attached] = (args[at] ?? '').split(/=(.*)/s);
    const option = command.options.find(({ long, short }) => flag === long || flag === short);
    const value = option?.required ? (attached ?? args[++at]) : attached;
    if (option === undefined) wrong.push(`${name} has no ${flag}`);
    else if (option.required && value === undefined) wrong.push(`${flag} needs a value`);
    else if (option.argChoices && !value?.startsWith('$') && !option.argChoices.includes(value ?? '')) {
      wrong.push(`${flag} cannot be ${value}`);
    }
  }
  return wrong;
}

describe('the commands in the examples', () => {
  const commands = exampleCommands();

  it('are found in each of the examples for other tools', () => {
    const found = commands.map(([example]) => example);
    expect(found).toEqual(['github-actions', 'job.yaml', 'sidecar.yaml', 'sagemaker-pipelines', 'airflow', 'airflow']);
  });

  it.each(commands)('%s: are known to the program, and so are their options', (_, args) => {
    expect(misunderstood(args)).toEqual([]);
  });

  it('would not pass with a command, an option or a stage that does not exist', () => {
    expect(misunderstood(['rum'])).toEqual(['there is no command rum']);
    expect(misunderstood(['run', '--stages', 'training'])).toEqual(['run has no --stages', 'run has no training']);
    expect(misunderstood(['run', '--stage=learning', '--', 'train'])).toEqual(['--stage cannot be learning']);
    expect(misunderstood(['run', '--stage'])).toEqual(['--stage needs a value']);
  });
});
