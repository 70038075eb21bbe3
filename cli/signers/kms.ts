import { createHash } from 'node:crypto';
import { KMSClient, SignCommand, type SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { kmsPublicKey } from '../../lib/adapters/kms/public-key.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { CliError, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import type { AwsAccess } from '../session.ts';
import type { Signer } from './signer.ts';

/** cosign's syntax: awskms://[ENDPOINT]/ID, ID being a key id, an ARN or alias/NAME. */
const KMS_URI =
  /^awskms:\/\/(?<endpoint>[^/]*)\/(?<id>(alias\/.+)|(arn:aws[a-z-]*:kms:.+)|([0-9a-f-]{36})|(mrk-[0-9a-f]+))$/;

/** What is signed is a digest: KMS takes 4 KB of message at most, and an attestation is larger. */
const BY_DIGEST = {
  'ecdsa-p256-sha256': { hash: 'sha256', spec: 'ECDSA_SHA_256' },
  'ecdsa-p384-sha384': { hash: 'sha384', spec: 'ECDSA_SHA_384' },
  ed25519: undefined,
} as const satisfies Record<string, { hash: string; spec: SigningAlgorithmSpec } | undefined>;

export interface KmsKey {
  readonly id: string;
  /** Undefined: AWS's own, or the session's. */
  readonly endpoint: string | undefined;
  /** Undefined: the session's. An ARN names its own. */
  readonly region: string | undefined;
}

/** @throws UsageError for a URI of another form */
export function parseKmsUri(uri: string): KmsKey {
  const { endpoint, id } = KMS_URI.exec(uri)?.groups ?? {};
  if (id === undefined) {
    throw new UsageError(
      `${uri} is not a KMS key`,
      'awskms:///alias/NAME, awskms:///KEY_ID or awskms:///arn:aws:kms:REGION:ACCOUNT:key/ID',
    );
  }
  const region = id.startsWith('arn:') ? id.split(':')[3] : undefined;
  return { id, endpoint: endpoint ? `https://${endpoint}` : undefined, region };
}

/** A key of AWS KMS, used with GetPublicKey and Sign; the private key never leaves KMS. */
export async function kmsKeySigner(uri: string, access: AwsAccess): Promise<Signer> {
  const key = parseKmsUri(uri);
  const endpoint = key.endpoint ?? access.endpoint;
  const client = new KMSClient({
    region: key.region ?? access.region,
    credentials: access.credentials,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const { keyid, pem, algorithm } = parsePublicKey(
    await kmsPublicKey(client, key.id)().catch((error) => failed(uri, error)),
  );
  const method = BY_DIGEST[algorithm];
  if (!method) {
    throw new UsageError(
      `${uri} is an Ed25519 key, with which KMS signs no more than 4 KB`,
      'use ECC_NIST_P256 with SIGN_VERIFY',
    );
  }
  return {
    keyid,
    publicKeyPem: pem,
    algorithm,
    async sign(message) {
      const digest = createHash(method.hash).update(message).digest();
      const { Signature } = await client
        .send(new SignCommand({ KeyId: key.id, Message: digest, MessageType: 'DIGEST', SigningAlgorithm: method.spec }))
        .catch((error) => failed(uri, error));
      if (!Signature) throw new CliError('KMS answered without a signature', ExitCode.UNAVAILABLE);
      return Signature;
    },
  };
}

/** The SDK has retried already. What it says of a KMS key names keys and roles, and no secret. */
function failed(uri: string, error: unknown): never {
  if (error instanceof CliError || !(error instanceof Error)) throw error;
  const denied = /AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken/.test(error.name);
  const wrongKey = /NotFound|InvalidKeyUsage|UnsupportedOperation|Disabled|KMSInvalidState|Validation/.test(error.name);
  const exitCode = denied ? ExitCode.NOT_PERMITTED : wrongKey ? ExitCode.USAGE : ExitCode.UNAVAILABLE;
  throw new CliError(`KMS does not sign with ${uri}: ${error.message}`, exitCode, {
    ...(denied ? { hint: 'the caller needs kms:GetPublicKey and kms:Sign on the key' } : {}),
    cause: error,
  });
}
