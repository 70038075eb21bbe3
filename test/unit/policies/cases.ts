import type { GateAttestation, GateInput, GateLineage, GateWaiver, Verdict } from '../../../lib/core/gate/input.ts';
import { type AttestationName, changed, signed, stating, without } from './edits.ts';
import { ATTESTATIONS, DIGESTS, PASSING } from './fixture.ts';

/** What one rule answers to one set of facts. */
export interface Case {
  readonly rule: string;
  readonly when: string;
  readonly input: GateInput;
  readonly verdict: Verdict;
  /** Codes of the reasons, sorted. */
  readonly codes: readonly string[];
}

const UNASKED = { image_digest: null, phase: 'request' } as const;
const UNREAD = { known: false, code: 'DEPENDENCY_UNAVAILABLE' } as const;
const CARD = 'metadata/component/modelCard';
const ASSESSMENTS = `${CARD}/considerations/fairnessAssessments`;
const AFFECTED = `${CARD}/properties/0/value`;
const BOUNDS = 'attributes/0/conditions';
const GRANTED = 'attributes/0/conditions/granted';
const WITHDRAWN = 'attributes/0/conditions/withdrawn';
const DEPENDENCIES = 'buildDefinition/resolvedDependencies';
const COMMITTER = 'buildDefinition/resolvedDependencies/0/annotations';
const PERSONAL = 'attributes/0/conditions/personal_data';
const OWN_APPROVER = { principal: 'person-grace', role: 'data-owner' };

const WAIVER: GateWaiver = {
  evidence: DIGESTS.report,
  rule: 'dataset_consent',
  scope: { model: null, dataset: DIGESTS.dataset, endpoint: null, environment: 'production' },
  reason: 'the licence is being renewed',
  compensating_control: 'the endpoint serves nobody outside',
  not_before: '2026-02-20T00:00:00.000Z',
  not_after: '2026-03-20T00:00:00.000Z',
  requester: 'person-grace',
  approver: { principal: 'person-linus', role: 'data-owner' },
};

/** Facts in which the consent is missing, with a waiver for it that is changed. */
function waived(changes: Partial<GateWaiver>, scope: Partial<GateWaiver['scope']> = {}): GateInput {
  const waiver = { ...WAIVER, scope: { ...WAIVER.scope, ...scope }, ...changes };
  return { ...without('consent'), waivers: { known: true, items: [waiver] } };
}

const found = (about: string): GateInput => ({
  ...PASSING,
  findings: { known: true, items: [{ id: 'finding-1', severity: 'critical', about, opened_at: PASSING.now }] },
});

function approved(change: { readonly person?: string; readonly decision?: 'rejected' }): GateInput {
  if (!PASSING.approvals.known) throw new Error('approvals are known');
  const [owner, officer] = PASSING.approvals.items;
  if (!owner || !officer) throw new Error('two have approved');
  return { ...PASSING, approvals: { known: true, items: [owner, { ...officer, ...change }] } };
}

function lineage(changes: Partial<GateLineage>): GateInput {
  return { ...PASSING, lineage: { ...PASSING.lineage, ...changes } };
}

/** Without the review, and with another statement on personal data. */
function unreviewed(edits: Parameters<typeof stating>[1]): GateInput {
  const { attestations } = stating('consent', edits);
  return {
    ...PASSING,
    attestations: attestations.filter(({ evidence }) => evidence !== ATTESTATIONS.privacy.evidence),
  };
}

/** With other statements, after which somebody else has stated what passes. */
function hidden(name: AttestationName, edits: Parameters<typeof stating>[1]): GateInput {
  const better = { ...ATTESTATIONS[name], evidence: DIGESTS.report, principal: 'somebody-else' };
  return { ...PASSING, attestations: [...stating(name, edits).attestations, better] };
}

/** After all else, the same signer, or another one, has stated something else. */
function followed(
  name: AttestationName,
  edits: Parameters<typeof stating>[1],
  other: Partial<GateAttestation> = {},
): GateInput {
  const { evidence } = ATTESTATIONS[name];
  const later = stating(name, edits).attestations.filter((one) => one.evidence === evidence);
  const more = later.map((one) => ({ ...one, evidence: DIGESTS.report, ...other }));
  return { ...PASSING, attestations: [...PASSING.attestations, ...more] };
}

const SOMEBODY_ELSE = { principal: 'somebody-else' } as const;

/** Measured before the thresholds came, and something else after that, by somebody else. */
function measuredEarly(): GateInput {
  const { attestations } = followed('evaluation', { metrics: { elegance: 1 } }, SOMEBODY_ELSE);
  const { evidence } = ATTESTATIONS.evaluation;
  const received_at = '2026-02-21T08:05:00.000Z';
  return {
    ...PASSING,
    attestations: attestations.map((one) => (one.evidence === evidence ? { ...one, received_at } : one)),
  };
}

