import type { GateInput, GateWaiver } from '../../../../lib/core/gate/input.ts';
import { changed, type Edits, followed, hidden, SOMEBODY_ELSE, signed, stating, without } from '../edits.ts';
import { ATTESTATIONS, DIGESTS, PASSING } from '../fixture.ts';
import { passes, type Rows, UNREAD, unreadable } from './rows.ts';

const WITHDRAWS = { 'attributes/0/conditions': { withdrawn: true } };
const GRANTED = 'attributes/0/conditions/granted';
const WITHDRAWN = 'attributes/0/conditions/withdrawn';
const PERSONAL = 'attributes/0/conditions/personal_data';
const OWN_APPROVER = { principal: 'person-grace', role: 'data-owner' };

/** An exception for the missing consent. */
export const WAIVER: GateWaiver = {
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

/** Without the review, and with another statement on personal data. */
function unreviewed(edits: Edits): GateInput {
  const { attestations } = stating('consent', edits);
  return {
    ...PASSING,
    attestations: attestations.filter(({ evidence }) => evidence !== ATTESTATIONS.privacy.evidence),
  };
}

/** What the model was made from: may it be used, is it safe? */
export const DATA: Rows = {
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
    ['the exception is for too long', waived({ not_after: '2036-02-20T00:00:00.000Z' }), 'fail', 'consent_missing'],
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
    [
      'nobody attests it of a copy of the data',
      changed('encryption', (one) => ({ ...one, subjects: [DIGESTS.dataset, DIGESTS.model] })),
      'fail',
      'dataset_encryption_missing',
    ],
    [
      'it is taken back',
      followed('encryption', WITHDRAWS, { subjects: [DIGESTS.model] }),
      'fail',
      'model_encryption_missing',
    ],
    unreadable('encryption'),
    unreadable('privacy'),
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
    ['the review is taken back', followed('privacy', WITHDRAWS), 'fail', 'privacy_review_denied'],
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
};
