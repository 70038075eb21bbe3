import type { GateApproval, GateInput } from '../../../../lib/core/gate/input.ts';
import { changed, followed, hidden, signed, stating, without } from '../edits.ts';
import { DIGESTS, PASSING } from '../fixture.ts';
import { WAIVER } from './data.ts';
import { passes, type Row, type Rows, UNREAD, unreadable } from './rows.ts';

const UNASKED = { image_digest: null, phase: 'request' } as const;
const DEPENDENCIES = 'buildDefinition/resolvedDependencies';
const COMMITTER = `${DEPENDENCIES}/0/annotations`;

const found = (about: string): GateInput => ({
  ...PASSING,
  findings: { known: true, items: [{ id: 'finding-1', severity: 'critical', about, opened_at: PASSING.now }] },
});

function approved(change: Partial<GateApproval>): GateInput {
  if (!PASSING.approvals.known) throw new Error('approvals are known');
  const [owner, officer] = PASSING.approvals.items;
  if (!owner || !officer) throw new Error('two have approved');
  return { ...PASSING, approvals: { known: true, items: [owner, { ...officer, ...change }] } };
}

const atRequest: Row = [
  'people were not asked yet',
  { ...PASSING, phase: 'request' },
  'not_applicable',
  'asked_at_release',
];

/** What serves the model, and who lets it. */
export const RELEASE: Rows = {
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
    [
      'it is taken back',
      followed('instrumentation', { 'attributes/0/conditions': { withdrawn: true } }),
      'fail',
      'instrumentation_missing',
    ],
    unreadable('instrumentation'),
  ],
  no_critical_finding: [
    passes,
    ['one is open about the data', found(DIGESTS.dataset), 'fail', 'finding_open'],
    ['one is open about the endpoint in other letters', found('Tumour-Triage'), 'fail', 'finding_open'],
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
  required_approvals: [
    passes,
    ['somebody rejected', approved({ decision: 'rejected' }), 'fail', 'approval_missing', 'approval_rejected'],
    ['one person approved in two roles', approved({ person: 'person-edsger' }), 'fail', 'approvers_not_distinct'],
    ['another environment was approved', approved({ environment: 'staging' }), 'fail', 'approval_missing'],
    ['another endpoint was approved', approved({ endpoint: 'elsewhere' }), 'fail', 'approval_missing'],
    ['another image was approved', approved({ image_digest: `sha256:${DIGESTS.report}` }), 'fail', 'approval_missing'],
    ['another promotion was approved', approved({ promotion: 'another' }), 'fail', 'approval_missing'],
    ['no endpoint was named to the approver', approved({ endpoint: null, image_digest: null }), 'pass'],
    ['an approval is too old', approved({ decided_at: '2026-01-22T09:59:59.999Z' }), 'fail', 'approval_missing'],
    ['an approval is dated ahead', approved({ decided_at: '2026-02-21T10:00:00.001Z' }), 'fail', 'approval_missing'],
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
  way_back: [
    passes,
    ['it is the first deployment', { ...PASSING, releases: { known: true, items: [] } }, 'pass'],
    ['the release before is not to be trusted', found(DIGESTS.previousModel), 'fail', 'no_release_to_return_to'],
    [
      'nor is it for who names the endpoint in other letters',
      { ...found(DIGESTS.previousModel), endpoint: 'Tumour-Triage' },
      'fail',
      'no_release_to_return_to',
    ],
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
