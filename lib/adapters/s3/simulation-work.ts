import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { WorkStore } from '../../app/simulate/ports.ts';
import { sha256 } from '../../core/digest.ts';
import { statusOf, unavailable } from '../failures.ts';

/** What simulations work with, in the staging bucket: unlocked, and gone after some days. */
export function s3SimulationWork(client: S3Client, bucket: string): WorkStore {
  return {
    async putOnce(name, bytes) {
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: name,
            Body: bytes,
            ContentType: 'application/json',
            IfNoneMatch: '*',
            ChecksumAlgorithm: 'SHA256',
            ChecksumSHA256: sha256(bytes).toString('base64'),
          }),
        );
        return true;
      } catch (error) {
        if (statusOf(error) === 412) return false;
        return unavailable('S3', error);
      }
    },
    async read(name) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: name }));
        if (!Body) throw new Error('S3 answered without a body');
        return Buffer.from(await Body.transformToByteArray());
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        return unavailable('S3', error);
      }
    },
    async has(name) {
      try {
        await client.send(new HeadObjectCommand({ Bucket: bucket, Key: name }));
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        return unavailable('S3', error);
      }
    },
  };
}
