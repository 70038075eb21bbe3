import type { Command } from 'commander';
import { type ApiRequest, apiPath } from '../client.ts';
import { digest } from '../options.ts';
import { promotionLines, promotionList } from '../promotion/lines.ts';
import { tellPromotion } from '../promotion/tell.ts';
import { Shell } from '../shell.ts';

export function addPromotion(program: Command): void {
  const promotion = program.command('promotion').description('what became of promotions, and stopping them');
  promotion
    .command('list')
    .description('those that are under way; with --endpoint also those that ended, newest first')
    .option('--endpoint <name>', 'of this endpoint')
    .action(async ({ endpoint }: { endpoint?: string }, command: Command) => {
      const shell = new Shell(command);
      const query: Readonly<Record<string, string>> = endpoint === undefined ? {} : { endpoint };
      const answer = await shell.api().json({ method: 'GET', path: '/v1/promotions', query });
      shell.result(answer, promotionList(answer));
    });
  promotion
    .command('show')
    .description('where one stands, what the gate said, who is asked, and why it ended')
    .argument('<id>', 'as `promotion list` shows it', digest)
    .option('--wait', 'until it is over; ends with 1 unless it is released')
    .action(async (id: string, { wait }: { wait?: boolean }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const answer = await api.json({ method: 'GET', path: apiPath('/v1/promotions/{id}', { id }) });
      await tellPromotion(shell, api, answer, wait);
    });
  promotion
    .command('cancel')
    .description('cancel one that you asked for, while nothing of it is deployed (role promoter)')
    .argument('<id>', 'as `promotion list` shows it', digest)
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      await show(command, { method: 'POST', path: apiPath('/v1/promotions/{id}/cancel', { id }), body: { reason } });
    });
  promotion
    .command('confirm')
    .description('be the second person of a promotion past the gate (role break-glass-promoter)')
    .argument('<id>', 'as whoever asked for it was told', digest)
    .requiredOption('--reason <text>', 'reviewed afterwards, and kept; no personal data')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      await show(command, { method: 'POST', path: apiPath('/v1/promotions/{id}/confirm', { id }), body: { reason } });
    });
}

export function addRollback(program: Command): void {
  program
    .command('rollback')
    .description('put back at once what served on an endpoint before (role emergency-rollback)')
    .argument('<endpoint>', 'SageMaker endpoint')
    .requiredOption('--reason <text>', 'reviewed afterwards, and kept; no personal data')
    .option(
      '--from <id>',
      'release or promotion that is to be left (default: what is deployed or serves, unless somebody went back already)',
      digest,
    )
    .action(async (endpoint: string, body: { reason: string; from?: string }, command: Command) => {
      const path = apiPath('/v1/releases/{endpoint}/rollback', { endpoint });
      await show(command, { method: 'POST', path, body });
    });
}

async function show(command: Command, request: ApiRequest): Promise<void> {
  const shell = new Shell(command);
  const answer = await shell.api().json(request);
  shell.result(answer, promotionLines(answer));
}
