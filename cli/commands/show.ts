import type { Command } from 'commander';
import * as z from 'zod/mini';
import { isJsonObject, type JsonObject } from '../../lib/core/json.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { digest, wholeNumber } from '../options.ts';
import { Shell, table, writeBytes } from '../shell.ts';

/** A page of the API holds at most this. */
const PAGE = 100;
const DEFAULT_LIMIT = 100;

const ItemSchema = z.looseObject({
  evidence: z.string(),
  received_at: z.string(),
  principal: z.string(),
  predicate_type: z.optional(z.string()),
  stage: z.optional(z.string()),
  run_id: z.optional(z.string()),
  part: z.optional(z.string()),
  flags: z.array(z.string()),
  repeated: z.optional(z.boolean()),
});
const PageSchema = z.looseObject({ items: z.array(ItemSchema), next: z.nullable(z.string()) });

type Item = z.output<typeof ItemSchema>;

export function addShow(program: Command): void {
  const show = program
    .command('show')
    .description('find evidence again')
    .addHelpText(
      'after',
      `
Examples:
  countersign show run r-2026-02-21
  countersign show model 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  countersign show evidence SHA256 --attestation manifest.sigstore.json --receipt receipt.sigstore.json`,
    );
  addEvidence(show);
  const listing = (name: string, argument: string, what: string, template: string, check = (text: string) => text) =>
    addListing(show, { name, argument, what, template, check });
  listing('run', 'run_id', 'what a run did, in the order of its stages', '/v1/runs/{id}');
  listing('model', 'sha256', 'everything that producers ever said about a model', '/v1/models/{id}', digest);
  listing(
    'decisions',
    'sha256',
    'what gates decided about a model, and what was waived for it',
    '/v1/models/{id}/decisions',
    digest,
  );
  listing('dataset', 'sha256', 'everything that producers ever said about a dataset', '/v1/datasets/{id}', digest);
  listing('commit', 'commit_sha', 'what was made from a commit', '/v1/commits/{id}');
  addPrincipalDay(show);
  addLineage(show);
}

