import { describe, expect, it } from 'vitest';
import { STAGES } from '../../../lib/contracts/predicates.ts';
import { checkManifestSubjects, manifestFlow, manifestSubjects, parseManifest } from '../../../lib/core/manifest.ts';
import { parseStatement } from '../../../lib/core/statement.ts';
import { aManifest, aStatement, digestOf, manifestStatement } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const named = (id: string) => ({ id, sha256: digestOf(id) });
const resource = (name: string) => ({ name, sha256: digestOf(name) });

describe('parseManifest', () => {
  it("takes the seed's fields, and those that we add", () => {
    const manifest = aManifest({
      approvals: [{ role: 'privacy', ts: '2026-02-21T10:00:00+01:00', by: 'somebody' }],
      model_card: { sha256: digestOf('card') },
      parameters: { depth: 3, deep: { list: [null] } },
      metrics: { accuracy: 0.97, passed: true, note: 'good' },
      inputs: [{ ...resource('labels'), uri: 's3://bucket/labels', media_type: 'text/csv' }],
      outputs: [resource('classifier')],
      environment: 'production',
      job: {
        command: ['python', 'train.py'],
        exit_code: 0,
        started_at: '2026-02-21T10:00:00Z',
        finished_at: '2026-02-21T11:00:00.5Z',
      },
    });
    expect(parseManifest(manifest)).toEqual(manifest);
  });

  it.each(STAGES)('takes the stage %s', (stage) => {
    expect(parseManifest(aManifest({ stage })).stage).toBe(stage);
  });

  it.each<[name: string, changes: Parameters<typeof aManifest>[0], pointer: string]>([
    ['no run', { run_id: undefined }, '/run_id'],
    ['an empty run id', { run_id: '' }, '/run_id'],
    ['a run id with a slash', { run_id: 'a/b' }, '/run_id'],
    ['a run id that begins with a dot', { run_id: '..' }, '/run_id'],
    ['a run id of 129 characters', { run_id: 'r'.repeat(129) }, '/run_id'],
    ['a run id with a line break', { run_id: 'run\n' }, '/run_id'],
    ['an unknown stage', { stage: 'deployment' }, '/stage'],
    ['a stage in upper case', { stage: 'TRAINING' }, '/stage'],
    ['no stage', { stage: undefined }, '/stage'],
    ['no principal', { principal: undefined }, '/principal'],
    ['no timestamp', { timestamp: undefined }, '/timestamp'],
    ['a timestamp without a zone', { timestamp: '2026-02-21T12:34:56' }, '/timestamp'],
    ['a date alone', { timestamp: '2026-02-21' }, '/timestamp'],
    ['a day that does not exist', { timestamp: '2026-02-30T12:34:56Z' }, '/timestamp'],
    ['an hour that does not exist', { timestamp: '2026-02-21T25:34:56Z' }, '/timestamp'],
    ['a timestamp as a number', { timestamp: 1 }, '/timestamp'],
    ['a commit in upper case', { commit_sha: 'C0FFEE0' }, '/commit_sha'],
    ['a commit of six characters', { commit_sha: 'c0ffee' }, '/commit_sha'],
    ['an image by tag', { image_digest: 'latest' }, '/image_digest'],
    ['an unknown environment', { environment: 'prod' }, '/environment'],
    ['both dataset and datasets', { datasets: [named('iris')] }, '/datasets'],
    ['an empty list of datasets', { dataset: undefined, datasets: [] }, '/datasets'],
    ['a dataset without an id', { dataset: { sha256: digestOf('iris') } }, '/dataset/id'],
    ['an unknown field in a dataset', { dataset: { ...named('iris'), rows: 150 } }, '/dataset'],
    ['an approval without a role', { approvals: [{ ts: '2026-02-21T10:00:00Z' }] }, '/approvals/0/role'],
    ['a metric that is a list', { metrics: { accuracy: [1] } }, '/metrics/accuracy'],
    [
      'an exit code that is no integer',
      {
        job: {
          command: ['a'],
          exit_code: 0.5,
          started_at: '2026-02-21T10:00:00Z',
          finished_at: '2026-02-21T10:00:00Z',
        },
      },
      '/job/exit_code',
    ],
    ['an unknown field', { modle: 'typo' }, ''],
    ['nothing that it speaks of', { dataset: undefined, model: undefined }, ''],
    ['more digests than can be indexed', { inputs: Array.from({ length: 63 }, (_, i) => resource(`input ${i}`)) }, ''],
  ])('refuses %s', (_, changes, pointer) => {
    expect(() => parseManifest(aManifest(changes))).toThrow(refusal('MANIFEST_INVALID', pointer));
    expect(() => parseManifest(aManifest(changes), '/predicate')).toThrow(
      refusal('MANIFEST_INVALID', `/predicate${pointer}`),
    );
  });

  it.each<[changes: Parameters<typeof aManifest>[0], pointer: string]>([
    [{ model: { id: 'm', sha256: digestOf('m').toUpperCase() } }, '/model/sha256'],
    [{ model: { id: 'm', sha256: 'abc' } }, '/model/sha256'],
    [{ dataset: undefined, datasets: [named('a'), { id: 'b', sha256: '' }] }, '/datasets/1/sha256'],
    [{ model_card: { sha256: `${digestOf('card')}00` } }, '/model_card/sha256'],
    [{ outputs: [{ name: 'o', sha256: 'z'.repeat(64) }] }, '/outputs/0/sha256'],
  ])('refuses a digest of another form by a code of its own: %j', (changes, pointer) => {
    expect(() => parseManifest(aManifest(changes))).toThrow(refusal('DIGEST_INVALID', pointer));
  });

  it('names an unknown field in its message', () => {
    expect(() => parseManifest(aManifest({ modle: 'typo' }))).toThrow('unknown field "modle"');
  });
});

