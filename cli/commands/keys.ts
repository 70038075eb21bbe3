import type { Command } from 'commander';
import * as z from 'zod/mini';
import { Predicate, STAGES, type Stage } from '../../lib/contracts/predicates.ts';
import { type JsonObject, parseStrictJson } from '../../lib/core/json.ts';
import { checkKeyProof, keyProofPayload } from '../../lib/core/key-proof.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { type KeyRecord, KeyRecordSchema } from '../../lib/core/registry.ts';
import { readAnswer } from '../answers.ts';
import { callerPrincipal } from '../caller.ts';
import { apiPath } from '../client.ts';
import { UsageError } from '../errors.ts';
import { collect, digest, instant, predicateType, wholeNumber } from '../options.ts';
import { readBytes, Shell, table, writeBytes } from '../shell.ts';
import { signPayload } from '../signers/signer.ts';

/** What `keys prove` writes and `keys register` reads: it goes from the key's owner to the key admin, and holds no secret. */
const ProofFileSchema = z.strictObject({
  principal: z.string(),
  public_key: z.string(),
  proof: z.record(z.string(), z.json()),
});

const DAY_MS = 24 * 60 * 60 * 1000;

export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('signing keys: prove, register, list, revoke; activate the evidence key');
  addProve(keys);
  addRegister(keys);
  addList(keys);
  addRevoke(keys);
  addActivate(keys);
}

function addProve(keys: Command): void {
  keys
    .command('prove')
    .description("prove that you hold a private key, for the key admin to register it under a principal's name")
    .option('--key <key>', 'private key: a file, awskms://… or exec:PROGRAM (COUNTERSIGN_KEY)')
    .requiredOption('--principal <name>', 'the name that the key is to sign for')
    .option('-o, --output <file>', 'where the proof goes', 'key-proof.json')
    .addHelpText(
      'after',
      '\nExample:\n  countersign keys prove --key signing.pem --principal training-pipeline -o proof.json',
    )
    .action(async (options: { key?: string; principal: string; output: string }, command: Command) => {
      const shell = new Shell(command);
      const signer = await shell.signer(options.key);
      const bundle = await signPayload(signer, keyProofPayload(signer.keyid, options.principal));
      const proof = parseStrictJson(bundle);
      const document = { principal: options.principal, public_key: signer.publicKeyPem, proof };
      await writeBytes(options.output, `${JSON.stringify(document, null, 2)}\n`);
      shell.result({ keyid: signer.keyid, algorithm: signer.algorithm, file: options.output }, [
        ...table([
          ['key', signer.keyid],
          ['algorithm', signer.algorithm],
          ['proof', options.output],
        ]),
        'Give this file to the key admin; it holds the public key and no secret.',
      ]);
    });
}

interface RegisterOptions {
  readonly proof: string;
  readonly role: string;
  readonly stage?: readonly Stage[];
  readonly predicate?: readonly string[];
  readonly attribute?: readonly string[];
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly days: number;
  readonly revision?: number;
}

