import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * `npm test`: everything, cheapest first. Each step's own output is what tells a failure; the last line counts them all.
 * A skipped test counts as failed.
 */

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** Runs a program of node_modules in the foreground. @returns whether it exited 0 */
export function run(program: string, args: readonly string[]): boolean {
  process.stdout.write(`\n> ${program} ${args.join(' ')}\n`);
  const { status, error } = spawnSync(join('node_modules', '.bin', program), args, { stdio: 'inherit' });
  if (error) process.stdout.write(`${program} did not start: ${error.message}\n`);
  return status === 0;
}

function vitest(): Count {
  const file = join(tmpdir(), `countersign-vitest-${process.pid}.json`);
  const green = run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  const report: { numPassedTests: number; numTotalTests: number } = JSON.parse(readFileSync(file, 'utf8'));
  const failed = report.numTotalTests - report.numPassedTests;
  // A file that does not even load has no tests to count.
  return { passed: report.numPassedTests, failed: green ? failed : Math.max(failed, 1) };
}

const step = (green: boolean): Count => (green ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });

export function report(counts: readonly Count[]): void {
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const checks = [step(run('biome', ['check', '--error-on-warnings', '.'])), step(run('tsc', ['-p', '.']))];
  report([...checks, vitest()]);
}
