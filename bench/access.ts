import { ApiClient } from '../cli/client.ts';
import { Env, type RetentionPolicy } from '../lib/contracts/env.ts';
import type { DemoName, LocalDescription } from '../local/description.ts';

/** What every SDK client of the bench is made with. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: 1;
}

/** Nothing is tried twice: a figure must see each failure. */
export function administratorConfig(local: Pick<LocalDescription, 'endpoint' | 'region' | 'identities'>): ClientConfig {
  const { accessKeyId, secretAccessKey } = local.identities.administrator;
  return {
    endpoint: local.endpoint,
    region: local.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  };
}

/** The API as a demo identity. */
export function apiOf(local: Pick<LocalDescription, 'apiUrl' | 'region' | 'identities'>, as: DemoName): ApiClient {
  const { accessKeyId, secretAccessKey } = local.identities[as];
  return new ApiClient({
    url: new URL(local.apiUrl),
    region: local.region,
    credentials: async () => ({ accessKeyId, secretAccessKey }),
    retry: { attempts: 1, base: 0, cap: 0, total: 0 },
  });
}

/** As the stage `local` has it in cdk/config.ts. */
export const RETENTION: RetentionPolicy = { mode: 'COMPLIANCE', days: { experimental: 1, staging: 2, production: 3 } };

/** Physical name of the intake function. */
export const INTAKE = 'countersign-local-intake';

/**
 * What the template and Lambda set for the intake function. The credentials are the demo administrator's: whose they are costs
 * no CPU, and those of the role live and die with the local Lambda host.
 */
export function intakeEnvironment(local: LocalDescription): Record<string, string> {
  const { accessKeyId, secretAccessKey } = local.identities.administrator;
  const { resources } = local;
  return {
    PATH: process.env.PATH ?? '',
    NODE_OPTIONS: '--enable-source-maps',
    TZ: ':UTC',
    AWS_REGION: local.region,
    AWS_ENDPOINT_URL: local.endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: INTAKE,
    [Env.STAGE]: local.stage,
    [Env.EVIDENCE_BUCKET]: resources.evidenceBucket,
    [Env.EVIDENCE_TABLE]: resources.evidenceTable,
    [Env.REGISTRY_TABLE]: resources.registryTable,
    [Env.EVIDENCE_KEY_ARN]: resources.evidenceKeyArn,
    [Env.RETENTION]: JSON.stringify(RETENTION),
    [Env.UNSIGNED_STAGES]: '',
  };
}
