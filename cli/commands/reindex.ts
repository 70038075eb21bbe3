import type { Command } from 'commander';
import { awsAccess } from '../session.ts';
import { Shell, table } from '../shell.ts';

interface ReindexOptions {
  readonly bucket: string;
  readonly evidenceTable: string;
  readonly registryTable: string;
}

/** A sign of life for every so many objects. */
const REPORT_EVERY = 1000;

/** Makes the tables again. It calls AWS itself, as the rebuilder, because it must work when nothing else does. */
export function addReindex(program: Command): void {
  program
    .command('reindex')
    .description('make every table again from the evidence bucket, believing nothing that does not verify')
    .requiredOption('--bucket <name>', 'evidence bucket: output EvidenceBucketName of the data stack')
    .requiredOption('--evidence-table <name>', 'output EvidenceTableName')
    .requiredOption('--registry-table <name>', 'output RegistryTableName')
    .addHelpText(
      'after',
      `
Run it while nothing is posted: it writes what the bucket says, over what the tables say. Run again, it changes nothing. Each
object that is left out is named with the reason. It needs the credentials of the rebuilder's role, whose every use raises an alarm.`,
    )
    .action(async ({ bucket, evidenceTable, registryTable }: ReindexOptions, command: Command) => {
      const shell = new Shell(command);
      const { region, credentials, endpoint } = awsAccess(shell.session);
      // Loaded here: no other command needs the SDK's clients.
      const [{ S3Client }, { DynamoDBClient }, { s3Archive }, { dynamoTableWriter }, { reindex }] = await Promise.all([
        import('@aws-sdk/client-s3'),
        import('@aws-sdk/client-dynamodb'),
        import('../../lib/adapters/s3/archive.ts'),
        import('../../lib/adapters/dynamodb/table-writer.ts'),
        import('../../lib/app/reindex.ts'),
      ]);
      const config = { region, credentials, maxAttempts: 5, ...(endpoint === undefined ? {} : { endpoint }) };
      const left: { readonly key: string; readonly reason: string }[] = [];
      const report = await reindex({
        // The lock mode is for writing, and nothing is written to the bucket here.
        archive: s3Archive({ client: new S3Client(config), bucket, mode: 'COMPLIANCE' }),
        tables: dynamoTableWriter({ client: new DynamoDBClient(config), evidenceTable, registryTable }),
        skipped: (key, reason) => {
          left.push({ key, reason });
        },
        progress: (done) => {
          if (done % REPORT_EVERY === 0) shell.note(`${done} objects`);
        },
      });
      shell.result({ ...report, left_out: left }, [
        ...table([
          ['events', String(report.events)],
          ['attestations', String(report.attestations)],
          ['artifacts', String(report.artifacts)],
          ['left out', String(report.skipped)],
        ]),
        ...left.map(({ key, reason }) => `  ${key}: ${reason}`),
      ]);
    });
}
