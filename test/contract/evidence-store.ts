import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EvidenceStore } from '../../lib/app/ports.ts';
import { objectKey } from '../../lib/core/layout.ts';

/** A digest that no other test has used: a store that is shared keeps what it is given. */
export const freshDigest = (): string => randomBytes(32).toString('hex');

const options = {
  contentType: 'application/json',
  // Whole seconds, as S3 keeps them.
  retainUntil: new Date(Math.ceil(Date.now() / 1000) * 1000 + 24 * 60 * 60 * 1000),
  metadata: { 'kms-request-id': 'request-1' },
};

/** What every {@link EvidenceStore} promises. */
export function evidenceStoreContract(open: () => Promise<EvidenceStore>): void {
  describe('an evidence store', () => {
    it.each([
      ['text', Buffer.from('{"a":1}')],
      ['bytes that are no text', Buffer.from([0, 255, 254, 13, 10])],
      ['nothing', Buffer.alloc(0)],
      ['a megabyte', Buffer.alloc(1024 * 1024, 7)],
    ])('gives %s back as it was put, with its version, lock and metadata', async (_, bytes) => {
      const store = await open();
      const key = objectKey.receipt(freshDigest());
      const versionId = await store.putOnce(key, bytes, options);
      expect(versionId).toEqual(expect.stringMatching(/./));
      const object = await store.read(key);
      expect(object).toMatchObject({ versionId, retainUntil: options.retainUntil, metadata: options.metadata });
      expect(object?.bytes.equals(bytes)).toBe(true);
      expect(object?.lastModified).toBeInstanceOf(Date);
    });

    it.each([
      ['the same bytes', Buffer.from('first')],
      ['other bytes', Buffer.from('second')],
    ])('writes nothing when %s come under a key that is taken', async (_, later) => {
      const store = await open();
      const key = objectKey.attestation(freshDigest());
      const versionId = await store.putOnce(key, Buffer.from('first'), options);
      expect(
        await store.putOnce(key, later, { ...options, metadata: { 'kms-request-id': 'request-2' } }),
      ).toBeUndefined();
      expect(await store.read(key)).toMatchObject({
        versionId,
        bytes: Buffer.from('first'),
        metadata: options.metadata,
      });
    });

    it('lets one of twenty win who put under one key at once', async () => {
      const store = await open();
      const key = objectKey.receipt(freshDigest());
      const bodies = Array.from({ length: 20 }, (_, i) => Buffer.from(`body ${i}`));
      const versions = await Promise.all(bodies.map((bytes) => store.putOnce(key, bytes, options)));
      const winners = versions.filter((version) => version !== undefined);
      expect(winners).toHaveLength(1);
      const winner = bodies[versions.findIndex((version) => version !== undefined)];
      expect(await store.read(key)).toMatchObject({ versionId: winners[0], bytes: winner });
    });

    it('locks a version for longer, never for shorter, and says which it is', async () => {
      const store = await open();
      const key = objectKey.receipt(freshDigest());
      const versionId = (await store.putOnce(key, Buffer.from('kept'), options)) ?? '';
      const [longer, shorter] = [60, -60].map((minutes) => new Date(options.retainUntil.getTime() + minutes * 60_000));
      if (!longer || !shorter) throw new Error('no instants');
      expect(await store.extendRetention(key, versionId, longer)).toEqual(longer);
      expect(await store.read(key)).toMatchObject({ versionId, retainUntil: longer });
      expect(await store.extendRetention(key, versionId, shorter)).toEqual(longer);
      expect(await store.read(key)).toMatchObject({ versionId, retainUntil: longer });
    });

    it('reads by version, and nothing under a key or version that is not there', async () => {
      const store = await open();
      const [one, two] = [objectKey.receipt(freshDigest()), objectKey.receipt(freshDigest())];
      const first = await store.putOnce(one, Buffer.from('one'), options);
      const second = await store.putOnce(two, Buffer.from('two'), options);
      expect(await store.read(one, first)).toMatchObject({ bytes: Buffer.from('one') });
      expect(await store.read(one, second)).toBeUndefined();
      expect(await store.read(objectKey.receipt(freshDigest()))).toBeUndefined();
    });
  });
}
