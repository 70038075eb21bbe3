import { join } from 'node:path';
import { assertion, writeScai } from './scai.ts';
import { type Attestation, type Scene, short } from './scene.ts';

/** What the stages hand to each other, in the working folder. */
export const FILES = {
  dataset: 'dataset.csv',
  train: 'train.csv',
  holdout: 'holdout.csv',
  model: 'model.tar.gz',
  report: 'evaluation.json',
  metrics: 'metrics.json',
  testResult: 'test-result.json',
  card: 'model-card.cdx.json',
} as const;

/** NAME=PATH, as the command line takes them: under these names manifests speak of the files. */
export const DATASET = `breast-cancer-wisconsin=${FILES.dataset}`;
const MODEL_ID = 'breast-cancer-classifier';
export const MODEL = `${MODEL_ID}=${FILES.model}`;
export const TRAIN = `training-part=${FILES.train}`;
const HOLDOUT = `holdout=${FILES.holdout}`;

const HERE = import.meta.dirname;
export const THRESHOLDS = join(HERE, 'thresholds.json');

/** One run and what it attested. */
export interface Run {
  readonly id: string;
  readonly commit: string | undefined;
  readonly ingest: Attestation;
  readonly preprocess: Attestation;
  readonly training: Attestation;
  readonly thresholds: Attestation;
  readonly evaluation: Attestation;
  readonly testResult: Attestation;
  readonly registration: Attestation;
  readonly modelCard: Attestation;
}

export function attestationsOf(run: Run): readonly Attestation[] {
  const { ingest, preprocess, training, thresholds, evaluation, testResult, registration, modelCard } = run;
  return [ingest, preprocess, training, thresholds, evaluation, testResult, registration, modelCard];
}

interface RunOptions {
  readonly python: string;
  readonly id: string;
  /** The commit that the scripts come from; undefined where there is no git checkout. */
  readonly commit: string | undefined;
}

/** Five stages under `countersign run`, the thresholds before anything is measured, and two attestations of the results. */
export async function runPipeline(scene: Scene, { python, id, commit }: RunOptions): Promise<Run> {
  const common = ['--run-id', id, ...(commit === undefined ? [] : ['--commit', commit])];
  const stage = (name: string, described: readonly string[], [script = '', ...args]: readonly string[]) => [
    ...['run', '--stage', name, ...common, ...described],
    ...['--', python, join(HERE, script), ...args],
  ];
  return {
    id,
    commit,
    ingest: await scene.attest(
      'ingest',
      'training-pipeline',
      stage('ingest', ['--dataset', DATASET], ['ingest.py', '--dataset', FILES.dataset]),
      () => `data set ${short(scene.digest(FILES.dataset))}`,
    ),
    preprocess: await scene.attest(
      'preprocess',
      'training-pipeline',
      stage(
        'preprocess',
        ['--input', DATASET, '--dataset', TRAIN, '--dataset', HOLDOUT],
        ['split.py', '--dataset', FILES.dataset, '--train', FILES.train, '--holdout', FILES.holdout],
      ),
      () => 'a quarter of the rows is set aside',
    ),
    training: await scene.attest(
      'training',
      'training-pipeline',
      stage(
        'training',
        ['--dataset', TRAIN, '--model', MODEL, '--unpacked', '--parameter', 'regularisation=1.0'],
        ['train.py', '--train', FILES.train, '--model', FILES.model, '--regularisation', '1.0'],
      ),
      () => `model ${short(scene.digest(FILES.model))}`,
    ),
    thresholds: await scene.attest(
      'thresholds',
      'model-owner',
      ['attest', '--predicate', writeThresholds(scene), '--type', 'scai', '--subject', THRESHOLDS],
      () => 'fixed before anything is measured',
    ),
    evaluation: await scene.attest(
      'evaluation',
      'evaluation-pipeline',
      stage(
        'evaluation',
        [
          ...['--model', MODEL, '--dataset', HOLDOUT, '--input', `thresholds=${THRESHOLDS}`],
          ...['--output', FILES.report, '--output', FILES.testResult, '--metrics', FILES.metrics],
        ],
        [
          ...['evaluate.py', '--model', FILES.model, '--holdout', FILES.holdout, '--thresholds', THRESHOLDS],
          ...['--report', FILES.report, '--metrics', FILES.metrics, '--test-result', FILES.testResult],
        ],
      ),
      () => measured(scene.read(FILES.metrics)),
    ),
    testResult: await scene.attest(
      'test result',
      'evaluation-pipeline',
      ['attest', '--predicate', FILES.testResult, '--type', 'test-result', '--subject', MODEL],
      () => `${scene.read<{ result: string }>(FILES.testResult).result} by thresholds that were fixed beforehand`,
    ),
    registration: await scene.attest(
      'registration',
      'evaluation-pipeline',
      stage(
        'registration',
        ['--model', MODEL, '--input', FILES.report, '--model-card', FILES.card, '--output', FILES.card],
        [
          ...['model_card.py', '--model', FILES.model, '--dataset', FILES.dataset],
          ...['--report', FILES.report, '--card', FILES.card],
        ],
      ),
      () => `model card ${short(scene.digest(FILES.card))}`,
    ),
    modelCard: await scene.attest(
      'model card',
      'evaluation-pipeline',
      ['attest', '--predicate', FILES.card, '--type', 'cyclonedx', '--subject', MODEL],
      () => 'CycloneDX 1.7, about the model',
    ),
  };
}

function writeThresholds(scene: Scene): string {
  const conditions = scene.read<object>(THRESHOLDS);
  const attribute = 'EVALUATION_THRESHOLDS';
  const fixed = assertion(scene, { attribute, about: THRESHOLDS, conditions, model: MODEL_ID });
  return writeScai(scene, 'thresholds.scai.json', [fixed]);
}

function measured({ accuracy, roc_auc, latency_p95_ms, latency_p99_ms }: Readonly<Record<string, number>>): string {
  const text = (value = Number.NaN) => value.toPrecision(3);
  return `accuracy ${text(accuracy)}, AUC ${text(roc_auc)}, p95 ${text(latency_p95_ms)} ms, p99 ${text(latency_p99_ms)} ms`;
}
