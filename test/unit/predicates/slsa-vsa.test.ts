import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';
import { DIGEST, expectRefusals, OTHER_DIGEST, withValue } from './refusals.ts';

const summary = {
  verifier: { id: 'https://example.com/verifier', version: { verifier: 'v2.3.0' } },
  timeVerified: '1985-04-12T23:20:50.52Z',
  resourceUri: 'https://example.com/model-1.2.3.tar.gz',
  policy: { uri: 'https://example.com/policy', digest: { sha256: OTHER_DIGEST } },
  inputAttestations: [{ uri: 'https://example.com/provenance.jsonl', digest: { sha256: DIGEST } }],
  verificationResult: 'PASSED',
  verifiedLevels: ['SLSA_BUILD_LEVEL_3', 'SLSA_SOURCE_LEVEL_2', 'REVIEWED'],
  dependencyLevels: { SLSA_BUILD_LEVEL_3: 5, SLSA_BUILD_LEVEL_2: '7' },
  slsaVersion: '1.2',
};

const validate = (predicate: unknown) => validatePredicate(Predicate.slsaVsa, predicate, []);

describe('SLSA verification summary v1', () => {
  it('mentions the input attestations and the policy, and gives the result', async () => {
    expect(await validate(summary)).toMatchObject({ mentions: [DIGEST, OTHER_DIGEST], result: 'PASSED', inputs: [] });
  });

  it('takes a failed verification', async () => {
    const failed = { ...summary, verificationResult: 'FAILED', verifiedLevels: ['FAILED'] };
    expect(await validate(failed)).toMatchObject({ result: 'FAILED' });
  });

  it('needs no more than its required fields', async () => {
    const { verifier, resourceUri, policy, verificationResult, verifiedLevels } = summary;
    const least = { verifier, resourceUri, policy, verificationResult, verifiedLevels };
    await expect(validate(least)).resolves.toBeDefined();
    await expect(validate({ ...least, dependencyLevels: null })).resolves.toBeDefined();
  });

  it('names the field that is wrong', async () => {
    await expectRefusals(Predicate.slsaVsa, summary, [
      ['/verifier', undefined],
      ['/verifier/id', 'verifier'],
      ['/timeVerified', 'yesterday'],
      ['/resourceUri', undefined],
      ['/policy/uri', undefined],
      ['/inputAttestations/0/digest', undefined],
      ['/inputAttestations/0/digest', {}],
      ['/verificationResult', 'WARNED'],
      ['/verifiedLevels', undefined],
      ['/verifiedLevels', ['SLSA_BUILD_LEVEL_3', 'SLSA_BUILD_LEVEL_2']],
      ['/verifiedLevels', ['FAILED']],
      ['/dependencyLevels/SLSA_BUILD_LEVEL_3', -1],
      ['/slsaVersion', 'v1.2'],
    ]);
  });

  it('refuses an input attestation whose sha256 has another form', async () => {
    await expect(validate(withValue(summary, '/inputAttestations/0/digest/sha256', 'abcd'))).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
      pointer: '/predicate/inputAttestations/0/digest/sha256',
    });
  });
});
