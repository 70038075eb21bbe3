import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoLedger, type LedgerConfig } from '../../lib/adapters/dynamodb/ledger.ts';
import { dynamoRegistry } from '../../lib/adapters/dynamodb/registry.ts';
import type { Ledger, Registry } from '../../lib/app/ports.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import type { Principal } from '../../lib/core/registry.ts';
import { parseSubmission } from '../../lib/core/submission.ts';
import { administratorConfig, apiOf } from '../access.ts';
import { type Figure, figure, type Target } from '../figure.ts';
import { consistentReadUnits } from '../item-size.ts';
import { note } from '../log.ts';
import type { BenchStack } from '../stack.ts';
import { median } from '../statistics.ts';
import { batchWriter } from './batch-writer.ts';
import { callerId, evidenceId, PATTERNS, recordAt, statementId, type Template } from './records.ts';

const SMALL = 1_000;
const LARGE = 100_000;
/** One principal for so much evidence. */
const RECORDS_PER_PRINCIPAL = 10;
const FILL_BUDGET_MS = 5 * 60 * 1000;
const CHUNK = 1_000;
const LANES = 3;

const ROUNDS = 10;
const LOOK_UPS_PER_ROUND = 50;
const PAGES = 3;
/** So that the smallest partition, a run, fills all pages. */
const PAGE = 25;

/**
 * What look-ups cost in a table of 1,000 records and in one of 100,000. The two lie side by side, so that they are measured
 * in turn: the small one in the workflow table, which has the same keys.
 */
export async function growth(stack: BenchStack): Promise<readonly Figure[]> {
  const { evidenceTable, registryTable, workflowTable } = stack.local.resources;
  const template = await makeTemplate(stack);
  const small = sizedTables(stack, { evidenceTable: workflowTable, registryTable: workflowTable });
  const large = sizedTables(stack, { evidenceTable, registryTable });
  await fill(small.config, template, SMALL, Date.now() + FILL_BUDGET_MS);
  const records = await fill(large.config, template, LARGE, Date.now() + FILL_BUDGET_MS);
  if (records < LARGE)
    note(`the emulator took ${records} records in ${FILL_BUDGET_MS / 1000} s; growth is measured to there`);
  const smaller = (value: number) => ({ name: `with ${SMALL} records`, value });

  const figures: Figure[] = [
    figure('growth-records', records, 'records', { target: { of: 'value', bound: '>=', limit: LARGE } }),
  ];
  for (const [name, lookUp] of Object.entries(LOOK_UPS)) {
    const times: { readonly small: number[]; readonly large: number[] } = { small: [], large: [] };
    for (let round = 0; round < ROUNDS; round++) {
      times.small.push(...(await timed(() => lookUp(small, Math.floor(Math.random() * SMALL)))));
      times.large.push(...(await timed(() => lookUp(large, Math.floor(Math.random() * records)))));
    }
    figures.push(
      figure(`growth-${name}-p50`, median(times.large), 'ms', {
        against: smaller(median(times.small)),
        target: { of: 'ratio', bound: '<=', limit: 1.2 },
      }),
    );
  }

  let mostCalls = 0;
  for (const [name, partition] of Object.entries(PATTERNS)) {
    const [before, after] = [await pages(stack, small, partition), await pages(stack, large, partition)];
    mostCalls = Math.max(mostCalls, before.calls, after.calls);
    figures.push(
      figure(`growth-${name}-page-capacity`, after.units, 'read units', {
        against: smaller(before.units),
        target: CONSTANT,
      }),
    );
  }
  figures.push(figure('growth-page-calls', mostCalls, 'calls', { target: { of: 'value', bound: '<=', limit: 1 } }));
  return figures;
}

const CONSTANT: Target = { of: 'ratio', bound: '<=', limit: 1 };

interface Sized {
  readonly config: LedgerConfig;
  readonly ledger: Ledger;
  readonly registry: Registry;
  /** Read units of the pages since they were last taken. */
  readonly takeUnits: () => number;
}

