import { createHash, createPublicKey, verify } from 'node:crypto';

/** What an auditor reads in a bundle of ours. */
export interface Opened {
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/**
 * Verifies a bundle of the control plane with nothing of our own: Node's crypto and the text of the DSSE specification.
 *
 * @param about - bytes that its one subject must be the digest of
 * @throws Error when anything does not hold
 */
export function verifyOwn(bundle: Uint8Array, publicKey: string, about: Uint8Array): Opened {
  const { dsseEnvelope } = JSON.parse(Buffer.from(bundle).toString('utf8'));
  const payload = Buffer.from(dsseEnvelope.payload, 'base64');
  const { payloadType, signatures } = dsseEnvelope;
  const message = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
  if (signatures.length !== 1) throw new Error('not one signature');
  if (!verify('sha256', message, createPublicKey(publicKey), Buffer.from(signatures[0].sig, 'base64'))) {
    throw new Error('the signature does not verify');
  }
  const statement: Opened = JSON.parse(payload.toString('utf8'));
  const digest = createHash('sha256').update(about).digest('hex');
  if (statement.subject.length !== 1 || statement.subject[0]?.digest.sha256 !== digest) {
    throw new Error(`it is not about ${digest}`);
  }
  return statement;
}
