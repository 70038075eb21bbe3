import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { ENVIRONMENTS, type Environment as EvidenceEnvironment } from '../lib/contracts/predicates.ts';
import { UsageError } from './errors.ts';
import type { Environment } from './session.ts';

const run = promisify(execFile);

/** Where CI systems name the commit that they build. */
const COMMIT_VARIABLES = [
  'COUNTERSIGN_COMMIT',
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'CODEBUILD_RESOLVED_SOURCE_VERSION',
] as const;

/** Where CI systems and pipelines name the run. One run holds all stages, so that it is never a single job's id. */
const RUN_VARIABLES = [
  'COUNTERSIGN_RUN_ID',
  'GITHUB_RUN_ID',
  'CI_PIPELINE_ID',
  'CODEBUILD_BUILD_BATCH_ID',
  'AIRFLOW_CTX_DAG_RUN_ID',
] as const;

export interface Checkout {
  readonly commit: string;
  /** Files differ from the commit, so that it does not tell the whole truth. */
  readonly modified: boolean;
}

/** The git checkout of the working directory; undefined where there is none. */
export async function gitCheckout(): Promise<Checkout | undefined> {
  try {
    const { stdout: head } = await run('git', ['rev-parse', '--verify', 'HEAD']);
    const { stdout: changes } = await run('git', ['status', '--porcelain', '--untracked-files=no']);
    return { commit: head.trim(), modified: changes.trim() !== '' };
  } catch {
    return undefined;
  }
}

/** What lies in the working directory is believed before what a variable says of it. */
export async function detectCommit(
  given: string | undefined,
  env: Environment,
  note: (message: string) => void,
): Promise<string | undefined> {
  if (given !== undefined) return given;
  const checkout = await gitCheckout();
  if (checkout?.modified) note(`the working tree differs from commit ${checkout.commit}, which the manifest names`);
  return checkout?.commit ?? firstOf(env, COMMIT_VARIABLES);
}

export function detectRunId(given: string | undefined, env: Environment, now: Date): string {
  return (
    given ??
    firstOf(env, RUN_VARIABLES) ??
    `run-${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}-${randomBytes(4).toString('hex')}`
  );
}

export function detectEnvironment(
  given: EvidenceEnvironment | undefined,
  env: Environment,
): EvidenceEnvironment | undefined {
  const named = env.COUNTERSIGN_ENVIRONMENT;
  if (given !== undefined || !named) return given;
  const known = ENVIRONMENTS.find((environment) => environment === named);
  if (known) return known;
  throw new UsageError(
    `COUNTERSIGN_ENVIRONMENT is ${JSON.stringify(named)}`,
    `it must be one of ${ENVIRONMENTS.join(', ')}`,
  );
}

function firstOf(env: Environment, names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
}
