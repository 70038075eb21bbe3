import { GetBucketEncryptionCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { objectKey } from '../../lib/core/layout.ts';
import { assertion, writeScai } from './scai.ts';
import type { Scene } from './scene.ts';

/**
 * Asks S3 how these files are encrypted where they lie, and writes what it says as a SCAI report.
 *
 * @returns the report's file name
 * @throws Error when the bucket does not encrypt, or holds one of them without a key of KMS
 */
export async function writeEncryptionReport(scene: Scene, files: readonly string[]): Promise<string> {
  const { local } = scene;
  const { accessKeyId, secretAccessKey } = local.identities.administrator;
  const credentials = { accessKeyId, secretAccessKey };
  const s3 = new S3Client({ endpoint: local.endpoint, region: local.region, credentials, forcePathStyle: true });
  const Bucket = local.resources.evidenceBucket;
  try {
    const { ServerSideEncryptionConfiguration: configured } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    const [rule] = configured?.Rules ?? [];
    const byDefault = rule?.ApplyServerSideEncryptionByDefault;
    if (byDefault?.SSEAlgorithm !== 'aws:kms') throw new Error(`the bucket ${Bucket} does not encrypt with KMS`);
    const attributes: object[] = [];
    for (const about of files) {
      const Key = objectKey.artifact(scene.digest(about));
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
      if (head.ServerSideEncryption !== 'aws:kms') throw new Error(`${Key} is not encrypted with KMS`);
      const conditions = {
        algorithm: head.ServerSideEncryption,
        kms_key: head.SSEKMSKeyId ?? byDefault.KMSMasterKeyID,
        bucket_key: rule?.BucketKeyEnabled === true,
        object: `s3://${Bucket}/${Key}`,
        version_id: head.VersionId,
      };
      attributes.push(assertion(scene, { attribute: 'ENCRYPTED_AT_REST', about, conditions }));
    }
    return writeScai(scene, 'encryption.scai.json', attributes);
  } finally {
    s3.destroy();
  }
}
