import { describe, expect, it } from 'vitest';
import { misunderstood } from '../../support/commands.ts';
import { exampleCommands } from './example-commands.ts';

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
