import { S3Client } from '@aws-sdk/client-s3';
import { HttpResponse } from '@smithy/protocol-http';
import { describe, expect, it } from 'vitest';
import { s3Archive } from '../../../lib/adapters/s3/archive.ts';
import type { ArchivedObject } from '../../../lib/app/reindex.ts';

const version = (key: string, id: string): string => `<Version><Key>${key}</Key><VersionId>${id}</VersionId></Version>`;
const marker = (key: string, id: string): string =>
  `<DeleteMarker><Key>${key}</Key><VersionId>${id}</VersionId></DeleteMarker>`;

/** What S3 lists, page after page; each but the last names where the next begins. */
async function listed(pages: readonly { readonly xml: string; readonly next?: string }[]) {
  const asked: unknown[] = [];
  const client = new S3Client({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    requestHandler: {
      handle: async ({ query }: { readonly query: Readonly<Record<string, unknown>> }) => {
        const page = pages[asked.push(query['key-marker']) - 1];
        const more = page?.next === undefined ? '' : `<NextKeyMarker>${page.next}</NextKeyMarker>`;
        const body = `<ListVersionsResult><IsTruncated>${more !== ''}</IsTruncated>${more}${page?.xml}</ListVersionsResult>`;
        return { response: new HttpResponse({ statusCode: 200, headers: {}, body: Buffer.from(body) }) };
      },
    },
  });
  const found: ArchivedObject[] = [];
  const archive = s3Archive({ client, bucket: 'evidence', mode: 'COMPLIANCE' });
  for await (const object of archive.list('events/')) found.push(object);
  return { found, asked };
}

const alone = { laterVersions: 0, deleteMarkers: 0 };

describe('the archive', () => {
  it('lists each object once, by its oldest version, with what lies over it', async () => {
    const xml = [
      version('events/a', 'a1'),
      marker('events/b', 'b2'),
      version('events/b', 'b1'),
      version('events/c', 'c3'),
      version('events/c', 'c2'),
      version('events/c', 'c1'),
      marker('events/d', 'd1'),
    ].join('');
    expect((await listed([{ xml }])).found).toEqual([
      { key: 'events/a', versionId: 'a1', ...alone },
      { key: 'events/b', versionId: 'b1', laterVersions: 0, deleteMarkers: 1 },
      { key: 'events/c', versionId: 'c1', laterVersions: 2, deleteMarkers: 0 },
      { key: 'events/d', versionId: undefined, laterVersions: 0, deleteMarkers: 1 },
    ]);
  });

  it('goes on with an object whose versions lie on several pages', async () => {
    const { found, asked } = await listed([
      { xml: version('events/a', 'a1') + marker('events/b', 'b4'), next: 'events/b' },
      { xml: version('events/b', 'b3') + version('events/b', 'b2'), next: 'events/b' },
      { xml: version('events/b', 'b1') + version('events/c', 'c1') },
    ]);
    expect(found).toEqual([
      { key: 'events/a', versionId: 'a1', ...alone },
      { key: 'events/b', versionId: 'b1', laterVersions: 2, deleteMarkers: 1 },
      { key: 'events/c', versionId: 'c1', ...alone },
    ]);
    expect(asked).toEqual([undefined, 'events/b', 'events/b']);
  });
});
