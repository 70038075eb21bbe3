import type { Command } from 'commander';
import * as z from 'zod/mini';
import { readAnswer } from '../answers.ts';
import { Shell, table } from '../shell.ts';

const PrincipalSchema = z.looseObject({
  name: z.string(),
  unique_id: z.string(),
  arn: z.string(),
  created: z.optional(z.boolean()),
});

export function addPrincipals(program: Command): void {
  const principals = program.command('principals').description('AWS roles under names of their own');
  principals
    .command('register')
    .description('give an AWS role a name, by its unique id (role key-admin)')
    .argument('<name>', 'the name, as manifests write it')
    .requiredOption('--unique-id <id>', 'AROA… of a role: aws iam get-role --role-name NAME --query Role.RoleId')
    .requiredOption('--arn <arn>', 'ARN of the role')
    .addHelpText(
      'after',
      `
Example:
  countersign principals register training-pipeline \\
    --unique-id AROAEXAMPLEEXAMPLE --arn arn:aws:iam::111122223333:role/training-pipeline`,
    )
    .action(async (name: string, options: { uniqueId: string; arn: string }, command: Command) => {
      const shell = new Shell(command);
      const body = { name, unique_id: options.uniqueId, arn: options.arn };
      const answer = await shell.api().json({ method: 'POST', path: '/v1/principals', body });
      const principal = readAnswer(PrincipalSchema, answer);
      shell.result(
        answer,
        table([
          ['principal', principal.name],
          ['role', principal.arn],
          ['unique id', principal.unique_id],
        ]),
      );
    });
}
