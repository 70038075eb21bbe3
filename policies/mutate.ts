import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { POLICIES, sources } from './files.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { installOpa } from './opa.ts';
import { DATA, SUITE, TEST } from './suite.ts';

/**
 * `npm run mutate:policies`: changes each expression of the rules in turn and wants a test that notices. No mutant may survive:
 * an expression that can go unnoticed means nothing, and goes.
 *
 * Arguments: parts of paths, to try only the sources that hold one of them.
 */
const WORKERS = 2;

/** Sources whose tests are many, and about other things than what they import. */
const FARTHER = new Set(['gate', 'image_vulnerabilities']);

const opa = await installOpa();
const only = process.argv.slice(2);
const mutants: Mutant[] = [];
for (const [path, bytes] of sources()) {
  if (!path.endsWith('.rego') || (only.length > 0 && !only.some((part) => path.includes(part)))) continue;
  mutants.push(...(await mutantsOf(opa, POLICIES, path, bytes.toString('utf8'))));
}
console.log(`${mutants.length} mutants`);
// Tests that fail anyway would notice everything.
if (!(await succeeds(POLICIES, [...TEST, ...SUITE, ...DATA]))) throw new Error('the tests fail without any change');

const survivors: Mutant[] = [];
let tried = 0;
const queue = mutants.values();
await Promise.all(Array.from({ length: WORKERS }, () => work()));

for (const { path, row, change, expression } of survivors) {
  console.log(`survived: ${path}:${row} ${change} ${expression}`);
}
console.log(`${mutants.length - survivors.length} of ${mutants.length} noticed`);
process.exitCode = survivors.length > 0 ? 1 : 0;

/** Takes mutants from the queue, one after another, in a folder of its own. */
async function work(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-mutants-'));
  try {
    for (const path of [...SUITE, ...DATA]) await cp(join(POLICIES, path), join(folder, path), { recursive: true });
    for (const mutant of queue) {
      if (!(await isNoticed(folder, mutant))) survivors.push(mutant);
      tried += 1;
      if (tried % 50 === 0) console.log(`${tried} of ${mutants.length} tried`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function isNoticed(folder: string, { path, source }: Mutant): Promise<boolean> {
  const original = sources().get(path) ?? '';
  await writeFile(join(folder, path), source);
  try {
    // What does not compile was noticed by the compiler; the nearest tests notice most of the rest, and sooner than all do.
    if (!(await succeeds(folder, ['check', ...SUITE, ...DATA]))) return true;
    const near = ['--run', `tests\\.(${nearest(path).join('|')})\\.`];
    if (!(await succeeds(folder, [...TEST, ...near, ...SUITE, ...DATA]))) return true;
    return !(await succeeds(folder, [...TEST, ...SUITE, ...DATA]));
  } finally {
    await writeFile(join(folder, path), original);
  }
}

/** Names of a source and of those that import it: their tests are called the same. */
function nearest(path: string): string[] {
  const name = basename(path, '.rego');
  const importers = [...sources()].filter(([, bytes]) => bytes.includes(`import data.countersign.lib.${name}\n`));
  return [name, ...importers.map(([importer]) => basename(importer, '.rego')).filter((one) => !FARTHER.has(one))];
}

async function succeeds(folder: string, args: readonly string[]): Promise<boolean> {
  return await opa(folder, args).then(
    () => true,
    () => false,
  );
}
