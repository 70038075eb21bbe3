import { attest, names, type Phrase, REPEAT, run, say, scai, shown } from './phrase.ts';

/** Reasons about evidence, its signatures and its lineage, by code. */
export const OF_EVIDENCE: Readonly<Record<string, Phrase>> = {
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
      `attest the stage again with what is missing: ${attest(v.text('stage'), optionsFor(v.text('stage'), missing))}`,
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
};

/** Fields that a stage's command may lack, and how it states them; the commit always helps. */
function optionsFor(stage: string, missing: readonly string[]): string {
  const lacksImage = stage !== 'serving' && missing.some((fields) => fields.includes('image_digest'));
  return ` --commit SHA${lacksImage ? ' --image-digest sha256:DIGEST' : ''}`;
}
