import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { run } from './in-process.ts';

const stored = (name: string) => fileURLToPath(new URL(`../../fixtures/decisions/${name}`, import.meta.url));

it('a decision that an earlier build stored is replayed from its bytes alone, to the same verdicts', async () => {
  const parts = ['--input', stored('input.canonical'), '--policy', stored('policy.tar.gz')];
  const args = ['gate', '--replay', stored('decision.sigstore'), ...parts, '--evidence-key', stored('evidence.pem')];
  const { stdout, exitCode, calls } = await run([...args, '--json'], () => ({ status: 500, body: {} }));
  const { identical, checks, decided } = JSON.parse(stdout);
  expect({ identical, exitCode, calls }).toEqual({ identical: true, exitCode: 0, calls: [] });
  expect(checks.map(({ name, result }: Record<string, string>) => `${name} ${result}`)).toEqual([
    'signature pass',
    'input pass',
    'policy pass',
    'model pass',
    'result pass',
  ]);
  const verdicts = new Set(decided.result.verdicts.map(({ verdict }: Record<string, string>) => verdict));
  expect([...verdicts].toSorted()).toEqual(['fail', 'pass']);
});
