import { type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import type { Signer } from '../../app/ports.ts';
import { unavailable } from '../failures.ts';

/** Signs with an ECC_NIST_P256 key. KMS answers DER, possibly with a high S: that is valid, and passed on as it is. */
export function kmsSigner(client: KMSClient, keyArn: string): Signer {
  return {
    keyArn,
    async sign(digest) {
      try {
        const answer = await client.send(
          new SignCommand({ KeyId: keyArn, Message: digest, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' }),
        );
        if (!answer.Signature) throw new Error('KMS answered without a signature');
        return { signature: Buffer.from(answer.Signature), requestId: answer.$metadata.requestId ?? 'unknown' };
      } catch (error) {
        return unavailable('KMS', error);
      }
    },
  };
}
