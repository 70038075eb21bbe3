import type { Command } from 'commander';
import * as z from 'zod/mini';
import { readAnswer } from '../answers.ts';
import { Shell, table } from '../shell.ts';

const StatusSchema = z.looseObject({
  stage: z.string(),
  caller: z.looseObject({
    arn: z.string(),
    unique_id: z.string(),
    principal: z.nullable(z.looseObject({ name: z.string(), keys: z.array(z.json()) })),
  }),
  evidence_key: z.nullable(z.looseObject({ keyid: z.string(), activated_at: z.string() })),
  retention: z.looseObject({ mode: z.string(), days: z.record(z.string(), z.number()) }),
  unsigned_stages: z.array(z.string()),
});

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('who you are to the API, and how it is set up')
    .addHelpText(
      'after',
      `
The public key that verifies receipts offline:
  countersign status --json | jq -r .evidence_key.public_key > evidence.pem`,
    )
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: '/v1/status' });
      const { stage, caller, evidence_key, retention, unsigned_stages } = readAnswer(StatusSchema, answer);
      const days = Object.entries(retention.days).map(([environment, count]) => `${environment} ${count} days`);
      shell.result(
        answer,
        table([
          ['stage', stage],
          ['caller', `${caller.arn} (${caller.unique_id})`],
          [
            'principal',
            caller.principal ? `${caller.principal.name}, ${caller.principal.keys.length} keys` : 'not registered',
          ],
          [
            'evidence key',
            evidence_key
              ? `${evidence_key.keyid} since ${evidence_key.activated_at}`
              : 'none is active: countersign keys activate',
          ],
          ['retention', `${retention.mode}: ${days.join(', ')}`],
          ['unsigned', unsigned_stages.length > 0 ? `allowed for ${unsigned_stages.join(', ')}` : 'refused'],
        ]),
      );
    });
}
