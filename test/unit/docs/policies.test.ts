import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../../cli/program.ts';
import { type PolicyRecord, type PolicyState, requireStep } from '../../../lib/core/policy.ts';
import { digestOf, NOW } from '../../support/manifests.ts';

/** What the commands of a policy's life ask for, and where they leave it. */
const STEPS = {
  test: 'tested',
  simulate: 'simulated',
  shadow: undefined,
  approve: 'approved',
  activate: undefined,
} as const satisfies Record<Parameters<typeof requireStep>[1], PolicyState | undefined>;

const isStep = (name: string): name is keyof typeof STEPS => name in STEPS;

const record = (state: PolicyState): PolicyRecord => ({
  sha256: digestOf('policy'),
  bundle_revision: 'r1',
  entrypoint: 'countersign/gate/result',
  size: 1,
  version_id: 'v1',
  change_request: 'CHG-1',
  state,
  revision: 1,
  author: { arn: 'arn:aws:iam::111122223333:role/author', unique_id: 'AROAAUTHOR', at: NOW },
});

/** The lives of policies that a text tells as commands, each from its proposal on. */
function lives(text: string): string[][] {
  const steps = [...text.matchAll(/^\s*countersign policy (\S+)/gm)].map(([, name = '']) => name);
  return steps.flatMap((name, at) => {
    if (name !== 'propose') return [];
    const end = steps.indexOf('propose', at + 1);
    return [steps.slice(at + 1, end < 0 ? undefined : end).filter(isStep)];
  });
}

/** @throws DomainError POLICY_STATE_CONFLICT at a step whose step before is not there */
function follow(steps: readonly string[]): PolicyState {
  let state: PolicyState = 'proposed';
  for (const step of steps.filter(isStep)) {
    requireStep(record(state), step);
    state = STEPS[step] ?? state;
  }
  return state;
}

function help(): string {
  const policy = buildProgram().commands.find((one) => one.name() === 'policy');
  let text = '';
  policy?.configureOutput({ writeOut: (more) => (text += more) }).outputHelp();
  return text;
}

const document = (name: string) => readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8');

describe('the life of a policy', () => {
  it.each([
    ['docs/policies.md', document('policies.md')],
    ['docs/cli.md', document('cli.md')],
    ['countersign policy --help', help()],
  ])('can be followed command by command in %s', (_, text) => {
    expect(lives(text)).not.toEqual([]);
    for (const steps of lives(text)) expect(follow(steps)).toBe('approved');
  });

  it('would not be followed past a step that is left out', () => {
    const [steps = []] = lives(document('policies.md'));
    expect(() => follow(steps.filter((step) => step !== 'simulate'))).toThrow('must be simulated');
  });
});
