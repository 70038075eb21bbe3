import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import type { Archive, ArchivedObject } from '../../app/reindex.ts';
import { unavailable } from '../failures.ts';
import { type EvidenceStoreConfig, s3EvidenceStore } from './evidence-store.ts';

/** The evidence bucket, with listing: for the rebuilder, not for the functions. */
export function s3Archive(config: EvidenceStoreConfig): Archive {
  const { client, bucket } = config;

  async function* list(prefix: string): AsyncGenerator<ArchivedObject> {
    let found = new Map<string, ArchivedObject>();
    let after: Marker = {};
    for (let more = true; more; ) {
      const page = await versions(prefix, after);
      // S3 lists the versions of a key from the newest to the oldest.
      for (const { Key: key = '', VersionId: versionId } of page.Versions ?? []) {
        const newer = found.get(key);
        const laterVersions = newer?.versionId === undefined ? 0 : newer.laterVersions + 1;
        found.set(key, { key, versionId, laterVersions, deleteMarkers: newer?.deleteMarkers ?? 0 });
      }
      for (const { Key: key = '' } of page.DeleteMarkers ?? []) {
        const known = found.get(key) ?? { key, versionId: undefined, laterVersions: 0, deleteMarkers: 0 };
        found.set(key, { ...known, deleteMarkers: known.deleteMarkers + 1 });
      }
      more = page.IsTruncated ?? false;
      after = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
      // The last key of a page may go on in the next.
      const last = more ? found.get(after.KeyMarker ?? '') : undefined;
      if (last) found.delete(last.key);
      yield* found.values();
      found = new Map(last ? [[last.key, last]] : []);
    }
  }

  async function versions(prefix: string, after: Marker): Promise<ListObjectVersionsCommandOutput> {
    try {
      return await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...after }));
    } catch (error) {
      return unavailable('S3', error);
    }
  }

  return { read: s3EvidenceStore(config).read, list };
}

/** Where a page of versions begins. */
type Marker = Pick<ListObjectVersionsCommandInput, 'KeyMarker' | 'VersionIdMarker'>;
