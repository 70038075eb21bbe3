import { commit, names, type Phrase, run, say, scai } from './phrase.ts';

/** Reasons about what is released, by whom and where, by code. */
export const OF_RELEASES: Readonly<Record<string, Phrase>> = {
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

const SCAN_EVENTS: Readonly<Record<string, string>> = {
  received_at: "the image's newest scan came",
  scan_finished_on: "the image's newest scan ended",
  db_last_update: "the database of the image's newest scan was updated",
};