function addRegister(keys: Command): void {
  keys
    .command('register')
    .description('register a key with its authority, or change the authority of a registered one (role key-admin)')
    .requiredOption('--proof <file>', 'what `keys prove` wrote')
    .requiredOption('--role <role>', 'the part that the owner plays, such as producer or privacy-officer')
    .option('--stage <stage>', `pipeline stage that it may sign for; repeatable (${STAGES.join(', ')})`, collect)
    .option(
      '--predicate <type>',
      'predicate type that it may sign; repeatable (default: manifest, when a stage is given)',
      (text, before) => collect(predicateType(text), before as readonly string[] | undefined),
    )
    .option('--attribute <name>', 'SCAI attribute that it may assert; repeatable', collect)
    .option('--not-before <time>', 'valid from (default: now)', instant)
    .option('--not-after <time>', 'valid until, exclusive', instant)
    .option('--days <n>', 'valid for so many days from now, unless --not-after is given', wholeNumber(1, 3650), 365)
    .option(
      '--revision <n>',
      'the revision that is changed; a new key has none',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .addHelpText(
      'after',
      `
Examples:
  countersign keys register --proof proof.json --role producer --stage training --stage evaluation
  countersign keys register --proof officer.json --role privacy-officer --predicate scai --attribute PRIVACY_REVIEWED`,
    )
    .action(async (options: RegisterOptions, command: Command) => {
      const shell = new Shell(command);
      const { principal, public_key, proof } = await readProof(options.proof);
      const stages = options.stage ?? [];
      const predicates = options.predicate ?? (stages.length > 0 ? [Predicate.manifest] : []);
      if (predicates.length === 0) throw new UsageError('a key needs something to sign', 'give --stage or --predicate');
      const answer = await shell.api().json({
        method: 'POST',
        path: apiPath('/v1/keys'),
        body: {
          principal,
          role: options.role,
          stages,
          predicate_types: predicates,
          scai_attributes: options.attribute ?? [],
          ...(options.notBefore === undefined ? {} : { not_before: options.notBefore }),
          not_after: options.notAfter ?? new Date(Date.now() + options.days * DAY_MS).toISOString(),
          public_key,
          proof,
          ...(options.revision === undefined ? {} : { revision: options.revision }),
        },
      });
      shell.result(answer, keyLines(readKey(answer)));
    });
}

/** The proof is checked here too, so that the admin sees what is registered before anything is sent. */
async function readProof(path: string): Promise<z.output<typeof ProofFileSchema>> {
  const parsed = ProofFileSchema.safeParse(parseStrictJson(await readBytes(path)));
  if (!parsed.success)
    throw new UsageError(`${path} is not what \`countersign keys prove\` writes`, undefined, parsed.error);
  checkKeyProof(parsed.data.proof, parsePublicKey(parsed.data.public_key), parsed.data.principal);
  return parsed.data;
}

const PrincipalSchema = z.looseObject({ name: z.string(), keys: z.array(KeyRecordSchema) });

function addList(keys: Command): void {
  keys
    .command('list')
    .description('the keys of a principal, with their authority')
    .argument('[principal]', 'name of the principal; your own if left out')
    .action(async (principal: string | undefined, _options: object, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const named = principal ?? (await callerPrincipal(api)).name;
      const document = await api.json({ method: 'GET', path: apiPath('/v1/principals/{name}', { name: named }) });
      const { name, keys: records } = readAnswer(PrincipalSchema, document);
      const lines = records.flatMap((key, index) => [...(index === 0 ? [] : ['']), ...keyLines(key)]);
      shell.result(document, records.length === 0 ? [`${name} has no keys`] : lines);
    });
}

function addRevoke(keys: Command): void {
  keys
    .command('revoke')
    .description('end a key for good (role key-admin)')
    .argument('<keyid>', 'as `keys list` shows it', digest)
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .option('--effective-at <time>', 'from when on its signatures are not to be trusted (default: now)', instant)
    .action(async (keyid: string, options: { reason: string; effectiveAt?: string }, command: Command) => {
      const shell = new Shell(command);
      const { reason, effectiveAt } = options;
      const answer = await shell.api().json({
        method: 'POST',
        path: apiPath('/v1/keys/{keyid}/revoke', { keyid }),
        body: { reason, ...(effectiveAt === undefined ? {} : { effective_at: effectiveAt }) },
      });
      shell.result(answer, keyLines(readKey(answer)));
    });
}

function addActivate(keys: Command): void {
  keys
    .command('activate')
    .description(
      "make the deployment's KMS key the one that countersigns: after the first deployment and each rotation (role key-admin)",
    )
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'POST', path: '/v1/evidence-key' });
      const { keyid, activated_at } = readAnswer(
        z.looseObject({ keyid: z.string(), activated_at: z.string() }),
        answer,
      );
      shell.result(
        answer,
        table([
          ['evidence key', keyid],
          ['active since', activated_at],
        ]),
      );
    });
}

function readKey(answer: JsonObject): KeyRecord {
  return readAnswer(KeyRecordSchema, answer);
}

function keyLines(key: KeyRecord): string[] {
  return table([
    ['key', key.keyid],
    ['principal', `${key.principal} as ${key.role}`],
    ['algorithm', key.algorithm],
    ['stages', key.stages.join(', ')],
    ['predicates', key.predicate_types.join(', ')],
    ['attributes', key.scai_attributes.join(', ')],
    ['valid', `${key.not_before} until ${key.not_after}`],
    ['revision', String(key.revision)],
    [
      'revoked',
      key.revoked && `${key.revoked.recorded_at}, effective ${key.revoked.effective_at}: ${key.revoked.reason}`,
    ],
  ]);
}
