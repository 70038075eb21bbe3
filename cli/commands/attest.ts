import { type Command, Option } from 'commander';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { parseStatement, statementJson } from '../../lib/core/statement.ts';
import { principalName } from '../caller.ts';
import type { ApiClient } from '../client.ts';
import { deliver } from '../deliver.ts';
import { detectCommit, detectEnvironment, detectRunId } from '../detect.ts';
import { UsageError } from '../errors.ts';
import { buildManifest, manifestPayload } from '../manifest.ts';
import { addManifestOptions, type ManifestOptions, pairs, RESOURCE_HELP } from '../manifest-options.ts';
import { unpackedRoot } from '../model/archive.ts';
import { collect, instant, predicateType } from '../options.ts';
import { parseResource, resolveResource, resolveResources } from '../resources.ts';
import { readBytes, readJsonObject, Shell } from '../shell.ts';
import { signPayload } from '../signers/signer.ts';
import { acceptedLines } from './submit.ts';

interface AttestOptions extends ManifestOptions {
  readonly statement?: string;
  readonly predicate?: string;
  readonly type?: string;
  readonly subject?: readonly string[];
  readonly timestamp?: string;
}

export function addAttest(program: Command): void {
  const command = program
    .command('attest')
    .description('sign and post what a stage did, or any accepted predicate (role producer)');
  addManifestOptions(command)
    .option('--timestamp <time>', 'when the stage ended (default: now)', instant)
    .addOption(new Option('--statement <file>', 'attest this in-toto Statement v1').conflicts(['predicate', 'stage']))
    .addOption(new Option('--predicate <file>', 'attest this predicate; needs --type and --subject').conflicts('stage'))
    .option(
      '--type <predicate-type>',
      'scai, slsa-provenance, slsa-vsa, test-result, vulns, cyclonedx, or a URI',
      predicateType,
    )
    .option('--subject <resource>', 'what the predicate speaks of; repeatable', collect)
    .addHelpText(
      'after',
      `${RESOURCE_HELP}

Examples:
  countersign attest --stage ingest --dataset patients=data/patients.parquet
  countersign attest --stage training --model credit=model.tar.gz --unpacked --dataset train=train.csv --metric auc=0.93
  countersign attest --predicate review.json --type scai --subject train=train.csv --key officer.pem
  countersign attest --statement provenance.statement.json`,
    )
    .action(async (options: AttestOptions, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const signer = await shell.signer(options.key);
      const bundle = await signPayload(signer, await payloadOf(options, api, shell));
      const accepted = await deliver(shell, api, bundle, options);
      shell.result(accepted.answer, acceptedLines(accepted, options.receipt));
    });
}

async function payloadOf(options: AttestOptions, api: ApiClient, shell: Shell): Promise<Buffer> {
  if (options.statement !== undefined) {
    parseStatement(await readJsonObject(options.statement));
    return await readBytes(options.statement);
  }
  if (options.predicate !== undefined) return canonicalBytes(await predicateStatement(options));
  return manifestPayload(await manifestOf(options, api, shell));
}

async function predicateStatement({ predicate = '', type, subject = [], workers }: AttestOptions): Promise<object> {
  if (type === undefined || subject.length === 0) {
    throw new UsageError('--predicate needs --type and --subject', 'say which predicate it is, and what it speaks of');
  }
  const resources = await resolveResources(subject.map(parseResource), workers);
  const subjects = resources.map(({ name, sha256 }) => ({ name, digest: { sha256 } }));
  return statementJson(subjects, type, await readJsonObject(predicate));
}

async function manifestOf(options: AttestOptions, api: ApiClient, shell: Shell): Promise<JsonObject> {
  const { stage, workers } = options;
  if (stage === undefined)
    throw new UsageError('what is attested?', 'give --stage for a manifest, --statement or --predicate');
  const resolve = async (texts: readonly string[] = []) => await resolveResources(texts.map(parseResource), workers);
  const one = async (text: string | undefined) =>
    text === undefined ? undefined : await resolveResource(parseResource(text), workers);
  const now = new Date();
  return buildManifest({
    stage,
    run_id: detectRunId(options.runId, process.env, now),
    principal: await principalName(options.principal, api),
    timestamp: options.timestamp ?? now.toISOString(),
    model: await one(options.model),
    unpacked: await unpackedRoot(options),
    datasets: await resolve(options.dataset),
    inputs: await resolve(options.input),
    outputs: await resolve(options.output),
    modelCard: await one(options.modelCard),
    commit_sha: await detectCommit(options.commit, process.env, (message) => shell.note(message)),
    image_digest: options.imageDigest ?? process.env.COUNTERSIGN_IMAGE_DIGEST,
    environment: detectEnvironment(options.environment, process.env),
    parameters: await pairs(options.parameter, options.parameters),
    metrics: await pairs(options.metric, options.metrics),
  });
}
