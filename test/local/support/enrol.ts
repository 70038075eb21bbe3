import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { bundleBytes } from '../../../lib/core/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../../lib/core/dsse.ts';
import { keyProofPayload } from '../../../lib/core/key-proof.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import type { DemoName, LocalDescription } from '../../../local/description.ts';
import { signedFetch } from './clients.ts';

export interface Authority {
  readonly role: string;
  readonly stages?: readonly string[];
  readonly predicate_types: readonly string[];
  readonly scai_attributes?: readonly string[];
}

/** Calls the machine API as a demo identity. @throws with the problem document unless the answer is 2xx */
export async function callApi(
  local: LocalDescription,
  as: DemoName,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const answer = await signedFetch(local, local.identities[as], {
    method,
    path: `/${local.stage}${path}`,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}

/** Makes a P-256 key and enrols it: see {@link enrolKey}. @returns the private key, PEM (PKCS #8) */
export async function enrol(local: LocalDescription, name: DemoName, authority: Authority): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await enrolKey(local, name, authority, privateKey);
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Registers a P-256 or Ed25519 key for a demo identity, and the identity as a principal of the same name, as the key admin. What is
 * registered already stays.
 */
export async function enrolKey(
  local: LocalDescription,
  name: DemoName,
  authority: Authority,
  privateKey: KeyObject,
): Promise<void> {
  const { uniqueId, roleArn } = local.identities[name];
  const { keyid, pem } = parsePublicKey(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString());
  const payload = keyProofPayload(keyid, name);
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload), privateKey);
  const proof: unknown = JSON.parse(bundleBytes(payload, signature, keyid).toString('utf8'));
  await callApi(local, 'key-admin', 'POST', '/v1/evidence-key', {});
  await callApi(local, 'key-admin', 'POST', '/v1/principals', { name, unique_id: uniqueId, arn: roleArn });
  const request = { ...authority, principal: name, not_after: '2100-01-01T00:00:00Z', public_key: pem, proof };
  await callApi(local, 'key-admin', 'POST', '/v1/keys', request);
}
