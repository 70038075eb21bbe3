import { type Command, Option } from 'commander';
import * as z from 'zod/mini';
import { ENVIRONMENTS } from '../../lib/contracts/predicates.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { type WaiverParty, type WaiverRecord, WaiverRecordSchema } from '../../lib/core/waiver.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { digest, instant } from '../options.ts';
import { Shell, table } from '../shell.ts';

interface RequestOptions {
  readonly model?: string;
  readonly dataset?: string;
  readonly endpoint?: string;
  readonly environment?: string;
  readonly until: string;
  readonly reason: string;
  readonly compensatingControl: string;
}

export function addWaiver(program: Command): void {
  const waiver = program
    .command('waiver')
    .description('time-bound exceptions to one rule of the gates, for one scope')
    .addHelpText(
      'after',
      `
A waiver holds from its approval, which another person gives, to its end, which the policy in force bounds (90 days). Its catalogue
says which rules may be waived: never those about signatures and integrity. The same request again is the same waiver.

Examples:
  countersign waiver request explainability_report --model SHA256 --environment production --until 2026-03-31 \\
    --reason "the report is late, INC-12" --compensating-control "a person reviews each decision"
  countersign waiver show ID
  countersign waiver approve ID
  countersign waiver end ID --reason "the report came"`,
    );
  addRequest(waiver);
  addApprove(waiver);
  addEnd(waiver);
  addList(waiver);
  addShow(waiver);
}

function addRequest(waiver: Command): void {
  waiver
    .command('request')
    .description('ask for a waiver (role promoter)')
    .argument('<rule>', 'name of the rule, as a gate shows it')
    .option('--model <sha256>', 'for this model', digest)
    .option('--dataset <sha256>', 'for this data set in a lineage', digest)
    .option('--endpoint <name>', 'for this endpoint')
    .addOption(new Option('--environment <environment>', 'for this environment').choices([...ENVIRONMENTS]))
    .requiredOption('--until <time>', 'its end, such as 2026-03-31 or 2026-03-31T12:00:00Z', instant)
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .requiredOption('--compensating-control <text>', 'what is done instead; no personal data')
    .action(async (rule: string, options: RequestOptions, command: Command) => {
      const shell = new Shell(command);
      const { model = null, dataset = null, endpoint = null, environment = null, reason } = options;
      const body = {
        rule,
        scope: { model, dataset, endpoint, environment },
        reason,
        compensating_control: options.compensatingControl,
        not_after: options.until,
      };
      show(shell, await shell.api().json({ method: 'POST', path: '/v1/waivers', body }));
    });
}

function addApprove(waiver: Command): void {
  waiver
    .command('approve')
    .description('approve a waiver that somebody else asked for (role policy-approver)')
    .argument('<id>', 'as `waiver list` shows it', digest)
    .action(async (id: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const path = apiPath('/v1/waivers/{id}/approve', { id });
      show(shell, await shell.api().json({ method: 'POST', path, body: {} }));
    });
}

function addEnd(waiver: Command): void {
  waiver
    .command('end')
    .description('end a waiver before its time (role promoter or policy-approver)')
    .argument('<id>', 'as `waiver list` shows it', digest)
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const shell = new Shell(command);
      const path = apiPath('/v1/waivers/{id}/end', { id });
      show(shell, await shell.api().json({ method: 'POST', path, body: { reason } }));
    });
}

const PageSchema = z.looseObject({ waivers: z.array(WaiverRecordSchema), next: z.nullable(z.string()) });

function addList(waiver: Command): void {
  waiver
    .command('list')
    .description('every waiver that was asked for, and how it stands; what ends last comes first')
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const waivers = await allWaivers(shell.api());
      const lines = waivers.map((one) =>
        [one.id, standing(one).padEnd(9), one.not_after, printable(one.rule), `for ${scopeOf(one)}`].join('  '),
      );
      shell.result({ waivers }, lines);
    });
}

async function allWaivers(api: ApiClient): Promise<readonly WaiverRecord[]> {
  const waivers: WaiverRecord[] = [];
  let next: string | null = null;
  do {
    const query: Readonly<Record<string, string>> = next === null ? {} : { cursor: next };
    const page: z.output<typeof PageSchema> = readAnswer(
      PageSchema,
      await api.json({ method: 'GET', path: '/v1/waivers', query }),
    );
    waivers.push(...page.waivers);
    ({ next } = page);
  } while (next !== null);
  return waivers;
}

function addShow(waiver: Command): void {
  waiver
    .command('show')
    .description('what a waiver is for, why, until when, and who asked for and approved it')
    .argument('<id>', 'as `waiver list` shows it', digest)
    .action(async (id: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      show(shell, await shell.api().json({ method: 'GET', path: apiPath('/v1/waivers/{id}', { id }) }));
    });
}

/** As of the clock of this machine; a gate goes by its own. */
function standing({ approver, ended, not_after }: WaiverRecord): string {
  if (ended) return 'ended';
  if (not_after <= new Date().toISOString()) return 'over';
  return approver ? 'approved' : 'requested';
}

function show(shell: Shell, answer: JsonObject): void {
  const waiver = readAnswer(WaiverRecordSchema, answer);
  const { id, rule, reason, compensating_control, not_after, requester, approver, ended } = waiver;
  shell.result(
    answer,
    table([
      ['waiver', id],
      ['state', standing(waiver)],
      ['rule', printable(rule)],
      ['for', scopeOf(waiver)],
      ['until', not_after],
      ['reason', printable(reason)],
      ['instead', printable(compensating_control)],
      ['requested', partyOf(requester)],
      ['approved', approver && partyOf(approver)],
      ['ended', ended && `${printable(ended.arn)} at ${ended.at}: ${printable(ended.reason)}`],
      ['event', typeof answer.event === 'string' ? answer.event : undefined],
    ]),
  );
}

function scopeOf({ scope }: WaiverRecord): string {
  return printable(
    Object.entries(scope)
      .flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]))
      .join(', '),
  );
}

function partyOf({ arn, role, at }: WaiverParty): string {
  return `${printable(arn)}, ${role}, at ${at}`;
}
