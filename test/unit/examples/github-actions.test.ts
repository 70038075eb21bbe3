import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { githubChecker } from './github-checker.ts';

const FOLDER = resolve(import.meta.dirname, '../../../examples/github-actions');

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly uses?: string; readonly with?: object }[] }>
  >;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly required: boolean }>>;
}

const { validate, TextDocument } = githubChecker();

/** What GitHub's own checker says of a file; it knows by the name whether it is a workflow or an action. */
async function complaints(name: string, change = (text: string): string => text): Promise<string[]> {
  const text = change(readFileSync(join(FOLDER, name), 'utf8'));
  // A folder of its own each time: the checker remembers what it parsed by its address.
  const path = name === 'action.yml' ? name : `.github/workflows/${name}`;
  const found = await validate(TextDocument.create(`file:///${randomUUID()}/${path}`, 'yaml', 0, text));
  return found.map(({ message, range }) => `${name}:${range.start.line + 1} ${message}`);
}

const steps = () => {
  const workflow: Workflow = parse(readFileSync(join(FOLDER, 'train.yml'), 'utf8'));
  return Object.values(workflow.jobs).flatMap((job) => job.steps);
};

describe('the GitHub Action', () => {
  it('is an action, and its workflow a workflow, to the checker that GitHub publishes', async () => {
    expect(await complaints('action.yml')).toEqual([]);
    expect(await complaints('train.yml')).toEqual([]);
  });

  it('would not pass that checker with a misspelt key or value', async () => {
    expect(await complaints('train.yml', (text) => text.replace('runs-on:', 'runs_on:'))).not.toEqual([]);
    expect(await complaints('action.yml', (text) => text.replace('using: composite', 'using: compound'))).not.toEqual(
      [],
    );
  });

  it('names every action that is not ours by the full digest of its commit', () => {
    const foreign = steps().flatMap(({ uses }) => (uses === undefined || uses.startsWith('./') ? [] : [uses]));
    expect(foreign.length).toBeGreaterThan(0);
    for (const uses of foreign) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  it('is given the inputs that it requires, and no other', () => {
    const action: Action = parse(readFileSync(join(FOLDER, 'action.yml'), 'utf8'));
    const given = steps().find(({ uses }) => uses === './countersign/examples/github-actions')?.with ?? {};
    expect(Object.keys(given).toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    expect(Object.values(action.inputs).every(({ required }) => required)).toBe(true);
  });
});
