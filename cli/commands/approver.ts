import { type Command, Option } from 'commander';
import * as z from 'zod/mini';
import { type ApproverRecord, ApproverRecordSchema, MAIL_RHYTHMS } from '../../lib/core/approver.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { UsageError } from '../errors.ts';
import { collect, instant } from '../options.ts';
import { Shell, table } from '../shell.ts';

interface FactOptions {
  readonly name?: string;
  readonly email?: string;
  /** False: none any more. */
  readonly oidcSubject?: string | false;
  readonly role?: readonly string[];
  readonly mail?: string;
}

export function addApprover(program: Command): void {
  const approver = program
    .command('approver')
    .description('the people who may be asked to approve a promotion')
    .addHelpText(
      'after',
      `
Every change is evidence, and kept. Evidence knows a person by the id only, so an id holds no name. Name and address lie in the directory,
are shown to the role people-admin only, and can be erased.

Examples:
  countersign approver add p-17 --name "A Model Owner" --email owner@example.org --role model-owner --role privacy-officer
  countersign approver absent p-17 --from 2026-12-20 --until 2027-01-07 --deputy p-4
  countersign approver change p-17 --state left
  countersign approver erase p-17`,
    );
  addAdd(approver);
  addChange(approver);
  addAbsent(approver);
  addList(approver);
  addShow(approver);
  addDecisions(approver);
  addErase(approver);
}

function addAdd(approver: Command): void {
  approver
    .command('add')
    .description('add a person (role people-admin); the same person again changes nothing')
    .argument('<id>', 'for ever; the name of their principal, if they call the API too')
    .requiredOption('--name <text>', 'as mails and pages show it')
    .requiredOption('--email <address>', 'where they are asked')
    .requiredOption('--role <role>', 'what they are asked as, such as model-owner; may be repeated', collect)
    .addOption(mailOption().default('each'))
    .option('--oidc-subject <sub>', 'subject of their ID tokens, with which they sign in')
    .action(async (id: string, options: FactOptions, command: Command) => {
      const shell = new Shell(command);
      show(shell, await shell.api().json({ method: 'POST', path: '/v1/approvers', body: { id, ...factsOf(options) } }));
    });
}

interface ChangeOptions extends FactOptions {
  readonly state?: string;
}

function addChange(approver: Command): void {
  approver
    .command('change')
    .description('change what is said of a person (role people-admin); what is not named stays')
    .argument('<id>', 'as `approver list` shows it')
    .option('--name <text>', 'as mails and pages show it')
    .option('--email <address>', 'where they are asked')
    .option('--role <role>', 'all of their roles, one each', collect)
    .addOption(mailOption())
    .option('--oidc-subject <sub>', 'subject of their ID tokens, with which they sign in')
    .option('--no-oidc-subject', 'they prove who they are by a code again')
    .addOption(new Option('--state <state>', 'whether they are asked at all').choices(['active', 'left']))
    .action(async (id: string, { state, ...options }: ChangeOptions, command: Command) => {
      const changes = { ...factsOf(options), ...(state === undefined ? {} : { state }) };
      if (Object.keys(changes).length === 0) throw new UsageError('say what is to be changed, such as --email ADDRESS');
      const shell = new Shell(command);
      show(shell, await changed(shell.api(), id, changes));
    });
}

interface AbsentOptions {
  readonly from?: string;
  readonly until?: string;
  readonly deputy?: string;
  readonly back?: boolean;
}

function addAbsent(approver: Command): void {
  approver
    .command('absent')
    .description('say when a person is away, and who stands in (role people-admin)')
    .argument('<id>', 'as `approver list` shows it')
    .option('--from <time>', 'such as 2026-12-20', instant)
    .option('--until <time>', 'when they are back', instant)
    .option('--deputy <id>', 'who holds the same role, and stands in')
    .addOption(new Option('--back', 'no absence any more').conflicts(['from', 'until', 'deputy']))
    .action(async (id: string, { from, until, deputy, back }: AbsentOptions, command: Command) => {
      if (!back && (from === undefined || until === undefined))
        throw new UsageError('say --from and --until, or --back');
      const shell = new Shell(command);
      show(shell, await changed(shell.api(), id, { absence: back ? null : { from, until, deputy: deputy ?? null } }));
    });
}

const PageSchema = z.looseObject({ approvers: z.array(ApproverRecordSchema), next: z.nullable(z.string()) });

function addList(approver: Command): void {
  approver
    .command('list')
    .description('everybody in the directory, by their ids (role people-admin, promoter, auditor or operator)')
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const approvers = await everybody(shell.api());
      const lines = approvers.map((one) =>
        [one.id.padEnd(24), one.state.padEnd(6), printable(one.roles.join(', ')), absenceOf(one) ?? '']
          .join('  ')
          .trimEnd(),
      );
      shell.result({ approvers }, lines);
    });
}

