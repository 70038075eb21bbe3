import { createHash } from 'node:crypto';
import { Predicate, type Stage } from '../../../lib/contracts/predicates.ts';
import type { GateAttestation, GateInput } from '../../../lib/core/gate/input.ts';
import type { Json } from '../../../lib/core/json.ts';

/**
 * A release into production that every rule lets through: one data set, split, trained on, evaluated, carded, reviewed, scanned
 * and approved, as the breast-cancer example states it.
 */

const digest = (name: string): string => createHash('sha256').update(name).digest('hex');

export const DIGESTS = {
  dataset: digest('dataset.csv'),
  train: digest('train.csv'),
  holdout: digest('holdout.csv'),
  model: digest('model.tar.gz'),
  thresholds: digest('thresholds.json'),
  fairnessThresholds: digest('fairness-thresholds.json'),
  report: digest('evaluation.json'),
  explanation: digest('explanation.json'),
  card: digest('model-card.cdx.json'),
  image: digest('image'),
  previousModel: digest('previous model.tar.gz'),
} as const;

const MODEL_ID = 'breast-cancer-classifier';
const COMMIT = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const RUN = 'nightly-2026-02-21';
const ENDPOINT = 'tumour-triage';
const IMAGE = `sha256:${DIGESTS.image}`;

/** Signatories: registered name, and the role of its key. */
const SIGNATORIES = {
  'training-pipeline': 'producer',
  'evaluation-pipeline': 'evaluator',
  'privacy-officer': 'privacy-officer',
  'model-risk': 'model-risk',
  platform: 'platform',
  scanner: 'scanner',
} as const;
type Signatory = keyof typeof SIGNATORIES;

type Said = Pick<GateAttestation, 'predicate_type' | 'predicate' | 'subjects'> & Partial<GateAttestation>;

/** @param minute - of 2026-02-21 08:00 UTC, when it was received */
function attestation(name: string, minute: number, signatory: Signatory, said: Said): GateAttestation {
  return {
    evidence: digest(`evidence ${name}`),
    received_at: new Date(Date.UTC(2026, 1, 21, 8, minute)).toISOString(),
    principal: signatory,
    environment: 'production',
    flags: [],
    signature: { state: 'verified', keyid: digest(`key of ${signatory}`), role: SIGNATORIES[signatory] },
    stage: null,
    run_id: null,
    inputs: [],
    outputs: [],
    commits: [],
    ...said,
  };
}

interface Step {
  readonly stage: Stage;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly fields: Readonly<Record<string, Json>>;
}

const JOB = {
  command: ['python', 'job.py'],
  exit_code: 0,
  started_at: '2026-02-21T08:00:00Z',
  finished_at: '2026-02-21T08:00:30Z',
};

function manifest(minute: number, signatory: Signatory, { stage, inputs, outputs, fields }: Step): GateAttestation {
  return attestation(stage, minute, signatory, {
    predicate_type: Predicate.manifest,
    stage,
    run_id: RUN,
    subjects: outputs,
    inputs,
    outputs,
    commits: [COMMIT],
    predicate: {
      run_id: RUN,
      stage,
      commit_sha: COMMIT,
      principal: signatory,
      timestamp: '2026-02-21T08:00:30Z',
      environment: 'production',
      job: JOB,
      ...fields,
    },
  });
}

function scai(
  name: string,
  minute: number,
  signatory: Signatory,
  subjects: readonly string[],
  assertion: Readonly<Record<string, Json>>,
): GateAttestation {
  const predicate = { attributes: [assertion] };
  return attestation(name, minute, signatory, { predicate_type: Predicate.scai, subjects, predicate });
}

function thresholds(
  name: string,
  minute: number,
  attribute: string,
  sha256: string,
  conditions: Readonly<Record<string, Json>>,
): GateAttestation {
  const target = { name: `${name}.json`, digest: { sha256 }, annotations: { 'countersign.dev/model': MODEL_ID } };
  return scai(name, minute, 'model-risk', [sha256], { attribute, target, conditions });
}

function testResult(name: string, minute: number, configuration: readonly Json[]): GateAttestation {
  return attestation(name, minute, 'evaluation-pipeline', {
    predicate_type: Predicate.testResult,
    subjects: [DIGESTS.model],
    predicate: { result: 'PASSED', configuration: [...configuration], passedTests: [name], failedTests: [] },
  });
}

const metric = (type: string, value: string): Json => ({ type, value });

