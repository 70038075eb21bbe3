import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { newKey } from '../support/keys.ts';
import { aManifest, signedBundle } from '../support/manifests.ts';
import { api } from './support/api.ts';
import { clientConfig } from './support/clients.ts';
import { enrolKey } from './support/enrol.ts';

const local = inject('local');

describe("with the administrator's credentials", () => {
  const s3 = new S3Client(clientConfig(local, 'administrator'));
  const object = { Bucket: local.resources.evidenceBucket, Key: '', VersionId: '' };

  beforeAll(async () => {
    const key = newKey();
    const authority = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
    await enrolKey(local, 'training-pipeline', authority, key.privateKey);
    const body = signedBundle(aManifest({ timestamp: new Date().toISOString() }), key);
    const { json } = await api(local, 'training-pipeline', 'POST', '/v1/manifests', { body });
    const { key: name, version_id } = json.storage as { key: string; version_id: string };
    Object.assign(object, { Key: name, VersionId: version_id });
  });

  it('a version of evidence cannot be deleted, not even with the bypass', async () => {
    await expect(s3.send(new DeleteObjectCommand(object))).rejects.toMatchObject({ name: 'AccessDenied' });
    const bypass = { ...object, BypassGovernanceRetention: true };
    await expect(s3.send(new DeleteObjectCommand(bypass))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it.each([
    ['to tomorrow in the same mode', { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 3_600_000) }],
    ['to another mode', { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 3_600_000) }],
  ] as const)('its retention cannot be shortened %s', async (_how, Retention) => {
    const shorter = new PutObjectRetentionCommand({ ...object, Retention, BypassGovernanceRetention: true });
    await expect(s3.send(shorter)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('the bytes are still there, under one version', async () => {
    const { ContentLength = 0 } = await s3.send(new GetObjectCommand(object));
    expect(ContentLength).toBeGreaterThan(0);
    const { Versions = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: object.Bucket, Prefix: object.Key }),
    );
    expect(Versions.map(({ VersionId }) => VersionId)).toEqual([object.VersionId]);
  });
});
