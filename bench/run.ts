import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { asMarkdown, asTable, type Figure } from './figure.ts';
import { note } from './log.ts';
import { startBenchStack } from './stack.ts';
import { SUITES, type Suite } from './suites.ts';

/**
 * `npm run bench [-- --json | --markdown] [NAME…]`: measures and reports. A target that is missed is a report; a figure that
 * could not be measured is an error, and the exit code says so.
 */

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, markdown: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const unknown = positionals.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  note(`no figures ${unknown.join(', ')}; there are: ${SUITES.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else {
  const chosen = SUITES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const figures = await measure(chosen);
  if (values.markdown) process.stdout.write(`${asMarkdown(figures)}\n`);
  else if (!values.json) process.stdout.write(`${asTable(figures)}\n`);
}

async function measure(suites: readonly Suite[]): Promise<Figure[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const stack = suites.some(({ needs }) => needs === 'stack') ? await startBenchStack() : undefined;
  const figures: Figure[] = [];
  try {
    for (const suite of suites) {
      note(`measuring ${suite.name}`);
      try {
        const measured =
          suite.needs === 'stack' ? await suite.measure(required(stack), scratch) : await suite.measure(scratch);
        figures.push(...measured);
        if (values.json) for (const figure of measured) process.stdout.write(`${JSON.stringify(figure)}\n`);
      } catch (error) {
        note(`${suite.name} could not be measured: ${error instanceof Error ? error.stack : String(error)}`);
        process.exitCode = 1;
      }
    }
  } finally {
    await stack?.stop();
    await rm(scratch, { recursive: true, force: true });
  }
  return figures;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the local AWS was not started');
  return value;
}
