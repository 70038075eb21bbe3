import type { Command } from 'commander';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { isJsonObject, type JsonObject, parseStrictJson } from '../../lib/core/json.ts';
import { parseManifest } from '../../lib/core/manifest.ts';
import { parseStatement } from '../../lib/core/statement.ts';
import { UsageError } from '../errors.ts';
import { manifestPayload } from '../manifest.ts';
import { readBytes, Shell, table, writeBytes } from '../shell.ts';
import { type Signer, signMessage, signPayload } from '../signers/signer.ts';

interface SignOptions {
  readonly key?: string;
  readonly output?: string;
  readonly plain?: boolean;
}

export function addSign(program: Command): void {
  program
    .command('sign')
    .description('sign a manifest or an in-toto statement, offline')
    .argument('<file>', 'JSON of a manifest or of an in-toto Statement v1')
    .option('--key <key>', 'private key: a file, awskms://… or exec:PROGRAM (COUNTERSIGN_KEY)')
    .option(
      '-o, --output <file>',
      'where the signed file goes (default: <file>.sigstore.json, or <file>.signed.json with --plain)',
    )
    .option('--plain', 'sign a manifest by its own `signature` field instead of a Sigstore bundle')
    .addHelpText(
      'after',
      `
A statement is signed as the bytes that the file holds; a manifest becomes the predicate of a statement.

Examples:
  countersign sign manifest.json --key cosign.key
  countersign sign review.statement.json --key awskms:///alias/privacy-officer -o review.sigstore.json`,
    )
    .action(async (file: string, options: SignOptions, command: Command) => {
      const shell = new Shell(command);
      const bytes = await readBytes(file);
      const document = parseStrictJson(bytes);
      if (!isJsonObject(document)) throw new UsageError(`${file} must hold a JSON object`);
      const signer = await shell.signer(options.key);
      const signed = options.plain ? await signPlain(signer, document) : await signFile(signer, document, bytes);
      const output = options.output ?? `${file.replace(/\.json$/, '')}.${options.plain ? 'signed' : 'sigstore'}.json`;
      await writeBytes(output, signed);
      const sha256 = sha256Hex(signed);
      shell.result(
        { file: output, sha256, keyid: signer.keyid },
        table([
          ['signed', output],
          ['sha256', sha256],
          ['key', signer.keyid],
        ]),
      );
    });
}

async function signFile(signer: Signer, document: JsonObject, bytes: Buffer): Promise<Buffer> {
  if (document._type === undefined) return await signPayload(signer, manifestPayload(document));
  parseStatement(document);
  return await signPayload(signer, bytes);
}

/** docs/formats.md: `signature` is over the RFC 8785 bytes of the manifest without it. */
async function signPlain(signer: Signer, document: JsonObject): Promise<Buffer> {
  if (document._type !== undefined) throw new UsageError('--plain is for a manifest, and this is a statement');
  const { signature: _replaced, ...manifest } = document;
  parseManifest(manifest);
  const signature = await signMessage(signer, canonicalBytes(manifest));
  return canonicalBytes({ ...manifest, signature: `cosign:${signature.toString('base64')}` });
}
