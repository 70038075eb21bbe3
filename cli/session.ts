import { readFileSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import * as z from 'zod/mini';
import { ApiClient, type Credentials } from './client.ts';
import { CliError, systemMessage, UsageError } from './errors.ts';
import { ExitCode } from './exit-codes.ts';

/** Where the API is and as whom it is called; what is left out comes from the environment. */
export interface SessionOptions {
  /** @default COUNTERSIGN_API */
  readonly api?: string | undefined;
  /** @default AWS_REGION, AWS_DEFAULT_REGION, or the region in the API's host name */
  readonly region?: string | undefined;
  /** Profile of the shared AWS configuration. */
  readonly profile?: string | undefined;
  /** Identity or role of the stack that `npm start` runs on this machine; replaces the other three. */
  readonly local?: string | undefined;
  /** Told what is waited for. */
  readonly notify?: (message: string) => void;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Who calls AWS, and where it is. */
export interface AwsAccess {
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
  /** Of every AWS service; undefined: AWS's own. */
  readonly endpoint: string | undefined;
}

/** The API for these options, unconnected: credentials are looked up by the first request. */
export function connect(options: SessionOptions = {}, env: Environment = process.env): ApiClient {
  const { notify } = options;
  const told = notify === undefined ? {} : { notify };
  if (options.local !== undefined) {
    const { apiUrl, ...access } = localAccess(options.local);
    return new ApiClient({ ...access, ...told, url: apiUrl });
  }
  const address = options.api ?? env.COUNTERSIGN_API;
  if (!address) {
    throw new UsageError(
      'the address of the API is not known',
      'set COUNTERSIGN_API or --api to the ApiUrl that `cdk deploy` printed, or use --local IDENTITY beside `npm start`',
    );
  }
  const url = apiUrl(address);
  return new ApiClient({ ...awsAccess({ ...options, api: address }, env), ...told, url });
}

/** Access to AWS itself, for a key in KMS. */
export function awsAccess(options: SessionOptions = {}, env: Environment = process.env): AwsAccess {
  if (options.local !== undefined) return localAccess(options.local);
  const region =
    options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? regionOf(options.api ?? env.COUNTERSIGN_API);
  if (!region) throw new UsageError('the AWS region is not known', 'set AWS_REGION or --region');
  return { region, credentials: defaultCredentials(options.profile), endpoint: undefined };
}

function apiUrl(address: string): URL {
  if (!URL.canParse(address)) throw new UsageError(`${JSON.stringify(address)} is not the URL of an API`);
  const url = new URL(address);
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback)) return url;
  throw new UsageError(`${address} is not an https URL`, 'plain http is for this machine only');
}

/** `abc123.execute-api.eu-west-1.amazonaws.com`, with a VPC endpoint's id before it or not. */
function regionOf(address: string | undefined): string | undefined {
  return /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/.exec(address ?? '')?.[1];
}

/** The standard chain, loaded when it is needed: it is the larger part of the command's start. */
function defaultCredentials(profile: string | undefined): () => Promise<Credentials> {
  let chain: Promise<() => Promise<Credentials>> | undefined;
  return async () => {
    chain ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider }) =>
      defaultProvider(profile === undefined ? {} : { profile }),
    );
    try {
      return await (await chain)();
    } catch (cause) {
      throw new CliError('no AWS credentials were found', ExitCode.NOT_PERMITTED, {
        hint: 'set AWS_PROFILE or --profile, or run where a role provides them; `aws sts get-caller-identity` shows what AWS sees',
        cause,
      });
    }
  };
}

/** What is needed of `.countersign/local.json`, which `npm start` writes (local/description.ts). */
const LocalSchema = z.object({
  region: z.string(),
  endpoint: z.url(),
  apiUrl: z.url(),
  identities: z.record(
    z.string(),
    z.object({ roles: z.array(z.string()), accessKeyId: z.string(), secretAccessKey: z.string() }),
  ),
});

/** @param who - name of a demo identity, or of a role: then the first identity that has it */
function localAccess(who: string): AwsAccess & { readonly apiUrl: URL } {
  const { region, endpoint, apiUrl, identities } = readLocal();
  const identity = identities[who] ?? Object.values(identities).find(({ roles }) => roles.includes(who));
  if (!identity) {
    throw new UsageError(
      `there is no local identity or role ${JSON.stringify(who)}`,
      `there are: ${Object.keys(identities).join(', ')}`,
    );
  }
  const { accessKeyId, secretAccessKey } = identity;
  return { region, endpoint, apiUrl: new URL(apiUrl), credentials: async () => ({ accessKeyId, secretAccessKey }) };
}

/** Looks in the working directory and above, as git does. */
function readLocal(): z.output<typeof LocalSchema> {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const file = join(folder, '.countersign', 'local.json');
    try {
      return LocalSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch (cause) {
      const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      if (!missing)
        throw new UsageError(`${file} cannot be used: ${systemMessage(cause)}`, 'run `npm start` again', cause);
    }
    if (folder === parse(folder).root) {
      throw new UsageError(
        'no .countersign/local.json here or above',
        'run `npm start` in the repository and leave it running',
      );
    }
  }
}
