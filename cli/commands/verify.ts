import type { Command } from 'commander';
import type { PublicKey } from '../../lib/core/keys.ts';
import { MAX_SUBMISSION_BYTES } from '../../lib/core/submission.ts';
import { UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { hashFileVisibly, statOf } from '../hashing/with-progress.ts';
import { collect } from '../options.ts';
import { readBytes, Shell } from '../shell.ts';
import { readKeys } from '../trusted-keys.ts';
import { checkLine, type VerificationReport } from '../verify/report.ts';
import { verify, verifyArtifact } from '../verify/verify.ts';

interface CommandOptions {
  readonly key?: readonly string[];
  readonly evidenceKey?: readonly string[];
  readonly receipt?: string;
  readonly artifact?: boolean;
}

interface Trust {
  readonly keys: readonly PublicKey[];
  readonly evidenceKeys: readonly PublicKey[];
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('verify evidence offline: no account, no network, no trust in the service')
    .argument('<file...>', 'Sigstore bundles, DSSE envelopes, plain manifests, receipts')
    .option('--key <file>', "a producer's public key that you trust (PEM); repeatable", collect)
    .option('--evidence-key <file>', 'a public key of the control plane that you trust (PEM); repeatable', collect)
    .option('--receipt <file>', 'the receipt that the one file should have')
    .option('--artifact', 'the file is an artifact, whatever it holds; needs --receipt')
    .addHelpText(
      'after',
      `
Each check is shown as passed, failed or not checked. It ends with 0 only if every file is verified: a signature over it
verified with a key that you gave, and nothing failed.

Examples:
  countersign verify manifest.sigstore.json --key producer.pub
  countersign verify manifest.sigstore.json --key producer.pub --receipt receipt.sigstore.json --evidence-key evidence.pem
  countersign verify --artifact model.tar.gz --receipt model.receipt.sigstore.json --evidence-key evidence.pem`,
    )
    .action(async (files: readonly string[], options: CommandOptions, command: Command) => {
      const shell = new Shell(command);
      if (options.receipt !== undefined && files.length > 1) throw new UsageError('--receipt is for one file');
      if (options.artifact && options.receipt === undefined) throw new UsageError('--artifact needs --receipt');
      const trust = { keys: await readKeys(options.key), evidenceKeys: await readKeys(options.evidenceKey) };
      const reports: ({ readonly file: string } & VerificationReport)[] = [];
      for (const file of files) reports.push({ file, ...(await verifyFile(file, options, trust)) });
      const verified = reports.every(({ verdict }) => verdict === 'verified');
      shell.result({ verified, files: reports }, reports.flatMap(reportLines));
      if (!verified) process.exitCode = ExitCode.REFUSED;
    });
}

async function verifyFile(file: string, options: CommandOptions, trust: Trust): Promise<VerificationReport> {
  const receipt = options.receipt === undefined ? undefined : await readBytes(options.receipt);
  if (options.artifact && receipt) return verifyArtifact(await hashFileVisibly(file), receipt, trust);
  const { size } = await statOf(file);
  if (size > MAX_SUBMISSION_BYTES) {
    throw new UsageError(`${file} is larger than any attestation`, 'for an artifact: --artifact --receipt FILE');
  }
  return await verify(await readBytes(file), { ...trust, ...(receipt === undefined ? {} : { receipt }) });
}

function reportLines(report: { readonly file: string } & VerificationReport, index: number): string[] {
  const { file, kind, sha256, verdict, checks, not_covered, subjects } = report;
  return [
    ...(index === 0 ? [] : ['']),
    `${verdict.toUpperCase()}  ${file} (${kind}, sha256 ${sha256})`,
    ...checks.map(checkLine),
    ...subjects.map((subject) => `        about ${subject}`),
    ...not_covered.map((what) => `  --    not covered: ${what}`),
  ];
}