const CARD: Json = {
  bomFormat: 'CycloneDX',
  specVersion: '1.7',
  version: 1,
  metadata: {
    component: {
      type: 'machine-learning-model',
      'bom-ref': 'model',
      name: 'breast-cancer-classifier',
      hashes: [{ alg: 'SHA-256', content: DIGESTS.model }],
      modelCard: {
        modelParameters: { task: 'classification', datasets: [{ ref: 'dataset' }] },
        quantitativeAnalysis: {
          performanceMetrics: [
            metric('roc_auc', '0.994'),
            metric('latency_p95_ms', '0.210'),
            metric('latency_p99_ms', '0.340'),
          ],
        },
        considerations: {
          users: ['Radiologists who order their work list'],
          useCases: ['Orders a work list; never a diagnosis'],
          technicalLimitations: ['Measured on the rows of one hospital'],
          fairnessAssessments: [{ groupAtRisk: 'Patients under 40', harms: 'A later look at their scan' }],
        },
        properties: [{ name: 'countersign:affects_people', value: 'true' }],
      },
    },
  },
  components: [
    { type: 'data', 'bom-ref': 'dataset', name: 'biopsies', hashes: [{ alg: 'SHA-256', content: DIGESTS.dataset }] },
    { type: 'library', name: 'numpy', version: '2.3.5' },
  ],
};

const PROVENANCE: Json = {
  buildDefinition: {
    buildType: 'https://countersign.dev/examples/breast-cancer/v1',
    externalParameters: { regularisation: 1 },
    resolvedDependencies: [
      {
        uri: 'git+https://git.example/triage@refs/heads/main',
        digest: { gitCommit: COMMIT },
        annotations: { 'countersign.dev/committer': 'person-ada' },
      },
      { name: 'train.csv', digest: { sha256: DIGESTS.train } },
    ],
  },
  runDetails: { builder: { id: 'https://ci.example/runner' } },
};

const SCAN: Json = {
  scanner: {
    uri: 'pkg:github/aquasecurity/trivy@0.68.1',
    db: { lastUpdate: '2026-02-21T00:00:00Z' },
    result: [
      { id: 'CVE-2026-0001', severity: [{ method: 'nvd', score: 'medium' }] },
      { id: 'CVE-2026-0002', severity: [{ method: 'cvss_score', score: '3.1' }] },
    ],
  },
  metadata: { scanStartedOn: '2026-02-21T08:30:00Z', scanFinishedOn: '2026-02-21T08:31:00Z' },
};

const kind = (test: string): Json => ({ 'countersign.dev/test': test });

const INGEST = manifest(1, 'training-pipeline', {
  stage: 'ingest',
  inputs: [],
  outputs: [DIGESTS.dataset],
  fields: { dataset: { id: 'biopsies', sha256: DIGESTS.dataset } },
});
const PREPROCESS = manifest(2, 'training-pipeline', {
  stage: 'preprocess',
  inputs: [DIGESTS.dataset],
  outputs: [DIGESTS.train, DIGESTS.holdout],
  fields: {
    inputs: [{ name: 'biopsies', sha256: DIGESTS.dataset }],
    datasets: [
      { id: 'training-part', sha256: DIGESTS.train },
      { id: 'holdout', sha256: DIGESTS.holdout },
    ],
  },
});
const TRAINING = manifest(3, 'training-pipeline', {
  stage: 'training',
  inputs: [DIGESTS.train],
  outputs: [DIGESTS.model],
  fields: {
    dataset: { id: 'training-part', sha256: DIGESTS.train },
    model: { id: MODEL_ID, sha256: DIGESTS.model },
    image_digest: IMAGE,
    parameters: { regularisation: 1 },
  },
});
const EVALUATION = manifest(20, 'evaluation-pipeline', {
  stage: 'evaluation',
  inputs: [DIGESTS.model, DIGESTS.holdout, DIGESTS.thresholds],
  outputs: [DIGESTS.report],
  fields: {
    dataset: { id: 'holdout', sha256: DIGESTS.holdout },
    model: { id: MODEL_ID, sha256: DIGESTS.model },
    outputs: [{ name: 'evaluation.json', sha256: DIGESTS.report }],
    metrics: { roc_auc: 0.994, recall: 0.96, latency_p99_ms: 0.34, recall_gap: 0.03 },
  },
});
const REGISTRATION = manifest(26, 'evaluation-pipeline', {
  stage: 'registration',
  inputs: [DIGESTS.model, DIGESTS.report],
  outputs: [DIGESTS.card],
  fields: {
    model: { id: MODEL_ID, sha256: DIGESTS.model },
    model_card: { sha256: DIGESTS.card },
    outputs: [{ name: 'model-card.cdx.json', sha256: DIGESTS.card }],
  },
});

