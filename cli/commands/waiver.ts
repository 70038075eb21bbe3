import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod/mini';
import { ENVIRONMENTS } from '../../lib/contracts/predicates.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { type WaiverRecord, WaiverRecordSchema } from '../../lib/core/waiver.ts';
import { readAnswer } from '../answers.ts';
import { apiPath } from '../client.ts';
import { digest } from '../options.ts';
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
A waiver holds from its approval, which another person gives, to its end, at most 90 days away. Never for a rule about signatures
or integrity.

Examples:
  countersign waiver request explainability_report --model SHA256 --environment production --until 2026-03-31T00:00:00Z \\
    --reason "the report is late, INC-12" --compensating-control "a person reviews each decision"
  countersign waiver approve ID
  countersign waiver end ID --reason "the report came"`,
    );
  addRequest(waiver);
  addApprove(waiver);
  addEnd(waiver);
  addList(waiver);
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
    .requiredOption('--until <time>', 'its end (RFC 3339)', instant)
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
    .argument('<id>', 'as `waiver list` shows it')
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
    .argument('<id>', 'as `waiver list` shows it')
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const shell = new Shell(command);
      const path = apiPath('/v1/waivers/{id}/end', { id });
      show(shell, await shell.api().json({ method: 'POST', path, body: { reason } }));
    });
}

const ListSchema = z.looseObject({ waivers: z.nullable(z.array(WaiverRecordSchema)) });

function addList(waiver: Command): void {
  waiver
    .command('list')
    .description('every waiver that was asked for, and how it stands')
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: '/v1/waivers' });
      const { waivers } = readAnswer(ListSchema, answer);
      const lines = waivers?.map(
        (one) => `${one.id}  ${standing(one).padEnd(9)}  ${one.not_after}  ${printable(one.rule)}`,
      );
      shell.result(answer, lines ?? ['there are more than a gate reads: end some']);
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
  const { id, rule, scope, reason, compensating_control, not_after, requester, approver, ended } = waiver;
  const bound = Object.entries(scope).flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]));
  shell.result(
    answer,
    table([
      ['waiver', id],
      ['state', standing(waiver)],
      ['rule', printable(rule)],
      ['for', printable(bound.join(', '))],
      ['until', not_after],
      ['reason', printable(reason)],
      ['instead', printable(compensating_control)],
      ['requested', `${printable(requester.arn)} at ${requester.at}`],
      ['approved', approver && `${printable(approver.arn)} at ${approver.at}`],
      ['ended', ended && `${printable(ended.arn)} at ${ended.at}: ${printable(ended.reason)}`],
      ['event', typeof answer.event === 'string' ? answer.event : undefined],
    ]),
  );
}

function instant(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('not a time such as 2026-03-31T00:00:00Z');
  return time.toISOString();
}
