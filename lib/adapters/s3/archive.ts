import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { Archive } from '../../app/reindex.ts';
import { unavailable } from '../failures.ts';
import { type EvidenceStoreConfig, s3EvidenceStore } from './evidence-store.ts';

/** The evidence bucket, with listing: for the rebuilder, not for the functions. */
export function s3Archive(config: EvidenceStoreConfig): Archive {
  return {
    ...s3EvidenceStore(config),
    async *list(prefix) {
      try {
        for await (const page of paginateListObjectsV2(
          { client: config.client },
          { Bucket: config.bucket, Prefix: prefix },
        )) {
          for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
        }
      } catch (error) {
        unavailable('S3', error);
      }
    },
  };
}