/** By a short name each, in order of receipt. */
export const ATTESTATIONS = {
  ingest: INGEST,
  preprocess: PREPROCESS,
  training: TRAINING,
  provenance: attestation('provenance', 4, 'training-pipeline', {
    predicate_type: Predicate.slsaProvenance,
    subjects: [DIGESTS.model],
    inputs: [DIGESTS.train],
    outputs: [DIGESTS.model],
    commits: [COMMIT],
    predicate: PROVENANCE,
  }),
  consent: scai('consent', 5, 'privacy-officer', [DIGESTS.dataset], {
    attribute: 'DATASET_CONSENT',
    target: { name: 'dataset.csv', digest: { sha256: DIGESTS.dataset } },
    conditions: { licence: 'CC-BY-4.0', personal_data: true },
  }),
  privacy: scai('privacy', 6, 'privacy-officer', [DIGESTS.dataset], { attribute: 'PRIVACY_REVIEWED' }),
  encryption: scai('encryption', 7, 'platform', [DIGESTS.dataset, DIGESTS.train, DIGESTS.model], {
    attribute: 'ENCRYPTED_AT_REST',
  }),
  instrumentation: scai('instrumentation', 8, 'platform', [DIGESTS.model], { attribute: 'INSTRUMENTED' }),
  thresholds: thresholds('thresholds', 9, 'EVALUATION_THRESHOLDS', DIGESTS.thresholds, {
    roc_auc: { at_least: 0.98 },
    recall: { at_least: 0.9, at_most: 1 },
    latency_p99_ms: { at_most: 50 },
  }),
  fairnessThresholds: thresholds('fairness-thresholds', 10, 'FAIRNESS_THRESHOLDS', DIGESTS.fairnessThresholds, {
    recall_gap: { at_most: 0.05 },
  }),
  evaluation: EVALUATION,
  evaluationResult: testResult('evaluation result', 21, [
    { name: 'thresholds.json', digest: { sha256: DIGESTS.thresholds } },
  ]),
  fairnessResult: testResult('fairness result', 22, [
    {
      name: 'fairness-thresholds.json',
      digest: { sha256: DIGESTS.fairnessThresholds },
      annotations: kind('fairness'),
    },
  ]),
  explainabilityResult: testResult('explainability result', 23, [
    { name: 'explanation.json', digest: { sha256: DIGESTS.explanation }, annotations: kind('explainability') },
  ]),
  registration: REGISTRATION,
  card: attestation('card', 27, 'evaluation-pipeline', {
    predicate_type: Predicate.cyclonedx,
    subjects: [DIGESTS.model],
    predicate: CARD,
  }),
  scan: attestation('scan', 32, 'scanner', {
    predicate_type: Predicate.vulns,
    subjects: [DIGESTS.image],
    predicate: SCAN,
  }),
} as const satisfies Readonly<Record<string, GateAttestation>>;

const approval = (role: string, person: string) => ({
  evidence: digest(`approval of ${person}`),
  role,
  person,
  decision: 'approved' as const,
  model: DIGESTS.model,
  environment: 'production' as const,
  endpoint: ENDPOINT,
  image_digest: IMAGE,
  promotion: null,
  decided_at: '2026-02-21T09:30:00.000Z',
});

export const PASSING: GateInput = {
  version: 1,
  now: '2026-02-21T10:00:00.000Z',
  phase: 'release',
  environment: 'production',
  model: { sha256: DIGESTS.model },
  image_digest: IMAGE,
  endpoint: ENDPOINT,
  requester: 'person-grace',
  promotion: null,
  attestations: Object.values(ATTESTATIONS),
  superseded: 0,
  lineage: {
    complete: true,
    code: null,
    nodes: [DIGESTS.model, DIGESTS.train, DIGESTS.dataset],
    edges: [
      { from: DIGESTS.train, to: DIGESTS.model, evidence: TRAINING.evidence },
      { from: DIGESTS.train, to: DIGESTS.model, evidence: digest('evidence provenance') },
      { from: DIGESTS.dataset, to: DIGESTS.train, evidence: PREPROCESS.evidence },
    ],
    cycle: null,
  },
  waivers: { known: true, items: [] },
  findings: { known: true, items: [] },
  approvals: {
    known: true,
    items: [approval('model-owner', 'person-edsger'), approval('privacy-officer', 'person-barbara')],
  },
  releases: {
    known: true,
    items: [
      {
        evidence: digest('previous release'),
        endpoint: ENDPOINT,
        model: DIGESTS.previousModel,
        released_at: '2026-01-15T12:00:00.000Z',
      },
    ],
  },
};
