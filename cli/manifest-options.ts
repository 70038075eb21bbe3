import { type Command, Option } from 'commander';
import { ENVIRONMENTS, type Environment, STAGES, type Stage } from '../lib/contracts/predicates.ts';
import type { JsonObject } from '../lib/core/json.ts';
import { DEFAULT_WORKERS } from './hashing/directory.ts';
import { collect, collectPair, wholeNumber } from './options.ts';
import { readJsonObject } from './shell.ts';

/** Flags that `attest` and `run` have in common. */
export interface ManifestOptions {
  readonly stage?: Stage;
  readonly runId?: string;
  readonly principal?: string;
  readonly environment?: Environment;
  readonly model?: string;
  readonly unpacked?: boolean;
  readonly dataset?: readonly string[];
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly modelCard?: string;
  readonly parameter?: JsonObject;
  readonly parameters?: string;
  readonly metric?: JsonObject;
  readonly metrics?: string;
  readonly commit?: string;
  readonly imageDigest?: string;
  readonly workers: number;
  readonly key?: string;
  readonly save?: string;
  readonly receipt?: string;
}

export function addManifestOptions(command: Command): Command {
  return command
    .addOption(new Option('--stage <stage>', 'pipeline stage').choices(STAGES))
    .option(
      '--run-id <id>',
      'run of the pipeline, shared by its stages (COUNTERSIGN_RUN_ID, or what the CI system names)',
    )
    .option('--principal <name>', 'your registered name (COUNTERSIGN_PRINCIPAL; default: the API tells)')
    .addOption(
      new Option(
        '--environment <environment>',
        'what it speaks for; decides how long it is kept (COUNTERSIGN_ENVIRONMENT)',
      ).choices(ENVIRONMENTS),
    )
    .option('--model <resource>', 'the model')
    .option('--unpacked', "link the root digest of what the model's tar.gz holds")
    .option('--dataset <resource>', 'a dataset; repeatable', collect)
    .option('--input <resource>', 'what else went in; repeatable', collect)
    .option('--output <resource>', 'what came out; repeatable', collect)
    .option('--model-card <file>', 'the model card')
    .option('--parameter <name=value>', 'a parameter; repeatable', collectPair)
    .option('--parameters <file>', 'JSON object of parameters')
    .option('--metric <name=value>', 'a measured metric; repeatable', collectPair)
    .option('--metrics <file>', 'JSON object of metrics')
    .option('--commit <sha>', 'version-control commit (default: git rev-parse HEAD, or what the CI system names)')
    .option('--image-digest <digest>', 'sha256:… of the container image (COUNTERSIGN_IMAGE_DIGEST)')
    .option('--workers <n>', 'threads that hash a directory', wholeNumber(1, 64), DEFAULT_WORKERS)
    .option('--key <key>', 'signing key: a file, awskms://… or exec:PROGRAM (COUNTERSIGN_KEY)')
    .option('--save <file>', 'keep the signed bundle there')
    .option('--receipt <file>', 'write the receipt there');
}

export const RESOURCE_HELP = `
A resource is PATH, NAME=PATH or NAME@sha256:HEX. The digest of a directory is its OpenSSF Model Signing root.`;

/** What single flags say goes before what the file says. */
export async function pairs(single: JsonObject | undefined, file: string | undefined): Promise<JsonObject | undefined> {
  if (file === undefined) return single;
  return { ...(await readJsonObject(file)), ...single };
}