/** Of one rule: [when, input, verdict, codes]. */
type Row = readonly [when: string, input: GateInput, verdict: Verdict, ...codes: string[]];

const passes: Row = ['everything is there', PASSING, 'pass'];
const unreadable = (name: AttestationName, ...codes: string[]): Row => [
  `the ${name} cannot be read`,
  signed(name, 'unreadable'),
  'undetermined',
  ...[...codes, 'evidence_unreadable'].toSorted(),
];
const atRequest: Row = [
  'people were not asked yet',
  { ...PASSING, phase: 'request' },
  'not_applicable',
  'asked_at_release',
];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  commit_recorded: [
    passes,
    ['the training names none', changed('training', (one) => ({ ...one, commits: [] })), 'fail', 'commit_missing'],
    ['there is no training', without('training'), 'fail', 'training_missing'],
    unreadable('training'),
  ],
  dataset_consent: [
    passes,
    [
      'ingested data is passed off as made from other data',
      changed('ingest', (one) => ({ ...one, outputs: [DIGESTS.dataset, DIGESTS.train] })),
      'fail',
      'consent_missing',
    ],
    ['nobody consents', without('consent'), 'fail', 'consent_missing'],
    ['the consent says no', stating('consent', { [GRANTED]: false }), 'fail', 'consent_denied'],
    ['the consent says neither yes nor no', stating('consent', { [GRANTED]: 'perhaps' }), 'fail', 'consent_denied'],
    ['the consent says yes', stating('consent', { [GRANTED]: true }), 'pass'],
    ['the consent is withdrawn later', followed('consent', { [WITHDRAWN]: true }), 'fail', 'consent_denied'],
    ['somebody else says no', followed('consent', { [GRANTED]: false }, SOMEBODY_ELSE), 'fail', 'consent_denied'],
    ['somebody else consents after a no', hidden('consent', { [GRANTED]: false }), 'fail', 'consent_denied'],
    ['the consent is not signed', signed('consent', 'unsigned'), 'fail', 'consent_missing'],
    ['no data is known', without('training'), 'undetermined', 'datasets_unknown'],
    unreadable('consent'),
    unreadable('encryption'),
    ['an exception was granted', waived({}), 'waived', 'consent_missing'],
    ['the exception is for another rule', waived({ rule: 'model_card' }), 'fail', 'consent_missing'],
    ['the exception is for another data set', waived({}, { dataset: DIGESTS.train }), 'fail', 'consent_missing'],
    ['the exception is for another model', waived({}, { model: DIGESTS.previousModel }), 'fail', 'consent_missing'],
    ['the exception is for another endpoint', waived({}, { endpoint: 'elsewhere' }), 'fail', 'consent_missing'],
    ['the exception is for another environment', waived({}, { environment: 'staging' }), 'fail', 'consent_missing'],
    ['the exception has ended', waived({ not_after: PASSING.now }), 'fail', 'consent_missing'],
    ['the exception has not begun', waived({ not_before: '2026-02-21T10:00:00.001Z' }), 'fail', 'consent_missing'],
    ['the requester approved the exception', waived({ approver: OWN_APPROVER }), 'fail', 'consent_missing'],
    [
      'exceptions cannot be read',
      { ...without('consent'), waivers: UNREAD },
      'fail',
      'consent_missing',
      'facts_unknown',
    ],
  ],
  encryption_at_rest: [
    passes,
    ['nobody attests it', without('encryption'), 'fail', 'dataset_encryption_missing', 'model_encryption_missing'],
    unreadable('encryption'),
  ],
  evaluation_passed: [
    passes,
    ['a metric is too low', stating('evaluation', { 'metrics/roc_auc': 0.9 }), 'fail', 'metric_too_low'],
    ['a metric is too high', stating('evaluation', { 'metrics/latency_p99_ms': 51 }), 'fail', 'metric_too_high'],
    ['a metric was not measured', stating('evaluation', { 'metrics/recall': undefined }), 'fail', 'metric_missing'],
    ['a threshold binds nothing', stating('thresholds', { [`${BOUNDS}/recall`]: {} }), 'fail', 'threshold_malformed'],
    ['thresholds are null', stating('thresholds', { [BOUNDS]: null }), 'fail', 'thresholds_empty'],
    ['no threshold is fixed', stating('thresholds', { [BOUNDS]: {} }), 'fail', 'thresholds_empty'],
    ['nobody fixed thresholds', without('thresholds'), 'fail', 'thresholds_missing'],
    [
      'thresholds came with the measurements',
      changed('thresholds', (one) => ({ ...one, received_at: ATTESTATIONS.evaluation.received_at })),
      'fail',
      'thresholds_too_late',
    ],
    ['thresholds came with what was measured by anybody', measuredEarly(), 'fail', 'metric_too_early'],
    [
      'a bad value is followed by silence and by a good one of somebody else',
      {
        ...PASSING,
        attestations: [
          ...stating('evaluation', { 'metrics/roc_auc': 0.1 }).attestations,
          ...followed('evaluation', { 'metrics/roc_auc': undefined }).attestations.slice(-1),
          ...followed('evaluation', {}, SOMEBODY_ELSE).attestations.slice(-1),
        ],
      },
      'fail',
      'metric_too_low',
    ],
    ['there is no evaluation', without('evaluation'), 'fail', 'evaluation_missing'],
    ['there is no result', without('evaluationResult'), 'fail', 'test_result_missing'],
    ['the result says failed', stating('evaluationResult', { result: 'FAILED' }), 'fail', 'test_result_failed'],
    [
      'it failed and another signer passed it later',
      hidden('evaluationResult', { result: 'FAILED' }),
      'fail',
      'test_result_failed',
    ],
    unreadable('evaluationResult'),
    unreadable('thresholds'),
    unreadable('evaluation'),
  ],
  explainability_report: [
    passes,
    ['there is none', without('explainabilityResult'), 'fail', 'test_result_missing'],
    ['it failed', stating('explainabilityResult', { result: 'FAILED' }), 'fail', 'test_result_failed'],
    unreadable('explainabilityResult'),
  ],
  fairness_evaluated: [
    passes,
    ['it was not measured', without('fairnessResult'), 'fail', 'test_result_missing'],
    ['a group is worse off', stating('evaluation', { 'metrics/recall_gap': 0.2 }), 'fail', 'metric_too_high'],
    [
      'nobody is affected',
      stating('card', { [ASSESSMENTS]: undefined, [AFFECTED]: 'false' }),
      'not_applicable',
      'no_people_affected',
    ],
    [
      "another signer's newer card denies that people are affected",
      {
        ...followed('card', { [ASSESSMENTS]: undefined, [AFFECTED]: 'false' }, SOMEBODY_ELSE),
        attestations: followed(
          'card',
          { [ASSESSMENTS]: undefined, [AFFECTED]: 'false' },
          SOMEBODY_ELSE,
        ).attestations.filter(({ evidence }) => evidence !== ATTESTATIONS.fairnessResult.evidence),
      },
      'fail',
      'test_result_missing',
    ],
    [
      'the card does not say whether people are affected',
      stating('card', { [ASSESSMENTS]: undefined, [AFFECTED]: 'perhaps' }),
      'undetermined',
      'affects_people_unstated',
    ],
    unreadable('card', 'affects_people_unstated'),
  ],
  image_pinned: [
    passes,
    ['the training names it, before people are asked', { ...PASSING, ...UNASKED }, 'pass'],
    ['a release names none', { ...PASSING, image_digest: null }, 'undetermined', 'image_unknown'],
    ['nobody names one', { ...stating('training', { image_digest: undefined }), ...UNASKED }, 'fail', 'image_unnamed'],
    ['it is named by a tag', { ...PASSING, image_digest: 'serving:latest' }, 'fail', 'image_not_pinned'],
    [
      'the training that may name it cannot be read',
      { ...signed('training', 'unreadable'), ...UNASKED },
      'undetermined',
      'evidence_unreadable',
    ],
  ],
  image_vulnerabilities: [
    passes,
    ['nobody scanned it', without('scan'), 'fail', 'scan_missing'],
    [
      'the scan is old',
      changed('scan', (one) => ({ ...one, received_at: '2026-01-22T09:59:59.999Z' })),
      'fail',
      'scan_too_old',
    ],
    [
      'an old scan was sent anew',
      stating('scan', { 'metadata/scanFinishedOn': '2026-01-22T09:59:59Z' }),
      'fail',
      'scan_too_old',
    ],
    [
      'the database of the scanner is old',
      stating('scan', { 'scanner/db/lastUpdate': '2026-01-22T09:59:59Z' }),
      'fail',
      'scan_too_old',
    ],
    [
      'one method states a severity that cannot be read',
      stating('scan', { 'scanner/result/0/severity/0/score': 'CVSS:3.1/AV:N/AC:L' }),
      'fail',
      'vulnerabilities_over_limit',
    ],
    [
      'another signer found nothing later',
      hidden('scan', { 'scanner/result/0/severity/0/score': '9.8' }),
      'fail',
      'vulnerabilities_over_limit',
    ],
    [
      'it has a critical vulnerability',
      stating('scan', { 'scanner/result/0/severity/0/score': '9.8' }),
      'fail',
      'vulnerabilities_over_limit',
    ],
    ['it is named by a tag', { ...PASSING, image_digest: 'serving:latest' }, 'fail', 'image_not_scannable'],
    ['a release names no image', { ...PASSING, image_digest: null }, 'undetermined', 'image_unknown'],
    unreadable('scan'),
  ],
  instrumentation_attested: [
    passes,
    ['nobody attests it', without('instrumentation'), 'fail', 'instrumentation_missing'],
    unreadable('instrumentation'),
  ],
  lineage_complete: [
    passes,
    ['a manifest is missing in between', without('preprocess'), 'fail', 'origin_unknown'],
    ['nobody ingested the data', without('ingest'), 'fail', 'origin_unknown'],
    ['nobody trained the model', without('training'), 'fail', 'training_missing'],
    ['the training read nothing', lineage({ edges: [] }), 'fail', 'training_without_data'],
    [
      'something was made from itself',
      lineage({ cycle: [DIGESTS.train, DIGESTS.dataset, DIGESTS.train] }),
      'fail',
      'lineage_cyclic',
    ],
    [
      'it is too large to follow',
      lineage({ complete: false, code: 'LINEAGE_TOO_LARGE' }),
      'undetermined',
      'lineage_incomplete',
    ],
    unreadable('ingest'),
  ],
  manifest_complete: [
    passes,
    ['a stage has none', without('registration'), 'fail', 'manifest_missing'],
    ['a field is missing', stating('training', { commit_sha: undefined }), 'fail', 'manifest_incomplete'],
    ['the job of a stage failed', stating('preprocess', { 'job/exit_code': 1 }), 'fail', 'stage_failed'],
    unreadable('evaluation'),
  ],
  model_card: [
    passes,
    ['there is none', without('card'), 'fail', 'model_card_missing'],
    ['it is of an older format', stating('card', { specVersion: '1.6' }), 'fail', 'model_card_version'],
    [
      'it names another digest',
      stating('card', { 'metadata/component/hashes/0/content': DIGESTS.previousModel }),
      'fail',
      'model_card_not_bound',
    ],
    [
      'it names no limits',
      stating('card', { [`${CARD}/considerations/technicalLimitations`]: [] }),
      'fail',
      'model_card_silent',
    ],
    [
      'it lacks the tail latency',
      stating('card', { [`${CARD}/quantitativeAnalysis/performanceMetrics/2`]: undefined }),
      'fail',
      'model_card_metric_missing',
    ],
    unreadable('card'),
  ],
  no_critical_finding: [
    passes,
    ['one is open about the data', found(DIGESTS.dataset), 'fail', 'finding_open'],
    ['one is open about another model', found(DIGESTS.previousModel), 'pass'],
    [
      'somebody granted an exception',
      {
        ...found(DIGESTS.model),
        waivers: {
          known: true,
          items: [{ ...WAIVER, rule: 'no_critical_finding', scope: { ...WAIVER.scope, dataset: null } }],
        },
      },
      'fail',
      'finding_open',
    ],
    ['findings cannot be read', { ...PASSING, findings: UNREAD }, 'undetermined', 'facts_unknown'],
  ],
  privacy_reviewed: [
    passes,
    ['nobody reviewed it', without('privacy'), 'fail', 'privacy_review_missing'],
    [
      'somebody else reviewed it',
      changed('privacy', (one) => ({ ...one, signature: ATTESTATIONS.encryption.signature })),
      'fail',
      'privacy_review_missing',
    ],
    [
      'the review denies',
      stating('privacy', { 'attributes/0/conditions': { approved: false } }),
      'fail',
      'privacy_review_denied',
    ],
    [
      'the review is taken back',
      followed('privacy', { 'attributes/0/conditions': { withdrawn: true } }),
      'fail',
      'privacy_review_denied',
    ],
    ['no data is personal', unreviewed({ [PERSONAL]: false }), 'not_applicable', 'no_personal_data'],
    [
      'nobody says whether data is personal',
      unreviewed({ [PERSONAL]: undefined }),
      'undetermined',
      'personal_data_unstated',
    ],
    [
      'a data set became personal on the way',
      {
        ...PASSING,
        attestations: [
          ...PASSING.attestations,
          {
            ...ATTESTATIONS.encryption,
            subjects: [DIGESTS.train],
            predicate: { attributes: [{ attribute: 'PERSONAL_DATA' }] },
          },
        ],
      },
      'fail',
      'privacy_review_missing',
    ],
    unreadable('privacy'),
  ],
  required_approvals: [
    passes,
    ['somebody rejected', approved({ decision: 'rejected' }), 'fail', 'approval_missing', 'approval_rejected'],
    ['one person approved in two roles', approved({ person: 'person-edsger' }), 'fail', 'approvers_not_distinct'],
    ['nobody was asked', { ...PASSING, approvals: { known: true, items: [] } }, 'fail', 'approval_missing'],
    ['approvals cannot be read', { ...PASSING, approvals: UNREAD }, 'undetermined', 'facts_unknown'],
    atRequest,
  ],
  separation_of_duties: [
    passes,
    ['the requester approved', approved({ person: 'person-grace' }), 'fail', 'approver_has_other_duty'],
    [
      'the requester approved by another spelling',
      approved({ person: 'Person-Grace' }),
      'fail',
      'approver_has_other_duty',
    ],
    [
      'the committer is an empty name',
      stating('provenance', { [COMMITTER]: { 'countersign.dev/committer': '' } }),
      'undetermined',
      'committer_unknown',
    ],
    [
      'the committer of another commit is named',
      stating('provenance', { [`${DEPENDENCIES}/0/digest/gitCommit`]: '0123456789' }),
      'undetermined',
      'committer_unknown',
    ],
    ['the committer approved', approved({ person: 'person-ada' }), 'fail', 'approver_has_other_duty'],
    ['the producer approved', approved({ person: 'training-pipeline' }), 'fail', 'approver_has_other_duty'],
    ['the committer is not known', without('provenance'), 'undetermined', 'committer_unknown'],
    ['the requester is not known', { ...PASSING, requester: null }, 'undetermined', 'requester_unknown'],
    atRequest,
  ],
  signature_verified: [
    passes,
    ['evidence no longer verifies', signed('scan', 'invalid'), 'fail', 'signature_invalid'],
    ['the data rests on an unsigned manifest', signed('ingest', 'unsigned'), 'fail', 'manifest_unsigned'],
    ['the data rests on a revoked key', signed('ingest', 'key_revoked'), 'fail', 'manifest_key_revoked'],
    ['the training is not signed', signed('training', 'unsigned'), 'fail', 'manifest_missing', 'manifest_unsigned'],
    unreadable('scan'),
  ],
  training_provenance: [
    passes,
    ['there is none', without('provenance'), 'fail', 'provenance_missing'],
    [
      'a dependency has no digest',
      stating('provenance', { [`${DEPENDENCIES}/1/digest`]: undefined }),
      'fail',
      'dependency_without_digest',
      'training_data_unnamed',
    ],
    [
      'it was built from another commit',
      stating('provenance', { [`${DEPENDENCIES}/0/digest/gitCommit`]: '0123456789' }),
      'fail',
      'commits_differ',
    ],
    [
      'a newer training ran another commit',
      followed('training', {}, { commits: ['0123456789'] }),
      'fail',
      'commits_differ',
    ],
    [
      'it names no training data',
      stating('provenance', { [`${DEPENDENCIES}/1`]: undefined }),
      'fail',
      'training_data_unnamed',
    ],
    unreadable('provenance'),
  ],
  way_back: [
    passes,
    ['it is the first deployment', { ...PASSING, releases: { known: true, items: [] } }, 'pass'],
    ['the release before is not to be trusted', found(DIGESTS.previousModel), 'fail', 'no_release_to_return_to'],
    [
      'the only release to be trusted is one of this very model',
      {
        ...found(DIGESTS.previousModel),
        releases: {
          known: true,
          items: [DIGESTS.model, DIGESTS.previousModel].map((model) => ({
            evidence: DIGESTS.report,
            endpoint: 'tumour-triage',
            model,
            released_at: '2026-01-15T12:00:00.000Z',
          })),
        },
      },
      'fail',
      'no_release_to_return_to',
    ],
    ['releases cannot be read', { ...PASSING, releases: UNREAD }, 'undetermined', 'facts_unknown'],
    ['no endpoint is named', { ...PASSING, endpoint: null }, 'undetermined', 'endpoint_unknown'],
    [
      'no endpoint is named yet',
      { ...PASSING, endpoint: null, phase: 'request' },
      'not_applicable',
      'endpoint_asked_at_release',
    ],
  ],
};

/** Each rule's answers, both ways. */
export const CASES: readonly Case[] = Object.entries(ROWS).flatMap(([rule, rows]) =>
  rows.map(([when, input, verdict, ...codes]) => ({ rule, when, input, verdict, codes })),
);
