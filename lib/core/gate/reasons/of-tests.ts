import { names, type Phrase, run, say, scai, testResult } from './phrase.ts';

/** Reasons about tests of the model and its card, by code. */
export const OF_TESTS: Readonly<Record<string, Phrase>> = {
  // Tests of the model
  test_result_missing: (v) =>
    say(`there is no result of the ${v.text('kind')} test of ${v.short('model')}`, testResult(v.text('kind'))),
  test_result_failed: (v) => {
    const failed = v.list('failed');
    return say(
      `the newest ${v.text('kind')} test failed${failed.length > 0 ? ` ${v.text('found')}: ${names(failed)}` : ''}`,
      `mend the model and test it again; ${testResult(v.text('kind'))}`,
    );
  },
  report_unnamed: (v) =>
    say(
      `the explainability result ${v.short('evidence')} names no report of its own`,
      'give the entry of its configuration that is annotated as explainability "digest": {"sha256": …} of the report, and attest it again',
    ),
  thresholds_missing: (v) =>
    say(
      v.has('model_id')
        ? `nobody who may has fixed thresholds of the ${v.text('kind')} test for models called ${v.text('model_id')}`
        : `no training says what the model is called, so that no thresholds of the ${v.text('kind')} test are its own`,
      `${scai(v.text('attribute'), 'thresholds.json')}, whose target has "annotations": {"countersign.dev/model": "MODEL"}; then evaluate again`,
    ),
  thresholds_not_newest: (v) =>
    say(
      `the ${v.text('kind')} result ${v.short('evidence')} does not name ${v.short('digest')}, the newest thresholds that were fixed before it`,
      "evaluate again by these, with the file's digest in the result's configuration",
    ),
  thresholds_too_late: (v) =>
    say(
      `the thresholds of the ${v.text('kind')} test were received after its measurements`,
      'they stand for the next one: evaluate again and attest its manifest and result',
    ),
  thresholds_empty: (v) =>
    say(
      `the thresholds ${v.short('thresholds')} of the ${v.text('kind')} test bind nothing`,
      'state them in the conditions of the SCAI report, such as {"roc_auc": {"at_least": 0.98}}; then evaluate again',
    ),
  threshold_malformed: (v) =>
    say(
      `the threshold of ${v.text('metric')} is not one: ${v.text('bounds')}`,
      'write {"at_least": NUMBER}, {"at_most": NUMBER} or both; then evaluate again',
    ),
  evaluation_missing: (v) =>
    say(
      `no verified manifest tells what was measured for the ${v.text('kind')} result ${v.short('evidence')}`,
      `wrap the evaluation: ${run('evaluation')}`,
    ),
  metric_too_early: (v) =>
    say(
      `${v.text('metric')} was measured by ${v.short('evaluation')} before its thresholds were received, and not again`,
      `run the evaluation again: ${run('evaluation')}`,
    ),
  metric_missing: (v) =>
    say(
      `${v.text('metric')} has a threshold, and the evaluation ${v.short('evaluation')} did not measure it`,
      `measure it, and run the evaluation again: ${run('evaluation')}`,
    ),
  metric_too_low: (v) =>
    say(`${v.text('metric')} is ${v.text('value')}, and the threshold ${v.text('bounds')}`, 'train a better model'),
  metric_too_high: (v) =>
    say(`${v.text('metric')} is ${v.text('value')}, and the threshold ${v.text('bounds')}`, 'train a better model'),
  affects_people_unstated: (v) =>
    say(
      `no model card says whether ${v.short('model')} affects people`,
      'give modelCard.properties {"name": "countersign:affects_people", "value": "true" or "false"}, and attest the card again',
    ),
  no_people_affected: () => say('the model card says that nobody is affected'),

  // Model card
  model_card_missing: (v) =>
    say(
      `the model ${v.short('model')} has no model card`,
      'attest a CycloneDX card whose component is the model: `countersign attest --type cyclonedx --predicate card.json --subject model.tar.gz`',
    ),
  model_card_version: (v) =>
    say(
      `the model card ${v.short('evidence')} has the CycloneDX version ${v.text('version')}`,
      'write it as CycloneDX 1.7 and attest it again',
    ),
  model_card_not_bound: (v) =>
    say(
      `the model card ${v.short('evidence')} does not name the digest of the model ${v.short('model')}`,
      `give metadata.component.hashes {"alg": "SHA-256", "content": "${v.text('model')}"}, and attest the card again`,
    ),
  model_card_silent: (v) =>
    say(
      `the model card ${v.short('evidence')} says nothing of ${SECTIONS[v.text('about')]?.name ?? v.text('about')}`,
      `fill in ${SECTIONS[v.text('about')]?.field ?? v.text('about')}, and attest the card again`,
    ),
  model_card_metric_missing: (v) =>
    say(
      `the model card ${v.short('evidence')} has no number for ${v.text('metric')}`,
      `give quantitativeAnalysis.performanceMetrics {"type": "${v.text('metric')}", "value": NUMBER}, a decimal in quotes, and attest the card again`,
    ),
};

const SECTIONS: Readonly<Record<string, { readonly name: string; readonly field: string }>> = {
  fairness: {
    name: 'fairness',
    field:
      'considerations.fairnessAssessments with groupAtRisk and harms, or the property countersign:affects_people with "false"',
  },
  intended_use: { name: 'its intended use', field: 'considerations.useCases' },
  known_limits: { name: 'known limits', field: 'considerations.technicalLimitations' },
  quality: {
    name: 'how good the model is',
    field: 'quantitativeAnalysis.performanceMetrics with a metric other than latency, whose value is a decimal',
  },
  training_data: {
    name: 'data that the model was trained on',
    field: 'modelParameters.datasets with a ref to a component whose SHA-256 is in the lineage',
  },
};
