import { sha256Hex } from '../../lib/core/digest.ts';
import type { RuleVerdict } from '../../lib/core/gate/input.ts';
import type {
  ApprovalFacts,
  ApprovalPage,
  DecisionView,
  Ended,
  Form,
  LineageNode,
  PromotionSummary,
  Proof,
  TimelinePage,
} from '../../lib/core/pages/model.ts';
import { Browser, type Step } from '../../lib/runtime/approval-browser.ts';

/** Values of pages and mails as they would be, and every state that a page can be in. */

const hex = (seed: string): string => sha256Hex(Buffer.from(seed));

export const SUMMARY: PromotionSummary = {
  promotion: 'prm-2026-11-21-7f3a9c',
  endpoint: 'tumour-scoring-eu',
  environment: 'production',
  model: { name: 'breast-cancer-classifier', sha256: hex('model') },
  image: `sha256:${hex('image')}`,
  requester: 'ci-release',
  requestedAt: '2026-11-21T09:14:00.000Z',
  reason:
    'Retrained on the corrected October batch.\nRecall on small nuclei rises from 0.94 to 0.97; latency is unchanged.',
  emergency: false,
};

const verdict = (rule: string, changes: Partial<RuleVerdict> = {}): RuleVerdict => ({
  rule,
  verdict: 'pass',
  severity: 'high',
  controls: ['A.8.29'],
  effective_on: '2026-01-01T00:00:00.000Z',
  reasons: [],
  waiver: null,
  ...changes,
});

const VERDICTS: readonly RuleVerdict[] = [
  verdict('commit_recorded', { controls: ['A.8.4', 'A.8.32'] }),
  verdict('dataset_consent', { severity: 'critical', controls: ['A.5.31', 'A.5.34'] }),
  verdict('encryption_at_rest', { controls: ['A.8.24'] }),
  verdict('evaluation_passed'),
  verdict('explainability_report', { severity: 'medium' }),
  verdict('fairness_evaluated', { verdict: 'not_applicable', controls: ['A.5.31', 'A.8.29'] }),
  verdict('image_pinned', { controls: ['A.8.9', 'A.8.19'] }),
  verdict('image_vulnerabilities', {
    verdict: 'waived',
    controls: ['A.8.8'],
    waiver: hex('waiver'),
    reasons: [
      { code: 'vulnerabilities_over_limit', params: { found: 1, severity: 'high', limit: 0, ids: ['CVE-2026-31337'] } },
    ],
  }),
  verdict('instrumentation_attested', { severity: 'medium', controls: ['A.8.15', 'A.8.16'] }),
  verdict('lineage_complete', { severity: 'critical', controls: ['A.5.9', 'A.5.33'] }),
  verdict('manifest_complete', { controls: ['A.5.33', 'A.8.9'] }),
  verdict('model_card', { severity: 'medium', controls: ['A.5.37'] }),
  verdict('no_critical_finding', { severity: 'critical', controls: ['A.5.25', 'A.5.26'] }),
  verdict('privacy_reviewed', { severity: 'critical', controls: ['A.5.34'] }),
  verdict('required_approvals', {
    verdict: 'not_applicable',
    controls: ['A.5.2', 'A.8.32'],
    reasons: [{ code: 'asked_at_release', params: {} }],
  }),
  verdict('separation_of_duties', {
    verdict: 'not_applicable',
    severity: 'critical',
    controls: ['A.5.3'],
    reasons: [{ code: 'asked_at_release', params: {} }],
  }),
  verdict('signature_verified', { severity: 'critical', controls: ['A.5.28', 'A.8.24'] }),
  verdict('training_provenance', { controls: ['A.5.21', 'A.8.25'] }),
  verdict('way_back', { controls: ['A.5.30', 'A.8.32'] }),
];

const node = (name: string, kind: LineageNode['kind'], stage: LineageNode['stage']): LineageNode => ({
  name,
  kind,
  stage,
  sha256: name === SUMMARY.model.name ? SUMMARY.model.sha256 : hex(name),
});

const NODES: readonly LineageNode[] = [
  node('breast-cancer-classifier', 'model', 'training'),
  node('train.csv', 'dataset', 'preprocess'),
  node('test.csv', 'dataset', 'preprocess'),
  node('biopsies.csv', 'dataset', 'ingest'),
  node('thresholds.json', 'other', null),
  node('report.json', 'other', 'evaluation'),
];

const edge = (from: string, to: string) => ({
  from: node(from, 'other', null).sha256,
  to: node(to, 'other', null).sha256,
});

export const DECIDED: DecisionView = {
  person: 'p-17',
  role: 'privacy-officer',
  decision: 'approved',
  method: 'oidc',
  at: '2026-11-21T11:02:00.000Z',
  comment: 'Consent covers the October batch; the review of 3 November still holds.',
  evidence: hex('approval'),
  fallen: null,
};

