import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';
import { COMMIT, DIGEST, expectRefusals, OTHER_DIGEST, withValue } from './refusals.ts';

const provenance = {
  buildDefinition: {
    buildType: 'https://actions.github.io/buildtypes/workflow/v1',
    externalParameters: { workflow: { ref: 'refs/heads/main' } },
    resolvedDependencies: [
      { uri: 'git+https://github.com/octocat/hello-world@refs/heads/main', digest: { gitCommit: COMMIT } },
      { name: 'iris.csv', digest: { sha256: DIGEST } },
      { name: 'iris.csv again', digest: { sha256: DIGEST } },
    ],
  },
  runDetails: {
    builder: { id: 'https://github.com/actions/runner/github-hosted', version: { runner: '2.330.0' } },
    metadata: { invocationId: 'run-42', startedOn: '2026-11-21T10:00:00Z' },
    byproducts: [{ name: 'train.log', digest: { sha256: OTHER_DIGEST } }],
  },
};

const BUILT = 'b'.repeat(64);
const validate = (predicate: unknown) =>
  validatePredicate(Predicate.slsaProvenance, predicate, [{ name: 'model.tar.gz', digest: { sha256: BUILT } }]);

describe('SLSA provenance v1', () => {
  it('gives dependencies as inputs, subjects and byproducts as outputs, git commits and the run, each once', async () => {
    expect(await validate(provenance)).toEqual({
      inputs: [DIGEST],
      outputs: [BUILT, OTHER_DIGEST],
      mentions: [],
      attributes: [],
      commits: [COMMIT],
      runIds: ['run-42'],
    });
  });

  it('leaves out a run that no look-up could name', async () => {
    const url = 'https://github.com/octocat/hello-world/actions/runs/1/attempts/1';
    const named = withValue(provenance, '/runDetails/metadata/invocationId', url);
    expect((await validate(named)).runIds).toEqual([]);
  });

  it('takes null and empty for unset, as its parsing rules demand', async () => {
    for (const [pointer, value] of [
      ['/buildDefinition/resolvedDependencies', null],
      ['/buildDefinition/internalParameters', null],
      ['/runDetails/metadata/finishedOn', ''],
      ['/runDetails/builder/builderDependencies', null],
      ['/buildDefinition/resolvedDependencies/0/digest', {}],
    ] as const) {
      await expect(validate(withValue(provenance, pointer, value)), pointer).resolves.toBeDefined();
    }
  });

  it('ignores fields that it does not know', async () => {
    await expect(validate({ ...provenance, vendor_extra: 1 })).resolves.toBeDefined();
  });

  it('names the field that is wrong', async () => {
    await expectRefusals(Predicate.slsaProvenance, provenance, [
      ['/buildDefinition', undefined],
      ['/buildDefinition/buildType', 'no uri'],
      ['/buildDefinition/buildType', 'HTTPS://example.com/build'],
      ['/buildDefinition/externalParameters', undefined],
      ['/buildDefinition/externalParameters', ['a']],
      ['/runDetails/builder/id', ''],
      ['/runDetails/builder/version', { runner: 2 }, '/runDetails/builder/version/runner'],
      ['/runDetails/metadata/startedOn', '2026-11-21T10:00:00+01:00'],
      ['/runDetails/metadata/startedOn', '2026-02-30T10:00:00Z'],
      ['/runDetails/byproducts', {}],
      ['/runDetails/byproducts/0/digest', undefined, '/runDetails/byproducts/0'],
      ['/runDetails/byproducts/0/digest', {}, '/runDetails/byproducts/0'],
      ['/runDetails/byproducts/0/content', '*'],
      ['/buildDefinition/resolvedDependencies/0/digest/gitCommit', COMMIT.slice(1)],
      ['/buildDefinition/resolvedDependencies/0/digest/gitCommit', COMMIT.toUpperCase()],
    ]);
  });

  it('refuses a sha256 of another form with its own code', async () => {
    const pointer = '/buildDefinition/resolvedDependencies/1/digest/sha256';
    for (const digest of [DIGEST.toUpperCase(), DIGEST.slice(1), `${DIGEST}00`, `sha256:${DIGEST}`]) {
      await expect(validate(withValue(provenance, pointer, digest)), digest).rejects.toMatchObject({
        code: 'DIGEST_INVALID',
        pointer: `/predicate${pointer}`,
      });
    }
  });

  it('does not judge digests of algorithms that in-toto does not name', async () => {
    const goModule = { goModuleH1: 'h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=' };
    const other = withValue(provenance, '/buildDefinition/resolvedDependencies/1/digest', goModule);
    expect((await validate(other)).inputs).toEqual([DIGEST]);
  });
});