const flowOf = (changes: Parameters<typeof aManifest>[0]) => manifestFlow(parseManifest(aManifest(changes)));
const [iris, classifier, labels, report, card] = ['iris', 'classifier', 'labels', 'report', 'card'].map(digestOf);

describe('manifestFlow', () => {
  it.each<[name: string, changes: Parameters<typeof aManifest>[0], inputs: unknown[], outputs: unknown[]]>([
    ['a training makes its model of its dataset', {}, [iris], [classifier]],
    ['an ingest makes its dataset', { stage: 'ingest', model: undefined }, [], [iris]],
    [
      'a preprocessing makes its dataset of its inputs',
      { stage: 'preprocess', model: undefined, inputs: [resource('labels')] },
      [labels],
      [iris],
    ],
    ['an evaluation makes nothing that it does not name', { stage: 'evaluation' }, [iris, classifier], []],
    ['explicit outputs win', { stage: 'evaluation', outputs: [resource('report')] }, [iris, classifier], [report]],
    ['an empty list of outputs names none', { outputs: [] }, [iris], [classifier]],
    ['what comes out does not go in', { inputs: [resource('classifier')] }, [iris], [classifier]],
  ])('%s', (_, changes, inputs, outputs) => {
    const flow = flowOf(changes);
    expect(new Set(flow.inputs)).toEqual(new Set(inputs));
    expect(flow.outputs).toEqual(outputs);
  });

  it('mentions each digest once, those of the model card and the image too', () => {
    const { mentions } = flowOf({ model_card: { sha256: card ?? '' }, inputs: [resource('iris')] });
    expect(mentions.toSorted()).toEqual([iris, classifier, card, digestOf('image')].toSorted());
  });
});

describe('the subjects of a manifest', () => {
  it.each<[name: string, changes: Parameters<typeof aManifest>[0], subjects: string[]]>([
    ['its outputs', { outputs: [resource('report'), resource('labels')] }, ['report', 'labels']],
    ['else its model', {}, ['classifier']],
    ['else its datasets', { model: undefined, dataset: undefined, datasets: [named('a'), named('b')] }, ['a', 'b']],
    ['else its inputs', { model: undefined, dataset: undefined, inputs: [resource('labels')] }, ['labels']],
  ])('are %s', (_, changes, subjects) => {
    const manifest = parseManifest(aManifest(changes));
    expect(manifestSubjects(manifest)).toEqual(subjects.map((name) => ({ name, digest: { sha256: digestOf(name) } })));
  });

  it('may be any digests that the manifest speaks of', () => {
    const manifest = aManifest();
    const statement = { ...manifestStatement(manifest), subject: [{ digest: { sha256: digestOf('iris') } }] };
    expect(() => checkManifestSubjects(parseStatement(statement), parseManifest(manifest))).not.toThrow();
  });

  it('may not be others: the two halves would tell different stories', () => {
    const subject = [{ digest: { sha256: digestOf('classifier') } }, { digest: { sha256: digestOf('another model') } }];
    expect(() => checkManifestSubjects(parseStatement(aStatement({ subject })), parseManifest(aManifest()))).toThrow(
      refusal('STATEMENT_INVALID', '/subject/1/digest/sha256'),
    );
  });
});
