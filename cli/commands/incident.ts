import { type Command, Option } from 'commander';
import * as z from 'zod/mini';
import { INCIDENT_STATES, INCIDENTS, runbookArticle } from '../../lib/contracts/incidents.ts';
import { type RecordedIncident, RecordedIncidentSchema } from '../../lib/core/incident.ts';
import { printable } from '../../lib/core/printable.ts';
import { readAnswer } from '../answers.ts';
import { type ApiRequest, apiPath } from '../client.ts';
import { digest } from '../options.ts';
import { Shell, table } from '../shell.ts';

export function addIncident(program: Command): void {
  const incident = program.command('incident').description('what a person must handle, and who does');
  incident
    .command('list')
    .description('incidents in a state, newest first')
    .addOption(new Option('--state <state>', 'how they stand').choices([...INCIDENT_STATES]).default('open'))
    .action(async ({ state }: { state: string }, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: '/v1/incidents', query: { state } });
      const { incidents, next } = readAnswer(ListSchema, answer);
      shell.result(answer, incidents.map(lineOf));
      if (next !== null) shell.note('there are older ones: GET /v1/incidents with the `next` of --json as cursor');
    });
  incident
    .command('show')
    .description('what happened, who did what since, and which article of the runbook helps')
    .argument('<id>', 'as `incident list` shows it', digest)
    .action(async (id: string, _options: object, command: Command) => {
      await show(command, { method: 'GET', path: apiPath('/v1/incidents/{id}', { id }) });
    });
  incident
    .command('acknowledge')
    .description('take one on, also from whoever has it (role operator)')
    .argument('<id>', 'as `incident list` shows it', digest)
    .action(async (id: string, _options: object, command: Command) => {
      await show(command, { method: 'POST', path: apiPath('/v1/incidents/{id}/acknowledge', { id }), body: {} });
    });
  incident
    .command('resolve')
    .description('end one; who did what it reviews leaves that to others (role operator)')
    .argument('<id>', 'as `incident list` shows it', digest)
    .requiredOption('--reason <text>', 'what was found and done; kept for the auditors, no personal data')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      await show(command, { method: 'POST', path: apiPath('/v1/incidents/{id}/resolve', { id }), body: { reason } });
    });
}

const ListSchema = z.object({ incidents: z.array(RecordedIncidentSchema), next: z.nullable(z.string()) });

function lineOf({ id, severity, opened_at, kind, endpoint, owner }: RecordedIncident): string {
  const where = endpoint === null ? '' : `on ${printable(endpoint)}`;
  return [id, severity.padEnd(8), opened_at, INCIDENTS[kind].title, where, owner ?? ''].join('  ').trimEnd();
}

async function show(command: Command, request: ApiRequest): Promise<void> {
  const shell = new Shell(command);
  const answer = await shell.api().json(request);
  const incident = readAnswer(RecordedIncidentSchema, answer);
  const { id, kind, severity, state, endpoint, model, subject, detail, evidence, owner, timeline, event } = incident;
  shell.result(
    answer,
    table([
      ['incident', id],
      ['what', INCIDENTS[kind].title],
      ['severity', severity],
      ['state', state],
      ['owner', owner && printable(owner)],
      ['about', printable(subject)],
      ['endpoint', endpoint && printable(endpoint)],
      ['model', model],
      ['detail', printable(detail)],
      ['runbook', `docs/runbook.md#${runbookArticle(kind)}`],
      ...timeline.map(
        (step) =>
          ['', `${step.at}  ${step.state} by ${printable(step.arn)}  ${printable(step.reason)}`.trimEnd()] as const,
      ),
      ['evidence', evidence.join(', ')],
      ['event', event],
    ]),
  );
}
