import type { GateInput, GateLineage } from '../../../../lib/core/gate/input.ts';
import { changed, followed, signed, stating, without } from '../edits.ts';
import { DIGESTS, PASSING } from '../fixture.ts';
import { passes, type Rows, unreadable } from './rows.ts';

const DEPENDENCIES = 'buildDefinition/resolvedDependencies';

function lineage(changes: Partial<GateLineage>): GateInput {
  return { ...PASSING, lineage: { ...PASSING.lineage, ...changes } };
}

/** How the model was made, and who says so. */
export const MAKING: Rows = {
  commit_recorded: [
    passes,
    ['the training names none', changed('training', (one) => ({ ...one, commits: [] })), 'fail', 'commit_missing'],
    ['there is no training', without('training'), 'fail', 'training_missing'],
    unreadable('training'),
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
};
