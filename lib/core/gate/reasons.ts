import type { Json } from '../json.ts';
import type { Reason } from './input.ts';

/** A reason for a reader: what is so, and what would change the verdict. */
export interface Explained {
  readonly sentence: string;
  /** Undefined where nothing is to be mended, or nobody but the policy's author knows what. */
  readonly fix: string | undefined;
}

/**
 * Turns a reason into a sentence, with its fix. The one place where that happens: rules write no prose.
 *
 * Parameters are quoted as they are; who prints them on a terminal or a page makes them safe for it. A code that is not ours
 * comes from somebody else's rules and is shown with its parameters.
 */
export function explain({ code, params }: Reason): Explained {
  const phrase = ALL.get(code);
  if (phrase) return phrase(new Values(params));
  const values = Object.entries(params).map(([name, value]) => `${name}: ${shown(value)}`);
  return { sentence: values.length === 0 ? code : `${code} (${values.join(', ')})`, fix: undefined };
}

class Values {
  readonly #params: Reason['params'];

  constructor(params: Reason['params']) {
    this.#params = params;
  }

  text(name: string): string {
    return shown(this.#params[name] ?? null);
  }

  /** Empty where there is none. */
  maybe(name: string): string {
    const value = this.#params[name];
    return value === undefined ? '' : shown(value);
  }

  has(name: string): boolean {
    return (this.#params[name] ?? null) !== null;
  }

  /** The first digits of a digest, enough to find it by. */
  short(name: string): string {
    return this.text(name).slice(0, 12);
  }

  list(name: string): readonly Json[] {
    const value = this.#params[name];
    return Array.isArray(value) ? value : [];
  }
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function names(values: readonly Json[]): string {
  return values.map(shown).join(', ');
}

const commit = (values: readonly Json[]): string =>
  values.length === 0 ? 'no known commit' : `the commit ${names(values)}`;

type Phrase = (values: Values) => Explained;

const say = (sentence: string, fix?: string): Explained => ({ sentence, fix });

const scai = (attribute: string, subject: string): string =>
  `sign a SCAI report of ${attribute} with a key that may: \`countersign attest --type scai --predicate report.json --subject ${subject}\``;

const testResult = (kind: string): string =>
  `attest the result of the ${kind} test: \`countersign attest --type test-result --predicate result.json --subject model.tar.gz\``;

/** What each stage names at least, as in policies/data/manifests.json. */
const STAGE_OPTIONS: Readonly<Record<string, string>> = {
  ingest: '--dataset data.csv',
  preprocess: '--input raw.csv --output data.csv',
  feature: '--input data.csv --output features.csv',
  training: '--dataset train.csv --model model.tar.gz',
  evaluation: '--dataset test.csv --model model.tar.gz --metrics metrics.json',
  registration: '--model model.tar.gz --model-card card.json',
  promotion: '--model model.tar.gz',
  serving: '--model model.tar.gz --image-digest sha256:DIGEST',
};

const stageOptions = (stage: string): string => `--stage ${stage} ${STAGE_OPTIONS[stage] ?? '--model model.tar.gz'}`;

/** Runs the job of a stage, which attests it. */
const run = (stage: string, more = ''): string => `\`countersign run ${stageOptions(stage)}${more} -- COMMAND\``;

/** Attests a stage that ran before. */
const attest = (stage: string, more = ''): string => `\`countersign attest ${stageOptions(stage)}${more}\``;

const REPEAT = 'ask again; if it stays so, `countersign status` tells what cannot be reached';

/** By code: every reason that a rule of ours gives. */
const PHRASES: Readonly<Record<string, Phrase>> = {
  // The gate itself
  asked_at_release: () => say('people decide on it when the release is asked for'),
  asked_at_request: () => say('the rule is only asked before people are'),
  rule_missing: () =>
    say('the policy names the rule and does not hold it', 'build the policy again: `npm run policies:build`'),
  policy_data_missing: (v) =>
    say(
      `the policy's data says nothing of the environment ${v.text('environment')}`,
      `give it the environment ${v.text('environment')} in policies/data, and \`npm run policies:build\``,
    ),
  facts_unknown: (v) => say(`the ${v.text('facts')} could not be read (${v.text('code')})`, REPEAT),
  evidence_unreadable: (v) =>
    say(
      `evidence ${v.short('evidence')} could not be read`,
      `\`countersign show evidence ${v.text('evidence')}\` tells whether it is there; then ask again`,
    ),

  // Signatures
  signature_invalid: (v) =>
    say(
      `evidence ${v.short('evidence')} no longer verifies`,
      `find out who changed what: \`countersign show evidence ${v.text('evidence')} --attestation evidence.json\`, \`countersign verify evidence.json\``,
    ),
  manifest_unsigned: (v) =>
    say(
      `the manifest ${v.short('evidence')} that made ${v.short('digest')} is not signed`,
      `sign it with a registered key and send it again, such as ${attest('training', ' --key key.pem')}`,
    ),
  manifest_key_revoked: (v) =>
    say(
      `the manifest ${v.short('evidence')} that made ${v.short('digest')} was signed by a key that was compromised by then`,
      `run the stage again and sign with another key, such as ${run('training', ' --key key.pem')}`,
    ),

  // Manifests and lineage
  manifest_missing: (v) =>
    say(
      `no verified manifest of the stage ${v.text('stage')} speaks of the model ${v.short('model')}`,
      `wrap the stage: ${run(v.text('stage'))}`,
    ),
  manifest_incomplete: (v) => {
    const missing = v
      .list('missing')
      .map((fields) => (Array.isArray(fields) ? fields.map(shown).join(' or ') : shown(fields)));
    return say(
      `the ${v.text('stage')} manifest ${v.short('evidence')} does not state ${missing.join(', ')}`,
      `attest the stage again with what is missing: ${attest(v.text('stage'), ' --commit SHA')}`,
    );
  },
  stage_failed: (v) =>
    say(
      `the job of the ${v.text('stage')} manifest ${v.short('evidence')} ended with exit code ${v.text('exit_code')}`,
      `run the stage again: ${run(v.text('stage'))}`,
    ),
  lineage_cyclic: (v) =>
    say(
      `something was made from itself: ${v
        .list('digests')
        .map((digest) => shown(digest).slice(0, 12))
        .join(' from ')}`,
      `one of these manifests is false: \`countersign show lineage ${shown(v.list('digests')[0] ?? null)}\` tells who signed which`,
    ),
  lineage_incomplete: (v) =>
    say(
      `the lineage could not be followed to its end (${v.text('code')})`,
      'attest collections instead of single files where it is too large, else ask again',
    ),
  training_missing: (v) =>
    say(
      `no verified manifest tells of the training that made ${v.short('model')}`,
      `wrap the training: ${run('training')}`,
    ),
  training_without_data: (v) =>
    say(`the training that made ${v.short('model')} names no data`, `name what it read: ${run('training')}`),
  origin_unknown: (v) =>
    say(
      `no verified manifest tells where ${v.short('dataset')} comes from`,
      `attest its ingest, or the stage that made it: \`countersign attest --stage ingest --dataset data@sha256:${v.text('dataset')}\``,
    ),
  datasets_unknown: (v) =>
    say(
      `it is not known what data the model ${v.short('model')} rests on`,
      `attest ingest and training: ${run('ingest')}, ${run('training')}`,
    ),
  commit_missing: (v) =>
    say(
      `the training ${v.short('evidence')} names no commit`,
      `run it in a git checkout, or with ${run('training', ' --commit SHA')}`,
    ),

  // Data
  consent_missing: (v) =>
    say(
      `nobody attests that the data set ${v.short('dataset')} may be used`,
      scai('DATASET_CONSENT', `data@sha256:${v.text('dataset')}`),
    ),
  consent_denied: (v) =>
    say(
      `evidence ${v.short('evidence')} says that the data set ${v.short('dataset')} may not be used`,
      'train on other data; only who said so can say later that it may',
    ),
  personal_data_unstated: (v) =>
    say(
      `nobody states whether the data set ${v.short('dataset')} holds personal data`,
      `${scai('DATASET_CONSENT', `data@sha256:${v.text('dataset')}`)}, with "conditions": {"personal_data": true or false}`,
    ),
  privacy_review_missing: (v) =>
    say(
      `the data set ${v.short('dataset')} holds personal data, and no ${names(v.list('roles'))} has reviewed it`,
      scai('PRIVACY_REVIEWED', `data@sha256:${v.text('dataset')}`),
    ),
  privacy_review_denied: (v) =>
    say(
      `the review ${v.short('evidence')} denies the use of the data set ${v.short('dataset')}`,
      'train on other data; only who reviewed it can say later that it may be used',
    ),
  no_personal_data: () => say('no data set holds personal data'),
  dataset_encryption_missing: (v) =>
    say(
      `nobody attests that the data set ${v.short('dataset')} is encrypted at rest`,
      scai('ENCRYPTED_AT_REST', `data@sha256:${v.text('dataset')}`),
    ),
  model_encryption_missing: (v) =>
    say(
      `nobody attests that the model ${v.short('model')} is encrypted at rest`,
      scai('ENCRYPTED_AT_REST', `model@sha256:${v.text('model')}`),
    ),

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

  // Image
  image_unnamed: () =>
    say(
      'nobody names the image that is to serve the model',
      `ask with \`--image-digest sha256:DIGEST\`, or train with ${run('training', ' --image-digest sha256:DIGEST')}`,
    ),
  image_unknown: () =>
    say('it is not known which image is to serve the model', 'ask with `--image-digest sha256:DIGEST`'),
  image_not_pinned: (v) =>
    say(
      `the image ${v.text('image')} is not named by its digest`,
      'ask with `--image-digest sha256:DIGEST`, the digest that the registry shows',
    ),
  image_not_scannable: () =>
    say('no image is named by its digest, so that no scan can be found', 'ask with `--image-digest sha256:DIGEST`'),
  scan_missing: (v) =>
    say(
      `the image ${v.short('image')} was not scanned`,
      `scan it: \`countersign attest --type vulns --predicate scan.json --subject image@sha256:${v.text('image')}\``,
    ),
  scan_too_old: (v) =>
    say(
      `${SCAN_EVENTS[v.text('event')] ?? v.text('event')} at ${v.text('at')}, and a scan counts for ${v.text('max_age_days')} days`,
      'scan it again, and `countersign attest --type vulns --predicate scan.json --subject image@sha256:DIGEST`',
    ),
  vulnerabilities_over_limit: (v) => {
    const ids = v.list('ids');
    return say(
      `the image has ${v.text('found')} vulnerabilities of severity ${v.text('severity')}, and ${v.text('limit')} are allowed: ${names(ids)}`,
      'rebuild the image with what mends them, scan it, and ask for that image',
    );
  },

  // Provenance
  provenance_missing: (v) =>
    say(
      `nothing tells how the model ${v.short('model')} was built`,
      'have the CI system attest it: `countersign attest --type slsa-provenance --predicate provenance.json --subject model.tar.gz`',
    ),
  dependency_without_digest: (v) =>
    say(
      `the provenance ${v.short('evidence')} names ${v.text('found')} dependencies without a digest: ${names(v.list('dependencies'))}`,
      'give each of buildDefinition.resolvedDependencies a digest, and attest the provenance again',
    ),
  commits_differ: (v) =>
    say(
      `the training ${v.short('evidence')} ran ${commit(v.list('commits'))}, and no provenance of the model says so`,
      'one of the two is false, or a training lacks its own: run it again from one checkout and attest both',
    ),
  training_data_unnamed: (v) =>
    say(
      `the training ${v.short('evidence')} read ${v.text('found')} data sets that no provenance of the model names: ${names(v.list('datasets'))}`,
      'give buildDefinition.resolvedDependencies the SHA-256 of each, and attest the provenance again',
    ),

  // People
  approval_missing: (v) =>
    say(
      `no ${v.text('role')} has approved this release of the model ${v.short('model')} into ${v.text('environment')} in ${v.text('max_age_days')} days`,
      `somebody with the role ${v.text('role')} must approve the promotion`,
    ),
  approvers_not_distinct: (v) =>
    say(
      `${names(v.list('people'))} cannot fill the roles ${names(v.list('roles'))}: each wants a person of its own`,
      'have somebody else with one of these roles approve it',
    ),
  approval_rejected: (v) =>
    say(
      `${v.text('person')} rejected it as ${v.text('role')}`,
      `talk with them: \`countersign show evidence ${v.text('evidence')}\` holds the reason; only they can approve it later`,
    ),
  approver_has_other_duty: (v) =>
    say(
      `${v.text('person')} approved, and is also the ${v.text('duty')}`,
      'have another person with the same role approve it',
    ),
  committer_unknown: () =>
    say(
      'it is not known who committed the code that the model was built from',
      'give the commit in the provenance\'s resolvedDependencies "annotations": {"countersign.dev/committer": "PERSON"}',
    ),
  requester_unknown: () =>
    say(
      'it is not known who asks',
      'have the key admin register you: `countersign principals register NAME --unique-id ID --arn ARN`',
    ),

  // Operation
  instrumentation_missing: (v) =>
    say(
      `nobody attests that traces of the model ${v.short('model')} carry its digest`,
      scai('INSTRUMENTED', `model@sha256:${v.text('model')}`),
    ),
  finding_open: (v) =>
    say(
      `the finding ${v.text('id')} (${v.text('severity')}) about ${v.text('about')} is open`,
      'handle it by its runbook; the gate opens when it is closed',
    ),
  no_release_to_return_to: (v) =>
    say(
      `${v.text('endpoint')} has no release before this one without a critical finding about its model`,
      'close the findings about one of the earlier models, or grant a waiver for this endpoint',
    ),
  endpoint_unknown: () => say('it is not known where the model is to serve', 'ask with `--endpoint NAME`'),
  endpoint_asked_at_release: () => say('no endpoint is named yet; the release must name it'),
};

/** Of somebody else's rules, which answer with denials: lib/core/gate/result.ts. */
const DENIALS: Readonly<Record<string, Phrase>> = {
  policy_denied: (v) => {
    const [code, details] = [v.maybe('code'), v.maybe('details')];
    return say(`it says: ${v.text('message')}${code && ` [${code}]`}${details && ` ${details}`}`);
  },
  policy_denied_more: (v) => say(`and ${v.text('count')} more`),
};

const SCAN_EVENTS: Readonly<Record<string, string>> = {
  received_at: "the image's newest scan came",
  scan_finished_on: "the image's newest scan ended",
  db_last_update: "the database of the image's newest scan was updated",
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

/** By code: every reason that has a sentence. */
const ALL: ReadonlyMap<string, Phrase> = new Map(Object.entries({ ...PHRASES, ...DENIALS }));

/** Codes of our own rules. */
export const REASON_CODES: readonly string[] = Object.keys(PHRASES).toSorted();
