import { join } from 'node:path';
import { type Stored, storeArtifacts } from './artifacts.ts';
import { writeEncryptionReport } from './encryption.ts';
import { DATASET, FILES, MODEL, type Run, TRAIN } from './pipeline.ts';
import { writeProvenance } from './provenance.ts';
import { assertion, writeScai } from './scai.ts';
import { type Attestation, type Scene, short } from './scene.ts';

const IMAGE = 'serving-image';
const EXPLANATION = 'explainability.json';
const TRACES = 'traces.jsonl';
const MODEL_AND_ROWS = ['--model', FILES.model, '--holdout', FILES.holdout];

/** What a gate wants to know beside what the pipeline says of itself. */
export interface Assurances {
  readonly attestations: readonly Attestation[];
  readonly artifacts: readonly Stored[];
  /** `sha256:<hex>` of the serving image. */
  readonly image: string;
}

interface Assured {
  readonly python: string;
  readonly run: Run;
  readonly commit: string;
}

/** Finds out what the gate misses, and has it attested by those in whose charge it is. */
export async function assure(scene: Scene, { python, run, commit }: Assured): Promise<Assurances> {
  const script = (name: string, ...args: readonly string[]) =>
    scene.run(python, join(import.meta.dirname, name), ...args);
  const provenance = await attestProvenance(scene, run, commit);
  const encryption = await attestEncryption(scene);
  const explanation = await attestExplanation(scene, script);
  const image = await scene.step(
    'serving image',
    () => script('image.py', '--package', 'numpy', '--image', IMAGE),
    (digest) => `an OCI image layout, ${digest.slice(0, 19)}`,
  );
  const scan = await attestScan(scene, script, image);
  const instrumentation = await attestInstrumentation(scene, script);
  const made = { 'evaluation-pipeline': [EXPLANATION], platform: [TRACES] };
  return {
    attestations: [provenance, encryption, explanation, scan, instrumentation],
    artifacts: await storeArtifacts(scene, 'reports', made),
    image,
  };
}

/** Runs one of the Python scripts. @returns what it printed */
type Script = (name: string, ...args: readonly string[]) => Promise<string>;

/** Arguments of `countersign` that attest a predicate. */
function about(predicate: string, type: string, ...subjects: readonly string[]): string[] {
  return ['attest', '--predicate', predicate, '--type', type, ...subjects.flatMap((one) => ['--subject', one])];
}

async function attestProvenance(scene: Scene, run: Run, commit: string): Promise<Attestation> {
  const predicate = await scene.prepare('provenance', () => writeProvenance(scene, run, commit));
  const args = about(predicate, 'slsa-provenance', MODEL);
  return await scene.attest('provenance', 'training-pipeline', args, () => `SLSA v1, from the commit ${short(commit)}`);
}

async function attestEncryption(scene: Scene): Promise<Attestation> {
  const predicate = await scene.prepare('encryption', () =>
    writeEncryptionReport(scene, [FILES.dataset, FILES.train, FILES.model]),
  );
  const told = () => 'S3 says that both data sets and the model are encrypted with a key of KMS';
  return await scene.attest('encryption', 'platform', about(predicate, 'scai', DATASET, TRAIN, MODEL), told);
}

async function attestExplanation(scene: Scene, script: Script): Promise<Attestation> {
  const result = 'explainability-result.json';
  const told = await scene.prepare('explanation', () =>
    script('explain.py', ...MODEL_AND_ROWS, '--report', EXPLANATION, '--test-result', result),
  );
  return await scene.attest('explanation', 'evaluation-pipeline', about(result, 'test-result', MODEL), () => told);
}

async function attestScan(scene: Scene, script: Script, image: string): Promise<Attestation> {
  const found = await scene.prepare('scan', () => script('scan.py', '--image', IMAGE, '--result', 'scan.json'));
  const told = () => `${found}, by a demonstration's list of advisories`;
  return await scene.attest('scan', 'security-scanner', about('scan.json', 'vulns', `serving-image@${image}`), told);
}

async function attestInstrumentation(scene: Scene, script: Script): Promise<Attestation> {
  const told = await scene.prepare('instrumentation', () =>
    script('traces.py', ...MODEL_AND_ROWS, '--image', IMAGE, '--traces', TRACES, '--conditions', 'traced.json'),
  );
  const conditions = scene.read<object>('traced.json');
  const traced = assertion(scene, { attribute: 'INSTRUMENTED', about: FILES.model, conditions, grounds: TRACES });
  const args = about(writeScai(scene, 'instrumented.scai.json', [traced]), 'scai', MODEL);
  return await scene.attest('instrumentation', 'platform', args, () => told);
}
