import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';
import { DATA } from './policy.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/policies.md'), 'utf8');

function example(name: string): unknown {
  const [, block] = text.split(`<!-- example ${name} -->\n\`\`\`json\n`);
  if (block === undefined) throw new Error(`docs/policies.md has no example ${name}`);
  return JSON.parse(block.slice(0, block.indexOf('```')));
}

describe('docs/policies.md', () => {
  it('lists every rule as its METADATA says', () => {
    const rows = [...text.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)].map(([, id, cells = '']) => [
      id,
      ...cells.split(' | '),
    ]);
    const rules = Object.entries(DATA.countersign.catalog).map(([id, rule]) => [
      ...[
        id,
        rule.title,
        rule.severity,
        rule.environments.join(', '),
        rule.phases.join(', '),
        rule.controls.join(', '),
      ],
      rule.waivable ? 'yes' : 'no',
    ]);
    expect(rows).toEqual(rules);
  });

  it("shows somebody else's policy as it is built and tested", () => {
    const [, block = ''] = text.split('<!-- example own-policy -->\n```rego\n');
    const file = readFileSync(join(import.meta.dirname, '../../../examples/policies/reproducible.rego'), 'utf8');
    const shown = block.slice(0, block.indexOf('```'));
    expect(shown).not.toBe('');
    expect(file.endsWith(shown)).toBe(true);
  });

  it('shows predicates that are accepted', async () => {
    const { attributes } = await validatePredicate(Predicate.scai, example('thresholds'), []);
    expect(attributes).toEqual(['EVALUATION_THRESHOLDS']);
    const { result } = await validatePredicate(Predicate.testResult, example('test-result'), []);
    expect(result).toBe('PASSED');
  });
});
