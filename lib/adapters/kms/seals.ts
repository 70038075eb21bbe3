import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { Seals } from '../../app/webhooks/ports.ts';
import { unavailable } from '../failures.ts';

/**
 * Short texts under a symmetric key.
 *
 * @param purpose - for which the key may be used directly
 */
export function kmsSeals(client: KMSClient, keyId: string, purpose: string): Seals {
  const contextOf = (of: string) => ({ purpose, of });
  return {
    async seal(text, of) {
      try {
        const Plaintext = Buffer.from(text, 'utf8');
        const { CiphertextBlob } = await client.send(
          new EncryptCommand({ KeyId: keyId, Plaintext, EncryptionContext: contextOf(of) }),
        );
        if (!CiphertextBlob) throw new Error('KMS answered without a ciphertext');
        return Buffer.from(CiphertextBlob).toString('base64');
      } catch (error) {
        return unavailable('KMS', error);
      }
    },
    async open(sealed, of) {
      try {
        const CiphertextBlob = Buffer.from(sealed, 'base64');
        const { Plaintext } = await client.send(
          new DecryptCommand({ KeyId: keyId, CiphertextBlob, EncryptionContext: contextOf(of) }),
        );
        if (!Plaintext) throw new Error('KMS answered without a plaintext');
        return Buffer.from(Plaintext).toString('utf8');
      } catch (error) {
        return unavailable('KMS', error);
      }
    },
  };
}