export const FACTS: ApprovalFacts = {
  summary: SUMMARY,
  role: 'model-owner',
  deputyFor: null,
  until: '2026-11-24T09:14:00.000Z',
  changed: [],
  gate: {
    decision: hex('decision'),
    decidedAt: '2026-11-21T09:14:03.000Z',
    passed: true,
    policy: { sha256: hex('policy'), revision: '2026.11.2' },
    verdicts: VERDICTS,
    warnings: [
      verdict('serving_cost', {
        verdict: 'undetermined',
        severity: 'low',
        controls: ['A.8.6'],
        reasons: [{ code: 'cost_not_measured', params: { endpoint: 'tumour-scoring-eu' } }],
      }),
    ],
    waivers: [
      {
        evidence: hex('waiver'),
        rule: 'image_vulnerabilities',
        scope: { model: null, dataset: null, endpoint: 'tumour-scoring-eu', environment: 'production' },
        reason: 'the vulnerable parser is not reachable from the endpoint',
        compensating_control: 'requests are limited to JSON of 64 KB at the gateway',
        not_before: '2026-11-10T08:00:00.000Z',
        not_after: '2026-12-10T08:00:00.000Z',
        requester: 'AROAEXAMPLE',
        approver: { principal: 'AROAOTHER', role: 'policy-approver' },
      },
    ],
  },
  running: {
    model: { name: 'breast-cancer-classifier', sha256: hex('running') },
    image: `sha256:${hex('image')}`,
    policy: { sha256: hex('policy before'), revision: '2026.09.1' },
    releasedAt: '2026-09-30T14:20:00.000Z',
  },
  card: {
    sha256: hex('card'),
    metrics: [
      { name: 'roc_auc', value: '0.994812', running: '0.991204', better: 'higher' },
      { name: 'recall', value: '0.971014', running: '0.942029', better: 'higher' },
      { name: 'accuracy', value: '0.964912', running: '0.973684', better: 'higher' },
      { name: 'latency_p95_ms', value: '3.1', running: '3.1', better: 'lower' },
      { name: 'latency_p99_ms', value: '4.6', running: '5.9', better: 'lower' },
      { name: 'calibration_error', value: '0.021', running: null, better: null },
    ],
    sections: [
      { heading: 'Use cases', texts: ['A demonstration; never a diagnosis'] },
      {
        heading: 'Technical limitations',
        texts: [
          'Measured on 114 rows of the one hospital that the data set comes from, gathered before 1996',
          'Fairness between groups of people cannot be measured: the data set has no attribute of a person.',
        ],
      },
      {
        heading: 'Ethical considerations',
        texts: ['A missed malignant biopsy costs more than a false alarm: recall has a threshold of its own'],
      },
    ],
  },
  datasets: [
    {
      name: 'biopsies.csv',
      sha256: hex('biopsies.csv'),
      personalData: true,
      consent: { state: 'granted', by: 'data-office', at: '2026-10-30T10:00:00.000Z', evidence: hex('consent') },
      privacyReview: { state: 'granted', by: 'privacy-desk', at: '2026-11-03T16:40:00.000Z', evidence: hex('review') },
    },
    {
      name: 'train.csv',
      sha256: hex('train.csv'),
      personalData: null,
      consent: { state: 'unstated', by: null, at: null, evidence: null },
      privacyReview: { state: 'unstated', by: null, at: null, evidence: null },
    },
  ],
  lineage: {
    nodes: NODES,
    edges: [
      edge('biopsies.csv', 'train.csv'),
      edge('biopsies.csv', 'test.csv'),
      edge('train.csv', 'breast-cancer-classifier'),
      edge('thresholds.json', 'report.json'),
      edge('test.csv', 'report.json'),
      edge('breast-cancer-classifier', 'report.json'),
    ],
    complete: true,
  },
  approvedBy: [DECIDED.role],
  decided: [DECIDED],
  earlier: [
    {
      ...DECIDED,
      person: 'p-4',
      role: 'model-owner',
      method: 'code',
      at: '2026-09-30T13:58:00.000Z',
      comment: 'Good enough to replace the August model.',
      evidence: hex('earlier 1'),
      model: { name: 'breast-cancer-classifier', sha256: hex('running') },
      environment: 'production',
    },
    {
      ...DECIDED,
      person: 'p-4',
      role: 'model-owner',
      method: 'code',
      decision: 'rejected',
      at: '2026-09-12T08:11:00.000Z',
      comment: 'Recall fell below the model that runs. Please look at the batch of 9 September.',
      evidence: hex('earlier 2'),
      model: { name: 'breast-cancer-classifier', sha256: hex('older') },
      environment: 'production',
    },
  ],
  withheld: { what: 'nothing' },
  evidence: [
    { what: 'Training manifest', sha256: hex('training') },
    { what: 'Evaluation manifest', sha256: hex('evaluation') },
    { what: 'Provenance', sha256: hex('provenance') },
    { what: 'Scan of the image', sha256: hex('scan') },
  ],
};

