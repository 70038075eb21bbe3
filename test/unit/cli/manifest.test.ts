import { describe, expect, it } from 'vitest';
import { buildManifest, isMade, type ManifestDraft, manifestPayload } from '../../../cli/manifest.ts';
import { STAGES } from '../../../lib/contracts/predicates.ts';
import { manifestFlow, parseManifest } from '../../../lib/core/manifest.ts';
import { digestOf, NOW, PIPELINE } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const resource = (name: string) => ({ name, sha256: digestOf(name) });

const draft = (changes: Partial<ManifestDraft>): ManifestDraft => ({
  run_id: 'r-1',
  stage: 'training',
  principal: PIPELINE,
  timestamp: NOW,
  datasets: [],
  inputs: [],
  outputs: [],
  ...changes,
});

const flowOf = (changes: Partial<ManifestDraft>) => manifestFlow(parseManifest(buildManifest(draft(changes))));

describe('what a stage makes', () => {
  it.each(STAGES)('is in %s what the core takes it to make', (stage) => {
    const { outputs } = flowOf({ stage, model: resource('model'), datasets: [resource('data')] });
    expect(outputs.includes(digestOf('model'))).toBe(isMade(stage, 'model'));
    expect(outputs.includes(digestOf('data'))).toBe(isMade(stage, 'dataset'));
  });

  it('stays an output of training when other outputs are named beside it', () => {
    const { inputs, outputs } = flowOf({
      model: resource('model'),
      datasets: [resource('train')],
      outputs: [resource('report')],
    });
    expect(outputs).toEqual([digestOf('report'), digestOf('model')]);
    expect(inputs).toEqual([digestOf('train')]);
  });

  it('is linked to what its archive holds', () => {
    const unpacked = resource('unpacked');
    expect(flowOf({ model: resource('model'), unpacked }).outputs).toEqual([digestOf('model'), digestOf('unpacked')]);
    expect(flowOf({ stage: 'evaluation', model: resource('model'), unpacked }).inputs).toEqual([
      digestOf('unpacked'),
      digestOf('model'),
    ]);
  });
});

describe('the manifest of a draft', () => {
  it('has the field names of the seed, and none without a value', () => {
    const manifest = buildManifest(
      draft({
        model: resource('model'),
        datasets: [resource('a'), resource('b')],
        modelCard: resource('card'),
        commit_sha: 'c0ffee0',
        metrics: { auc: 0.93 },
      }),
    );
    expect(manifest).toEqual({
      run_id: 'r-1',
      stage: 'training',
      datasets: [
        { id: 'a', sha256: digestOf('a') },
        { id: 'b', sha256: digestOf('b') },
      ],
      model: { id: 'model', sha256: digestOf('model') },
      commit_sha: 'c0ffee0',
      principal: PIPELINE,
      timestamp: NOW,
      model_card: { sha256: digestOf('card') },
      metrics: { auc: 0.93 },
    });
  });

  it('names one thing once, however often it was given', () => {
    const manifest = buildManifest(draft({ inputs: [resource('a'), resource('a')], outputs: [resource('out')] }));
    expect(manifest.inputs).toEqual([{ name: 'a', sha256: digestOf('a') }]);
  });

  it('is refused as the API would refuse it', () => {
    expect(() => buildManifest(draft({}))).toThrow(refusal('MANIFEST_INVALID', ''));
    expect(() => buildManifest(draft({ run_id: 'a b', model: resource('m') }))).toThrow(
      refusal('MANIFEST_INVALID', '/run_id'),
    );
  });

  it('is signed inside a statement whose subjects are what came out', () => {
    const statement = JSON.parse(
      manifestPayload(buildManifest(draft({ model: resource('model'), outputs: [resource('out')] }))).toString('utf8'),
    );
    expect(statement.subject).toEqual([
      { name: 'out', digest: { sha256: digestOf('out') } },
      { name: 'model', digest: { sha256: digestOf('model') } },
    ]);
  });
});