async function everybody(api: ApiClient): Promise<readonly ApproverRecord[]> {
  const approvers: ApproverRecord[] = [];
  let next: string | null = null;
  do {
    const query: Readonly<Record<string, string>> = next === null ? {} : { cursor: next };
    const page: z.output<typeof PageSchema> = readAnswer(
      PageSchema,
      await api.json({ method: 'GET', path: '/v1/approvers', query }),
    );
    approvers.push(...page.approvers);
    ({ next } = page);
  } while (next !== null);
  return approvers;
}

const ContactSchema = z.looseObject({
  name: z.string(),
  email: z.string(),
  oidc_subject: z.exactOptional(z.string()),
});

function addShow(approver: Command): void {
  approver
    .command('show')
    .description('what the directory says of a person')
    .argument('<id>', 'as `approver list` shows it')
    .option('--contact', 'name and address too (role people-admin)')
    .action(async (id: string, { contact }: { contact?: boolean }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const answer = await api.json({ method: 'GET', path: apiPath('/v1/approvers/{id}', { id }) });
      if (!contact) return show(shell, answer);
      const reach = await api.json({ method: 'GET', path: apiPath('/v1/contacts/{id}', { id }) });
      show(shell, { ...answer, contact: reach }, readAnswer(ContactSchema, reach));
    });
}

const DecisionsSchema = z.looseObject({
  asked: z.array(z.looseObject({ promotion: z.string(), role: z.string(), round: z.number(), until: z.string() })),
  decided: z.array(
    z.looseObject({
      promotion: z.nullable(z.string()),
      role: z.string(),
      decision: z.string(),
      decided_at: z.string(),
      ended_at: z.nullable(z.string()),
      evidence: z.string(),
    }),
  ),
  next: z.nullable(z.string()),
});

function addDecisions(approver: Command): void {
  approver
    .command('decisions')
    .description('what a person is asked, and what they decided, newest first (as `approver list`)')
    .argument('<id>', 'as `approver list` shows it')
    .action(async (person: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: '/v1/approvals', query: { person } });
      const { asked, decided, next } = readAnswer(DecisionsSchema, answer);
      shell.result(answer, [
        ...asked.map(({ promotion, role, round, until }) =>
          ['asked', `until ${until}`, printable(role), `round ${round}`, promotion].join('  '),
        ),
        ...decided.map(({ decision, decided_at, role, promotion, ended_at, evidence }) => {
          const ended = ended_at === null ? [] : [`counts no more since ${ended_at}`];
          return [decision, decided_at, printable(role), promotion ?? '', `evidence ${evidence}`, ...ended].join('  ');
        }),
      ]);
      if (next !== null) shell.note('there are older ones: GET /v1/approvals with the `next` of --json as cursor');
    });
}

function addErase(approver: Command): void {
  approver
    .command('erase')
    .description('remove name and address of a person for good (role people-admin); the id stays')
    .argument('<id>', 'as `approver list` shows it')
    .action(async (id: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const path = apiPath('/v1/approvers/{id}/erase', { id });
      show(shell, await shell.api().json({ method: 'POST', path, body: {} }));
    });
}

/** Whoever changes the person meanwhile is not overwritten: the revision that was read is the one that is changed. */
async function changed(api: ApiClient, id: string, changes: object): Promise<JsonObject> {
  const path = apiPath('/v1/approvers/{id}', { id });
  const { revision } = readAnswer(ApproverRecordSchema, await api.json({ method: 'GET', path }));
  return await api.json({ method: 'POST', path, body: { revision, ...changes } });
}

function mailOption(): Option {
  return new Option('--mail <rhythm>', 'a mail for each question, one a day, or only when nobody else answers').choices(
    [...MAIL_RHYTHMS],
  );
}

function factsOf({ name, email, oidcSubject, role, mail }: FactOptions): JsonObject {
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(oidcSubject === undefined ? {} : { oidc_subject: oidcSubject === false ? null : oidcSubject }),
    ...(role === undefined ? {} : { roles: [...role] }),
    ...(mail === undefined ? {} : { mail }),
  };
}

function show(shell: Shell, answer: JsonObject, contact?: z.output<typeof ContactSchema>): void {
  const approver = readAnswer(ApproverRecordSchema, answer);
  shell.result(
    answer,
    table([
      ['person', approver.id],
      ['name', contact && printable(contact.name)],
      ['email', contact && printable(contact.email)],
      ['subject', contact?.oidc_subject && printable(contact.oidc_subject)],
      ['state', approver.contact_sha256 === null ? `${approver.state}, erased` : approver.state],
      ['roles', printable(approver.roles.join(', '))],
      ['absent', absenceOf(approver)],
      ['mail', approver.mail],
      // Said of a record that is read: after a change nobody has looked.
      [
        'contact',
        answer.contact === 'unknown' ? 'not known: say name and address again, to have them asked' : undefined,
      ],
      ['event', typeof answer.event === 'string' ? answer.event : undefined],
    ]),
  );
}

function absenceOf({ absence }: ApproverRecord): string | undefined {
  if (absence === null) return undefined;
  const { from, until, deputy } = absence;
  return `${from} to ${until}${deputy === null ? '' : `, deputy ${printable(deputy)}`}`;
}