/** Where the pages are served; the secret of a real link has no such form. */
export const HOME = '/approve/SECRET';

/** The forms as the handler makes them. */
const shown = new Browser(
  { random: (count) => Buffer.alloc(count, 7) },
  {
    route: 'GET /approve/{link}',
    secret: 'SECRET',
    home: HOME,
    base: 'https://pages.test',
    query: new Map(),
    form: undefined,
    cookies: new Map(),
    from: undefined,
  },
  { id: hex('link') },
);
export const form = (step: Step): Form => shown.form(step);

export const CODE_PROOF: Proof = { method: 'code', form: form('code') };
const PROVIDER = 'login.example.com';

/** Forty shards that became one training set, on their way through five features. */
const WIDE_LINEAGE: ApprovalFacts['lineage'] = (() => {
  const shards = Array.from({ length: 40 }, (_, index) => node(`shard-${index}.parquet`, 'dataset', 'ingest'));
  const features = Array.from({ length: 5 }, (_, index) => node(`features-${index}.parquet`, 'dataset', 'feature'));
  const model = node('breast-cancer-classifier', 'model', 'training');
  return {
    nodes: [model, ...features, ...shards],
    edges: [
      ...features.map(({ sha256 }) => ({ from: sha256, to: model.sha256 })),
      ...shards.map(({ sha256 }, index) => ({ from: sha256, to: features[index % 5]?.sha256 ?? model.sha256 })),
    ],
    complete: true,
  };
})();

const ENDED: Ended = { promotion: hex('promotion'), outcome: 'rolled_back', at: '2026-11-21T13:00:00.000Z' };

/** To who has proved nothing yet. */
const UNPROVEN: ApprovalFacts = { ...FACTS, decided: [], earlier: [], withheld: { what: 'decisions', count: 3 } };