function addEvidence(show: Command): void {
  show
    .command('evidence')
    .description('one piece of evidence; its bytes and receipt as files, for verifying them offline')
    .argument('<sha256>', 'digest of the stored bytes', digest)
    .option('--attestation <file>', 'write the attestation there, byte for byte as it was signed')
    .option('--receipt <file>', 'write the receipt there')
    .action(async (sha256: string, options: { attestation?: string; receipt?: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const { receipt, ...summary } = await api.json({
        method: 'GET',
        path: apiPath('/v1/evidence/{sha256}', { sha256 }),
      });
      await save(api, sha256, 'attestation', options.attestation);
      await save(api, sha256, 'receipt', options.receipt);
      shell.result({ ...summary, receipt: receipt ?? null }, summaryLines(summary));
    });
}

async function save(
  api: ApiClient,
  sha256: string,
  part: 'attestation' | 'receipt',
  file: string | undefined,
): Promise<void> {
  if (file === undefined) return;
  const { body } = await api.send({ method: 'GET', path: `${apiPath('/v1/evidence/{sha256}', { sha256 })}/${part}` });
  await writeBytes(file, body);
}

/** Every field that has a value, the nested ones by their path. */
function summaryLines(summary: JsonObject): string[] {
  const rows = (object: JsonObject, prefix: string): [string, string | null][] =>
    Object.entries(object).flatMap(([name, value]): [string, string | null][] => {
      if (isJsonObject(value)) return rows(value, `${prefix}${name}.`);
      return [[prefix + name, Array.isArray(value) ? value.join(', ') : value === null ? null : String(value)]];
    });
  return table(rows(summary, ''));
}

interface ListingCommand {
  readonly name: string;
  readonly argument: string;
  readonly what: string;
  readonly template: string;
  readonly check: (text: string) => string;
}

function addListing(show: Command, { name, argument, what, template, check }: ListingCommand): void {
  show
    .command(name)
    .description(what)
    .argument(`<${argument}>`, 'as evidence names it', check)
    .option('--limit <n>', 'most entries that are shown', wholeNumber(1, 100_000), DEFAULT_LIMIT)
    .action(async (id: string, { limit }: { limit: number }, command: Command) => {
      await showListing(new Shell(command), apiPath(template, { id }), {}, limit);
    });
}

function addPrincipalDay(show: Command): void {
  show
    .command('principal')
    .description('what a principal sent on one day')
    .argument('<name>', 'registered name')
    .option('--day <date>', 'UTC date such as 2026-02-21 (default: today)')
    .option('--limit <n>', 'most entries that are shown', wholeNumber(1, 100_000), DEFAULT_LIMIT)
    .action(async (name: string, { day, limit }: { day?: string; limit: number }, command: Command) => {
      await showListing(
        new Shell(command),
        apiPath('/v1/principals/{name}/evidence', { name }),
        day === undefined ? {} : { day },
        limit,
      );
    });
}

async function showListing(
  shell: Shell,
  path: string,
  query: Readonly<Record<string, string>>,
  limit: number,
): Promise<void> {
  const { items, more } = await collectPages(shell.api(), path, query, limit);
  const lines = items.map(itemLine);
  shell.result(
    { items, more },
    items.length === 0
      ? ['nothing is known about it']
      : [...lines, ...(more ? [`… and more: --limit ${limit * 10}`] : [])],
  );
}

async function collectPages(api: ApiClient, path: string, query: Readonly<Record<string, string>>, limit: number) {
  const items: Item[] = [];
  let next: string | null = null;
  do {
    const page: z.output<typeof PageSchema> = readAnswer(
      PageSchema,
      await api.json({
        method: 'GET',
        path,
        query: {
          ...query,
          limit: String(Math.min(PAGE, limit - items.length)),
          ...(next === null ? {} : { cursor: next }),
        },
      }),
    );
    items.push(...page.items);
    next = page.next;
  } while (next !== null && items.length < limit);
  return { items, more: next !== null };
}

function itemLine({
  received_at,
  evidence,
  principal,
  stage,
  predicate_type,
  run_id,
  part,
  flags,
  repeated,
}: Item): string {
  const what = stage ?? predicate_type ?? 'artifact';
  const remarks = [part, run_id, ...flags, repeated ? 'repeated' : undefined].filter((remark) => remark !== undefined);
  return `${received_at}  ${evidence}  ${what.padEnd(12)}  ${principal}${remarks.length > 0 ? `  (${remarks.join(', ')})` : ''}`;
}

const LineageSchema = z.looseObject({
  nodes: z.array(z.looseObject({ sha256: z.string(), depth: z.number() })),
  edges: z.array(z.looseObject({ from: z.string(), to: z.string(), evidence: z.string() })),
  cycle: z.optional(z.array(z.string())),
});

function addLineage(show: Command): void {
  show
    .command('lineage')
    .description('what a digest was made from, or what was made from it')
    .argument('<sha256>', 'digest of a model, a dataset or another thing', digest)
    .option('--down', 'what was made from it, instead of what it was made from')
    .action(async (sha256: string, { down = false }: { down?: boolean }, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({
        method: 'GET',
        path: apiPath('/v1/models/{sha256}/lineage', { sha256 }),
        query: { direction: down ? 'down' : 'up' },
      });
      const { nodes, edges, cycle } = readAnswer(LineageSchema, answer);
      const lines = nodes.map((node) => {
        const edge = edges.find(({ from, to }) => (down ? to : from) === node.sha256 && node.depth > 0);
        return `${'  '.repeat(node.depth)}${node.sha256}${edge ? `  by evidence ${edge.evidence}` : ''}`;
      });
      shell.result(answer, [
        ...lines,
        ...(cycle ? [`a cycle, which no honest evidence makes: ${cycle.join(' -> ')}`] : []),
      ]);
    });
}
