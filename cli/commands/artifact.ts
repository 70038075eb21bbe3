import { type Command, Option } from 'commander';
import { ENVIRONMENTS, type Environment } from '../../lib/contracts/predicates.ts';
import { getArtifact } from '../artifact/get-artifact.ts';
import { putArtifact } from '../artifact/put-artifact.ts';
import { digest } from '../options.ts';
import { Shell, table, writeBytes } from '../shell.ts';
import { acceptedLines } from './submit.ts';

interface PutOptions {
  readonly mediaType: string;
  readonly environment: Environment;
  readonly receipt?: string;
}

export function addArtifact(program: Command): void {
  const artifact = program
    .command('artifact')
    .description('bytes by their digest: datasets, models, reports, model cards');
  artifact
    .command('put')
    .description('store a file as evidence (role producer)')
    .argument('<file>', 'of any size that S3 takes; what is stored already is not sent again')
    .option('--media-type <type>', 'kept with it', 'application/octet-stream')
    .addOption(
      new Option('--environment <environment>', 'decides how long it is kept')
        .choices(ENVIRONMENTS)
        .default('experimental'),
    )
    .option('--receipt <file>', 'write the receipt there')
    .addHelpText(
      'after',
      '\nExample:\n  countersign artifact put model.tar.gz --media-type application/gzip --environment production',
    )
    .action(async (file: string, { receipt, ...options }: PutOptions, command: Command) => {
      const shell = new Shell(command);
      const accepted = await putArtifact(shell.api(), file, { ...options, notify: (message) => shell.note(message) });
      if (receipt !== undefined) await writeBytes(receipt, accepted.receiptBytes);
      shell.result(accepted.answer, acceptedLines(accepted, receipt));
    });
  artifact
    .command('get')
    .description('fetch an artifact; the file appears only when its digest is right')
    .argument('<sha256>', 'digest of its bytes', digest)
    .option('-o, --output <file>', 'where it goes (default: its digest)')
    .action(async (sha256: string, { output = sha256 }: { output?: string }, command: Command) => {
      const shell = new Shell(command);
      const size = await getArtifact(shell.api(), sha256, output, (message) => shell.note(message));
      shell.result(
        { sha256, size, file: output },
        table([
          ['file', output],
          ['sha256', `${sha256}, verified`],
          ['bytes', String(size)],
        ]),
      );
    });
}
