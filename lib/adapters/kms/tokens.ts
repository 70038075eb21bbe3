import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { Tokens } from '../../app/promotion/ports.ts';
import { DomainError } from '../../core/errors.ts';
import { unavailable } from '../failures.ts';

/** KMS encrypts at most this many bytes directly; a task token has 1,024 characters at most. */
const MAX_TOKEN_BYTES = 4096;

/**
 * What KMS says of a text that does not open: changed, sealed for something else or under another key, or not sealed at all. What it says of the
 * key, or of us, is the same for every text.
 */
const UNOPENED = new Set(['IncorrectKeyException', 'InvalidCiphertextException', 'ValidationException']);

/** Task tokens, and secrets of webhooks, under a symmetric key. KMS refuses to open one with another context than it was sealed with. */
export function kmsTokens(client: KMSClient, keyId: string): Tokens {
  return {
    async seal(token, context) {
      const Plaintext = Buffer.from(token, 'utf8');
      if (Plaintext.length > MAX_TOKEN_BYTES) throw new Error('the text is longer than KMS encrypts');
      try {
        const { CiphertextBlob } = await client.send(
          new EncryptCommand({ KeyId: keyId, Plaintext, EncryptionContext: { ...context } }),
        );
        if (!CiphertextBlob) throw new Error('KMS answered without a ciphertext');
        return Buffer.from(CiphertextBlob).toString('base64');
      } catch (error) {
        return unavailable('KMS', error);
      }
    },
    async open(sealed, context) {
      try {
        const { Plaintext } = await client.send(
          new DecryptCommand({
            KeyId: keyId,
            CiphertextBlob: Buffer.from(sealed, 'base64'),
            EncryptionContext: { ...context },
          }),
        );
        if (!Plaintext) throw new Error('KMS answered without a plaintext');
        return Buffer.from(Plaintext).toString('utf8');
      } catch (error) {
        if (error instanceof Error && UNOPENED.has(error.name)) {
          throw new DomainError('INTEGRITY_FAILURE', 'what is kept sealed does not open', { cause: error });
        }
        return unavailable('KMS', error);
      }
    },
  };
}
