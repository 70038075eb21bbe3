import { type Command, Option } from 'commander';
import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { DeliverySchema } from '../../lib/core/webhooks/delivery.ts';
import { type Subscription, SubscriptionSchema } from '../../lib/core/webhooks/subscription.ts';
import { readAnswer } from '../answers.ts';
import { apiPath } from '../client.ts';
import { UsageError } from '../errors.ts';
import { collect, instant } from '../options.ts';
import { Shell, table } from '../shell.ts';

export function addWebhook(program: Command): void {
  const webhook = program
    .command('webhook')
    .description('where announcements are sent: requests for promotion, releases, rollbacks, incidents')
    .addHelpText(
      'after',
      `
Announcements are CloudEvents, signed by Standard Webhooks (https://www.standardwebhooks.com). What fails is tried again for three days; who
answers 410 gets nothing more. A secret is shown by the command that makes it, and never again.

Examples:
  countersign webhook add siem --url https://hooks.example.org/countersign --type dev.countersign.incident.opened.v1
  countersign webhook rotate siem
  countersign webhook replay siem --since 2026-11-20`,
    );
  addAdd(webhook);
  addChange(webhook);
  addRotate(webhook);
  addReplay(webhook);
  addList(webhook);
  addShow(webhook);
  addDeliveries(webhook);
}

const TYPE = 'one type of announcement (docs/formats.md#announcements); may be repeated';

function addAdd(webhook: Command): void {
  webhook
    .command('add')
    .description('send announcements to a URL (role operator), and show the secret that they are signed with')
    .argument('<id>', 'a name of your choice')
    .requiredOption('--url <url>', 'https; kept as evidence, so no secret belongs into it')
    .option('--type <type>', `${TYPE}; all of them if left out`, collect)
    .action(async (id: string, { url, type }: { url: string; type?: readonly string[] }, command: Command) => {
      const shell = new Shell(command);
      const body = { id, url, ...(type === undefined ? {} : { types: type }) };
      show(shell, await shell.api().json({ method: 'POST', path: '/v1/webhooks', body }));
    });
}

interface ChangeOptions {
  readonly url?: string;
  readonly type?: readonly string[];
  readonly state?: string;
}

function addChange(webhook: Command): void {
  webhook
    .command('change')
    .description('change where, what or whether is sent (role operator); what is not named stays')
    .argument('<id>', 'as `webhook list` shows it')
    .option('--url <url>', 'https')
    .option('--type <type>', `${TYPE}: all that are wanted`, collect)
    .addOption(new Option('--state <state>', 'whether anything is sent').choices(['active', 'disabled']))
    .action(async (id: string, { url, type, state }: ChangeOptions, command: Command) => {
      const changes = {
        ...(url === undefined ? {} : { url }),
        ...(type === undefined ? {} : { types: type }),
        ...(state === undefined ? {} : { state }),
      };
      if (Object.keys(changes).length === 0)
        throw new UsageError('say what is to be changed, such as --state disabled');
      const shell = new Shell(command);
      const api = shell.api();
      const path = apiPath('/v1/webhooks/{id}', { id });
      // Whoever changes it meanwhile is not overwritten: the revision that was read is the one that is changed.
      const { revision } = readAnswer(SubscriptionSchema, await api.json({ method: 'GET', path }));
      show(shell, await api.json({ method: 'POST', path, body: { revision, ...changes } }));
    });
}

function addRotate(webhook: Command): void {
  webhook
    .command('rotate')
    .description('make a new secret (role operator); the one before signs beside it for a day')
    .argument('<id>', 'as `webhook list` shows it')
    .action(async (id: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const path = apiPath('/v1/webhooks/{id}/rotate', { id });
      show(shell, await shell.api().json({ method: 'POST', path, body: {} }));
    });
}

const ReplayedSchema = z.looseObject({ replayed: z.number(), next: z.nullable(z.string()) });

function addReplay(webhook: Command): void {
  webhook
    .command('replay')
    .description('send again what was announced since a time, at most 30 days ago (role operator)')
    .argument('<id>', 'as `webhook list` shows it')
    .requiredOption('--since <time>', 'such as 2026-11-20 or 2026-11-20T12:00:00Z', instant)
    .action(async (id: string, options: { since: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const path = apiPath('/v1/webhooks/{id}/replay', { id });
      let replayed = 0;
      let since: string | null = options.since;
      while (since !== null) {
        const answer: z.output<typeof ReplayedSchema> = readAnswer(
          ReplayedSchema,
          await api.json({ method: 'POST', path, body: { since } }),
        );
        replayed += answer.replayed;
        since = answer.next;
      }
      shell.result({ replayed }, [`${replayed} announcements will be sent again within a minute`]);
    });
}

const ListSchema = z.looseObject({ webhooks: z.array(SubscriptionSchema) });

function addList(webhook: Command): void {
  webhook
    .command('list')
    .description('where announcements are sent (role operator or auditor)')
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: '/v1/webhooks' });
      const { webhooks } = readAnswer(ListSchema, answer);
      const lines = webhooks.map(({ id, state, url }) => [id.padEnd(24), state.padEnd(8), printable(url)].join('  '));
      shell.result(answer, lines);
    });
}

function addShow(webhook: Command): void {
  webhook
    .command('show')
    .description('what is sent where, and how it stands (role operator or auditor)')
    .argument('<id>', 'as `webhook list` shows it')
    .action(async (id: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      show(shell, await shell.api().json({ method: 'GET', path: apiPath('/v1/webhooks/{id}', { id }) }));
    });
}

const DeliveriesSchema = z.looseObject({ deliveries: z.array(DeliverySchema) });

function addDeliveries(webhook: Command): void {
  webhook
    .command('deliveries')
    .description('what became of the newest announcements (role operator or auditor)')
    .argument('<id>', 'as `webhook list` shows it')
    .action(async (id: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const path = apiPath('/v1/webhooks/{id}/deliveries', { id });
      const answer = await shell.api().json({ method: 'GET', path });
      const { deliveries } = readAnswer(DeliveriesSchema, answer);
      const lines = deliveries.map(({ time, state, attempts, last, type }) =>
        [time, state.padEnd(9), `${attempts} tried`, String(last?.status ?? last?.reason ?? '-').padEnd(15), type].join(
          '  ',
        ),
      );
      shell.result(answer, lines);
    });
}

function show(shell: Shell, answer: JsonObject): void {
  const webhook = readAnswer(SubscriptionSchema, answer);
  shell.result(
    answer,
    table([
      ['webhook', webhook.id],
      ['state', typeof answer.gone_at === 'string' ? `gone since ${answer.gone_at}` : webhook.state],
      ['url', printable(webhook.url)],
      ['types', webhook.types.join(', ')],
      ['secrets', webhook.secrets.map(secretLine).join('; ')],
      ['secret', typeof answer.secret === 'string' ? answer.secret : undefined],
      ['event', typeof answer.event === 'string' ? answer.event : undefined],
    ]),
  );
  if (typeof answer.secret === 'string') shell.note('keep the secret now: it is not shown again');
}

function secretLine({ since, until }: Subscription['secrets'][number]): string {
  return until === null ? `since ${since}` : `since ${since} until ${until}`;
}
