import { basename, join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { DEFAULT_IGNORE_PATHS, modelSigningStatement } from '../../lib/core/model-signing.ts';
import { UsageError } from '../errors.ts';
import { DEFAULT_WORKERS } from '../hashing/directory.ts';
import { listFiles, totalSize } from '../hashing/list.ts';
import { hashDirectoryVisibly } from '../hashing/with-progress.ts';
import { packModel } from '../model/archive.ts';
import { wholeNumber } from '../options.ts';
import { progressBar } from '../progress.ts';
import { Shell, table, writeBytes } from '../shell.ts';
import { signPayload } from '../signers/signer.ts';

export function addModel(program: Command): void {
  const model = program
    .command('model')
    .description('model directories: OpenSSF Model Signing, and the archive that is served');
  addSign(model);
  addDigest(model);
  addPack(model);
}

function addSign(model: Command): void {
  model
    .command('sign')
    .description('sign every file of a model, as OpenSSF Model Signing v1.0 has it')
    .argument('<dir>', 'directory of the model; symbolic links are refused')
    .option('--key <key>', 'private key: a file, awskms://… or exec:PROGRAM (COUNTERSIGN_KEY)')
    .option('-o, --output <file>', 'where the signature goes (default: <dir>.sig)')
    .option('--workers <n>', 'threads that hash', wholeNumber(1, 64), DEFAULT_WORKERS)
    .addHelpText(
      'after',
      `
Others verify it with: model_signing verify key DIR --signature DIR.sig --public_key producer.pub
Post it with: countersign submit DIR.sig

Example:
  countersign model sign model/ --key signing.pem -o model.sig`,
    )
    .action(
      async (directory: string, options: { key?: string; output?: string; workers: number }, command: Command) => {
        const shell = new Shell(command);
        const signer = await shell.signer(options.key);
        if (signer.algorithm === 'ed25519') {
          throw new UsageError('model signing knows no Ed25519 keys', 'sign with an ECDSA key: P-256 or P-384');
        }
        const output = options.output ?? `${directory.replace(/\/+$/, '')}.sig`;
        const ignore = [...DEFAULT_IGNORE_PATHS, ...inside(directory, output)];
        const { files, sha256 } = await hashDirectoryVisibly(directory, { workers: options.workers, ignore });
        const statement = modelSigningStatement(basename(resolve(directory)), files, { ignorePaths: ignore });
        await writeBytes(output, await signPayload(signer, canonicalBytes(statement)));
        shell.result(
          { file: output, root: sha256, files: files.length, keyid: signer.keyid },
          table([
            ['signature', output],
            ['root', sha256],
            ['files', String(files.length)],
            ['key', signer.keyid],
          ]),
        );
      },
    );
}

/** The signature's own file, when it lies in the model, is no part of the model. */
function inside(directory: string, output: string): string[] {
  const path = relative(directory, output);
  return path.startsWith('..') ? [] : [path.split(sep).join('/')];
}

function addDigest(model: Command): void {
  model
    .command('digest')
    .description('the root digest of a model directory')
    .argument('<dir>', 'directory of the model; symbolic links are refused')
    .option('--workers <n>', 'threads that hash', wholeNumber(1, 64), DEFAULT_WORKERS)
    .action(async (directory: string, { workers }: { workers: number }, command: Command) => {
      const shell = new Shell(command);
      const { sha256, files, size } = await hashDirectoryVisibly(directory, { workers });
      shell.result(
        { root: sha256, files: files.map(({ path, sha256: digest }) => ({ path, sha256: digest })), bytes: size },
        table([
          ['root', sha256],
          ['files', String(files.length)],
          ['bytes', String(size)],
        ]),
      );
    });
}

function addPack(model: Command): void {
  model
    .command('pack')
    .description('pack a model directory into the tar.gz that SageMaker takes, the same bytes every time')
    .argument('<dir>', 'directory of the model; its files come to lie at the top of the archive')
    .option('-o, --output <file>', 'where the archive goes', 'model.tar.gz')
    .option('--workers <n>', 'threads that hash', wholeNumber(1, 64), DEFAULT_WORKERS)
    .addHelpText(
      'after',
      `
The archive is read back, and what it holds is held against the directory.
Attest both digests with: countersign attest --stage training --model ID=model.tar.gz --unpacked`,
    )
    .action(async (directory: string, { output, workers }: { output: string; workers: number }, command: Command) => {
      const shell = new Shell(command);
      if (inside(directory, output).length > 0) {
        throw new UsageError(`${join(output)} lies in the directory that is packed`, 'name a place outside of it');
      }
      const bar = progressBar(`packing ${directory}`, totalSize(listFiles(directory, DEFAULT_IGNORE_PATHS)));
      const packed = await packModel(directory, output, { workers, onBytes: bar.add }).finally(() => bar.stop());
      shell.result(
        { file: output, ...packed },
        table([
          ['archive', output],
          ['sha256', packed.sha256],
          ['root', `${packed.root}, found in the archive`],
          ['files', String(packed.files)],
        ]),
      );
    });
}