/** By a name that says what is to be seen. */
export const APPROVAL_PAGES: Readonly<Record<string, ApprovalPage>> = {
  asked: { state: 'asked', facts: UNPROVEN, code: form('code') },
  'decide-sign-in': {
    state: 'decide',
    facts: {
      ...FACTS,
      deputyFor: 'p-4',
      decided: FACTS.decided.map((one) => ({ ...one, comment: '' })),
      earlier: FACTS.earlier.map((one) => ({ ...one, comment: '' })),
      withheld: { what: 'comments' },
    },
    provider: PROVIDER,
    decide: form('choose'),
    comment: '',
    problem: undefined,
  },
  'sign-in': {
    state: 'sign_in',
    facts: FACTS,
    choice: 'approve',
    comment: 'Recall is what matters here, and it rises.',
    provider: PROVIDER,
    url: 'https://login.example.com/authorize?client_id=countersign&nonce=n',
    back: HOME,
  },
  'signed-in': {
    state: 'confirm',
    facts: FACTS,
    choice: 'approve',
    comment: 'Recall is what matters here, and it rises.',
    method: 'oidc',
    confirm: { action: '/signed-in', hidden: { state: 'f'.repeat(43), code: 'c' } },
    back: undefined,
  },
  'asked-first': {
    state: 'asked',
    facts: {
      ...FACTS,
      running: null,
      approvedBy: [],
      withheld: { what: 'decisions', count: 0 },
      decided: [],
      earlier: [],
      summary: { ...SUMMARY, emergency: true },
    },
    code: form('code'),
  },
  'asked-again': {
    state: 'asked',
    facts: {
      ...UNPROVEN,
      approvedBy: [],
      changed: [
        'the consent for the dataset biopsies.csv was withdrawn and given anew',
        'the policy 2026.11.2 was activated',
      ],
    },
    code: form('code'),
  },
  'asked-closed': {
    state: 'asked',
    facts: {
      ...UNPROVEN,
      gate: {
        ...FACTS.gate,
        passed: false,
        verdicts: VERDICTS.map((one) =>
          one.rule === 'privacy_reviewed'
            ? {
                ...one,
                verdict: 'fail',
                reasons: [{ code: 'privacy_review_missing', params: { dataset: hex('biopsies.csv') } }],
              }
            : one.rule === 'signature_verified'
              ? {
                  ...one,
                  verdict: 'undetermined',
                  reasons: [{ code: 'evidence_unreadable', params: { evidence: hex('lost') } }],
                }
              : one,
        ),
      },
      lineage: { ...FACTS.lineage, complete: false },
    },
    code: form('code'),
  },
  'asked-wide': { state: 'asked', facts: { ...UNPROVEN, lineage: WIDE_LINEAGE }, code: form('code') },
  code: { state: 'code', facts: UNPROVEN, enter: form('session'), resend: form('code'), triesLeft: undefined },
  'code-wrong': { state: 'code', facts: UNPROVEN, enter: form('session'), resend: form('code'), triesLeft: 3 },
  decide: {
    state: 'decide',
    facts: FACTS,
    provider: undefined,
    decide: form('choose'),
    comment: '',
    problem: undefined,
  },
  'decide-problem': {
    state: 'decide',
    facts: FACTS,
    provider: undefined,
    decide: form('choose'),
    comment: '',
    problem: 'comment_missing',
  },
  'confirm-approve': {
    state: 'confirm',
    facts: FACTS,
    choice: 'approve',
    comment: 'Recall is what matters here, and it rises.\nThe loss of accuracy is one row.',
    method: 'code',
    confirm: form('confirm'),
    back: HOME,
  },
  'confirm-reject': {
    state: 'confirm',
    facts: FACTS,
    choice: 'reject',
    comment: 'Accuracy fell; show me which row.',
    method: 'code',
    confirm: form('confirm'),
    back: HOME,
  },
  'confirm-withdraw': {
    state: 'confirm',
    facts: FACTS,
    choice: 'withdraw',
    comment: '',
    method: 'code',
    confirm: form('confirm'),
    back: HOME,
  },
  unknown: { state: 'unknown' },
  'sign-in-stale': { state: 'sign_in_failed', because: 'stale', back: undefined },
  'sign-in-other-person': { state: 'sign_in_failed', because: 'other_person', back: HOME },
  expired: { state: 'expired', until: FACTS.until },
  used: { state: 'used' },
  revoked: { state: 'revoked' },
  'too-many-tries': { state: 'too_many_tries' },
  wait: { state: 'wait', until: FACTS.until },
  'no-more-codes': { state: 'no_more_codes' },
  'stale-form': { state: 'stale_form', back: HOME },
  barred: { state: 'barred', because: 'committer' },
  decided: {
    state: 'decided',
    about: SUMMARY,
    decision: { ...DECIDED, person: 'p-4', role: 'model-owner', method: 'code' },
    withdraw: CODE_PROOF,
  },
  'decided-rejected': {
    state: 'decided',
    about: SUMMARY,
    decision: { ...DECIDED, decision: 'rejected', comment: 'Accuracy fell; show me which row.' },
    withdraw: undefined,
  },
  'decided-ended': { state: 'decided', about: ENDED, decision: DECIDED, withdraw: undefined },
  ended: { state: 'ended', ...ENDED },
  changed: { state: 'changed', changed: ['the key that signed the training manifest was revoked'] },
};

const release = (
  at: string,
  seed: string,
  changes: Partial<TimelinePage['releases'][number]> = {},
): TimelinePage['releases'][number] => ({
  kind: 'released',
  at,
  model: { name: 'breast-cancer-classifier', sha256: hex(seed) },
  image: `sha256:${hex('image')}`,
  requester: 'ci-release',
  approvedBy: [
    { person: 'p-4', role: 'model-owner' },
    { person: 'p-17', role: 'privacy-officer' },
  ],
  evidence: hex(`release ${at}`),
  reason: '',
  emergency: false,
  ...changes,
});

export const TIMELINE_PAGES: Readonly<Record<string, TimelinePage>> = {
  timeline: {
    endpoint: 'tumour-scoring-eu',
    environment: 'production',
    at: '2026-11-21T13:30:00.000Z',
    releases: [
      release('2026-11-21T12:10:00.000Z', 'model', {
        emergency: true,
        reason: 'The model in place reads the new scanner wrongly',
      }),
      release('2026-10-19T07:45:00.000Z', 'running', {
        kind: 'rolled_back',
        approvedBy: [],
        requester: 'operations',
        reason: 'canary alarm: 5xx rate above 1 % for 5 minutes',
      }),
      release('2026-10-18T16:00:00.000Z', 'october'),
      release('2026-09-30T14:20:00.000Z', 'running'),
      release('2026-08-02T09:00:00.000Z', 'older'),
    ],
    more: true,
  },
  'timeline-empty': {
    endpoint: 'tumour-scoring-us',
    environment: null,
    at: '2026-11-21T13:30:00.000Z',
    releases: [],
    more: false,
  },
  'timeline-removed': {
    endpoint: 'tumour-scoring-eu',
    environment: 'staging',
    at: '2026-11-21T13:30:00.000Z',
    releases: [
      { ...release('2026-11-20T12:10:00.000Z', 'none'), kind: 'removed', model: null, image: null, approvedBy: [] },
      release('2026-11-01T12:10:00.000Z', 'model'),
    ],
    more: false,
  },
};
