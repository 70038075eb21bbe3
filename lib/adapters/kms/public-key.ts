import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { unavailable } from '../failures.ts';

/** Reads the public half of a KMS key as SubjectPublicKeyInfo PEM. */
export function kmsPublicKey(client: KMSClient, keyArn: string): () => Promise<string> {
  return async () => {
    try {
      const answer = await client.send(new GetPublicKeyCommand({ KeyId: keyArn }));
      if (!answer.PublicKey) throw new Error('KMS answered without a public key');
      const key = createPublicKey({ key: Buffer.from(answer.PublicKey), format: 'der', type: 'spki' });
      return key.export({ type: 'spki', format: 'pem' }).toString();
    } catch (error) {
      return unavailable('KMS', error);
    }
  };
}
