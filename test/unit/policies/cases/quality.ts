import type { GateInput } from '../../../../lib/core/gate/input.ts';
import { changed, followed, hidden, SOMEBODY_ELSE, stating, without } from '../edits.ts';
import { ATTESTATIONS, DIGESTS, PASSING } from '../fixture.ts';
import { passes, type Rows, unreadable } from './rows.ts';

const CARD = 'metadata/component/modelCard';
const METRICS = `${CARD}/quantitativeAnalysis/performanceMetrics`;
const ASSESSMENTS = `${CARD}/considerations/fairnessAssessments`;
const AFFECTED = `${CARD}/properties/0/value`;
const BOUNDS = 'attributes/0/conditions';
const EXPLAINED = {
  digest: { sha256: DIGESTS.explanation },
  annotations: { 'countersign.dev/test': 'explainability' },
};

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

/** How good the model is, and what is told of it. */
export const QUALITY: Rows = {
  evaluation_passed: [
    passes,
    ['a metric is too low', stating('evaluation', { 'metrics/roc_auc': 0.9 }), 'fail', 'metric_too_low'],
    ['a metric is too high', stating('evaluation', { 'metrics/latency_p99_ms': 51 }), 'fail', 'metric_too_high'],
    ['a metric was not measured', stating('evaluation', { 'metrics/recall': undefined }), 'fail', 'metric_missing'],
    ['a threshold binds nothing', stating('thresholds', { [`${BOUNDS}/recall`]: {} }), 'fail', 'threshold_malformed'],
    ['a threshold is a list', stating('thresholds', { [`${BOUNDS}/recall`]: [0.9] }), 'fail', 'threshold_malformed'],
    ['thresholds are null', stating('thresholds', { [BOUNDS]: null }), 'fail', 'thresholds_empty'],
    ['a threshold is no object', stating('thresholds', { [`${BOUNDS}/recall`]: '0.9' }), 'fail', 'threshold_malformed'],
    ['no threshold is fixed', stating('thresholds', { [BOUNDS]: {} }), 'fail', 'thresholds_empty'],
    ['nobody fixed thresholds', without('thresholds'), 'fail', 'thresholds_missing'],
    [
      'thresholds came with the measurements',
      changed('thresholds', (one) => ({ ...one, received_at: ATTESTATIONS.evaluation.received_at })),
      'fail',
      'thresholds_too_late',
    ],
    [
      'the result names thresholds that were replaced',
      stating('evaluationResult', { 'configuration/0/digest/sha256': DIGESTS.report }),
      'fail',
      'thresholds_not_newest',
    ],
    [
      'whoever fixed thresholds may not',
      changed('thresholds', (one) => ({ ...one, signature: { ...one.signature, role: 'producer' } })),
      'fail',
      'thresholds_missing',
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
    [
      'the result names no report',
      stating('explainabilityResult', { 'configuration/0/digest': undefined }),
      'fail',
      'report_unnamed',
    ],
    [
      'its report is what something else was tested by',
      stating('explainabilityResult', { configuration: [EXPLAINED, { digest: EXPLAINED.digest }] }),
      'fail',
      'report_unnamed',
    ],
    ['it warned', stating('explainabilityResult', { result: 'WARNED' }), 'pass'],
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
      stating('card', { [`${METRICS}/2`]: undefined }),
      'fail',
      'model_card_metric_missing',
    ],
    [
      'its tail latency is no number',
      stating('card', { [`${METRICS}/1/value`]: 'n/a', [`${METRICS}/2/value`]: '?' }),
      'fail',
      'model_card_metric_missing',
    ],
    [
      'it does not say how good the model is',
      stating('card', { [`${METRICS}/0`]: undefined }),
      'fail',
      'model_card_silent',
    ],
    [
      'its use cases are blank',
      stating('card', { [`${CARD}/considerations/useCases`]: [''] }),
      'fail',
      'model_card_silent',
    ],
    ['its assessment names no harms', stating('card', { [ASSESSMENTS]: [{}] }), 'fail', 'model_card_silent'],
    unreadable('card'),
  ],
};