/** The adapters over one set of tables, on a client that notes what each Query read. */
function sizedTables(stack: BenchStack, tables: Omit<LedgerConfig, 'client'>): Sized {
  const client = new DynamoDBClient(administratorConfig(stack.local));
  let units = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { output } = answer;
      if ('ScannedCount' in output && 'Items' in output) {
        if (output.ScannedCount !== output.Count) throw new Error('a page read items that it did not hand out');
        units += consistentReadUnits(output.Items ?? []);
      }
      return answer;
    },
    { step: 'initialize' },
  );
  const config = { client, ...tables };
  const takeUnits = () => {
    const taken = units;
    units = 0;
    return taken;
  };
  return { config, ledger: dynamoLedger(config), registry: dynamoRegistry(config), takeUnits };
}

/** Each finds its one thing; a look-up that misses would be cheaper than any. */
const LOOK_UPS: Readonly<Record<string, (tables: Sized, index: number) => Promise<unknown>>> = {
  evidence: ({ ledger }, index) => ledger.find(evidenceId(index)),
  statement: ({ ledger }, index) => ledger.findStatement(statementId(index)),
  caller: async ({ registry }, index) => (await registry.context(callerId(principalOf(index)))).principal,
};

async function timed(lookUp: () => Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  for (let done = 0; done < LOOK_UPS_PER_ROUND; done++) {
    const from = performance.now();
    const found = await lookUp();
    samples.push(performance.now() - from);
    if (found === undefined) throw new Error('a look-up did not find what had been written');
  }
  return samples;
}

/** Reads the first pages of a partition, and says what the dearest of them took. */
async function pages(
  { control }: BenchStack,
  { ledger, takeUnits }: Sized,
  partition: string,
): Promise<{ readonly calls: number; readonly units: number }> {
  const most = { calls: 0, units: 0 };
  let after: string | undefined;
  takeUnits();
  for (let page = 0; page < PAGES; page++) {
    await control.resetCalls();
    const { items, next } = await ledger.list(partition, { limit: PAGE, after });
    if (items.length !== PAGE) throw new Error(`a page of ${partition} has ${items.length} entries`);
    const counters = await control.counters();
    most.calls = Math.max(
      most.calls,
      Object.values(counters).reduce((sum, count) => sum + count, 0),
    );
    most.units = Math.max(most.units, takeUnits());
    after = next;
  }
  return most;
}

async function makeTemplate({ local, producer }: BenchStack): Promise<Template> {
  const manifest = producer.manifest('growth');
  await apiOf(local, 'training-pipeline').json({ method: 'POST', path: '/v1/manifests', body: manifest });
  const client = new DynamoDBClient(administratorConfig(local));
  const { evidenceTable, registryTable } = local.resources;
  const record = await dynamoLedger({ client, evidenceTable, registryTable }).find(sha256Hex(manifest));
  if (!record) throw new Error('the template of all records was not found');
  return { record, content: (await parseSubmission(manifest, 'manifests')).content };
}

/** @returns how many records were written before the deadline */
async function fill(config: LedgerConfig, template: Template, wanted: number, deadline: number): Promise<number> {
  for (let from = 0; from < wanted; from += CHUNK) {
    if (Date.now() > deadline) return from;
    // Each writer has one batch under way; with three, the emulator always has work.
    await Promise.all(
      Array.from({ length: LANES }, (_, lane) => fillLane(config, template, from + lane, from + CHUNK)),
    );
  }
  return wanted;
}

async function fillLane(config: LedgerConfig, template: Template, from: number, to: number): Promise<void> {
  const writer = batchWriter(config);
  for (let index = from; index < to; index += LANES) {
    const { record, entries } = recordAt(template, index);
    await writer.evidence(record, entries);
    if (index % RECORDS_PER_PRINCIPAL === 0) {
      await writer.registry({ kind: 'principal-created', principal: principalAt(principalOf(index)) });
    }
  }
  await writer.flush();
}

function principalOf(index: number): number {
  return Math.floor(index / RECORDS_PER_PRINCIPAL);
}

function principalAt(number: number): Principal {
  const name = `pipeline-${number}`;
  const arn = `arn:aws:iam::111122223333:role/${name}`;
  return { name, unique_id: callerId(number), arn, account: '111122223333', revision: 1, keys: [] };
}
