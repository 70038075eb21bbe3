import type { Command } from 'commander';
import { awsAccess } from '../session.ts';
import { Shell, table } from '../shell.ts';

interface ReindexOptions {
  readonly bucket: string;
  readonly evidenceTable: string;
  readonly registryTable: string;
  readonly workflowTable: string;
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
    .requiredOption('--workflow-table <name>', 'output WorkflowTableName')
    .addHelpText(
      'after',
      `
It may run while the API serves: what is there already stays, and a state that is newer than the bucket was when it was read
stays too. An item that contradicts the bucket is replaced and named. So is each object that is left out, with the reason, and
whatever lies over an object, such as a delete marker. Run again, it changes nothing; interrupted, it is run again. After
somebody has written to the tables, make them again from empty ones: an item whose revision was raised looks newer than it is.
It needs the credentials of the rebuilder's role, whose every use raises an alarm.`,
    )
    .action(async ({ bucket, ...names }: ReindexOptions, command: Command) => {
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
      const config = { region, credentials, maxAttempts: 10, ...(endpoint === undefined ? {} : { endpoint }) };
      const left: { readonly key: string; readonly reason: string }[] = [];
      const remarks: { readonly key: string; readonly remark: string }[] = [];
      const report = await reindex({
        // The lock mode is for writing, and nothing is written to the bucket here.
        archive: s3Archive({ client: new S3Client(config), bucket, mode: 'COMPLIANCE' }),
        tables: dynamoTableWriter({ client: new DynamoDBClient(config), ...names }),
        skipped: (key, reason) => {
          left.push({ key, reason });
        },
        remarked: (key, remark) => {
          remarks.push({ key, remark });
        },
        progress: (done) => {
          if (done % REPORT_EVERY === 0) shell.note(`${done} objects`);
        },
      });
      shell.result({ ...report, left_out: left, remarks }, [
        ...table([
          ['events', String(report.events)],
          ['attestations', String(report.attestations)],
          ['artifacts', String(report.artifacts)],
          ['decisions', String(report.decisions)],
          ['skipped gates', String(report.skips)],
          ['releases', String(report.releases)],
          ['left out', String(report.skipped)],
          ['remarks', String(report.remarks)],
        ]),
        ...left.map(({ key, reason }) => `  left out: ${key}: ${reason}`),
        ...remarks.map(({ key, remark }) => `  ${key}: ${remark}`),
      ]);
    });
}
