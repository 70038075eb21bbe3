import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { POLICIES } from './files.ts';
import type { Opa } from './opa.ts';

/** What `opa test` loads: rules with their tests, the data that they read, and the facts that tests begin with. */
export const SUITE = [
  ...['gate.rego', 'gate_test.rego', 'waivers.rego', 'waivers_test.rego', 'lib', 'rules', 'testing'],
  ...(existsSync(join(POLICIES, 'vendor')) ? ['vendor'] : []),
];
export const DATA = ['bundle/data.json'];

/** How tests are run. On a busy machine OPA's own patience of five seconds ends before a test that is about many facts. */
export const TEST = ['test', '--timeout', '1m'];

const MIN_COVERAGE = 95;

interface Coverage {
  readonly coverage: number;
  readonly files: Readonly<Record<string, { readonly coverage?: number; readonly not_covered?: readonly Lines[] }>>;
}
interface Lines {
  readonly start: { readonly row: number };
  readonly end: { readonly row: number };
}

/**
 * Runs every `_test.rego`.
 *
 * @returns coverage in percent
 * @throws when a test fails, or less than 95 % of the lines were reached
 */
export async function testPolicies(opa: Opa, folder = POLICIES): Promise<number> {
  await opa(folder, [...TEST, ...SUITE, ...DATA]);
  const { coverage, files }: Coverage = JSON.parse(await opa(folder, [...TEST, '--coverage', ...SUITE, ...DATA]));
  if (coverage >= MIN_COVERAGE) return coverage;
  const missed = Object.entries(files).flatMap(([path, { not_covered = [] }]) =>
    not_covered.map(({ start, end }) => `${path}:${start.row}-${end.row}`),
  );
  throw new Error(`tests reach ${coverage} % of the lines, not ${MIN_COVERAGE}: ${missed.join(', ')}`);
}
