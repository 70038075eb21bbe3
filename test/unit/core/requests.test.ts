import { describe, expect, it } from 'vitest';
import * as requests from '../../../lib/core/requests.ts';
import { digestOf } from '../../support/manifests.ts';

const principal = { name: 'pipeline', unique_id: 'AROAABCDEFGH', arn: 'arn:aws:iam::111122223333:role/ci/pipeline' };
const key = {
  principal: 'pipeline',
  role: 'producer',
  predicate_types: ['https://countersign.dev/manifest/v1'],
  not_after: '2027-01-01T00:00:00+02:00',
  public_key: 'pem',
  proof: {},
};
const upload = { id: 'upload', name: '0b5b1a5e-7f4c-4f0e-9d0a-2f6f1c9b8a77' };

const accepts = (schema: { safeParse: (value: unknown) => { success: boolean } }, value: unknown): boolean =>
  schema.safeParse(value).success;

describe('the requests', () => {
  it('take what they are made for', () => {
    expect(requests.RegisterPrincipalSchema.parse(principal)).toEqual(principal);
    expect(requests.RegisterKeySchema.parse(key)).toMatchObject({ stages: [], not_after: '2026-12-31T22:00:00.000Z' });
    expect(requests.PutArtifactSchema.parse({ sha256: digestOf('a'), size: 0 })).toMatchObject({
      environment: 'experimental',
    });
    expect(accepts(requests.PartsSchema, { upload, from: 9901, to: 10_000 })).toBe(true);
    expect(accepts(requests.RevokeKeySchema, { reason: 'lost' })).toBe(true);
  });

  it.each([
    { name: '../admin' },
    { name: 'a#b' },
    { name: '' },
    { name: 'n'.repeat(129) },
    { unique_id: 'AKIAABCDEFGH' },
    { unique_id: 'AROA#ABCDEFGH' },
    { arn: 'arn:aws:sts::111122223333:assumed-role/pipeline/session' },
    { arn: 'arn:aws:iam::1:role/x' },
    { admin: true },
  ])('refuse the principal %j', (changes) => {
    expect(accepts(requests.RegisterPrincipalSchema, { ...principal, ...changes })).toBe(false);
  });

  it.each([
    { role: 'Privacy Officer' },
    { stages: ['deployment'] },
    { predicate_types: [] },
    { predicate_types: ['https://countersign.dev/receipt/v1'] },
    { predicate_types: ['https://countersign.dev/key-proof/v1'] },
    { scai_attributes: [''] },
    { not_after: '2027-01-01' },
    { not_after: '9999-12-31T23:59:59-23:59' },
    { not_before: '0000-01-01T00:00:00+23:59' },
    { proof: 'yes' },
    { revision: 0 },
    { extra: 1 },
  ])('refuse the key with %j', (changes) => {
    expect(accepts(requests.RegisterKeySchema, { ...key, ...changes })).toBe(false);
  });

  it.each([
    { size: -1 },
    { size: 0.5 },
    { size: 5 * 1024 ** 4 + 1 },
    { sha256: digestOf('a').toUpperCase() },
    { environment: 'prod' },
    { media_type: 'gzip' },
    { media_type: 'text/plain\r\nx-amz-acl: public-read' },
    { media_type: 'text/plän' },
    { media_type: 'text/plain; charset="utf\u0000"' },
    { media_type: 'text/plain;' },
  ])('refuse the artifact with %j', (changes) => {
    expect(accepts(requests.PutArtifactSchema, { sha256: digestOf('a'), size: 1, ...changes })).toBe(false);
  });

  it.each([
    'application/gzip',
    'text/csv; charset=utf-8; header=present',
    'application/vnd.cyclonedx+json;version="1.7"',
  ])('take the media type %s', (media_type) => {
    expect(accepts(requests.PutArtifactSchema, { sha256: digestOf('a'), size: 1, media_type })).toBe(true);
  });

  it.each(['', '"', 'e"f', 'e\nf', 'é', 'e'.repeat(129)])('refuse a part with the ETag %j', (etag) => {
    expect(accepts(requests.CompleteSchema, { upload, parts: [{ part_number: 1, etag }] })).toBe(false);
  });

  it.each([
    { from: 0, to: 1 },
    { from: 2, to: 1 },
    { from: 1, to: 101 },
    { from: 10_000, to: 10_001 },
  ])('refuse the parts %j', (range) => {
    expect(accepts(requests.PartsSchema, { upload, ...range })).toBe(false);
  });

  it('refuse the name of an upload that is a path', () => {
    const parts = [{ part_number: 1, etag: '"e"' }];
    expect(accepts(requests.CompleteSchema, { upload, parts })).toBe(true);
    expect(accepts(requests.CompleteSchema, { upload: { ...upload, name: '../other' }, parts })).toBe(false);
    expect(accepts(requests.CompleteSchema, { upload, parts: [] })).toBe(false);
  });
});
