import {
  APPROVAL_PARTITIONS,
  APPROVERS,
  ENDED_PARTITIONS,
  EVIDENCE_KEY_PARTITION,
  eventPrefixes,
  LINK_PARTITIONS,
  OPEN_PARTITIONS,
  PROMOTION_PARTITIONS,
  Prefix,
  WORKFLOW_INDEX,
} from '../../lib/contracts/storage.ts';
import type { ApprovalMail } from '../constructs/approval-mail.ts';
import type { Grantee } from '../constructs/policy.ts';
import type { StateMachineArns } from '../constructs/state-machine-arns.ts';
import type { DataStack } from './data-stack.ts';
import { grantEndWaits } from './promotion-access.ts';
import { grantOpenIncidents } from './release-access.ts';

// Who may do what about approvals, one function per grantee. test/template/iam-*.test.ts prove what comes of it.

/** Asks people; it also records what somebody decided who died before that was done. */
export function grantApprovalDesk(
  grantee: Grantee,
  data: DataStack,
  machine: StateMachineArns,
  mail: ApprovalMail,
): void {
  const creates = [Prefix.approvals, ...eventPrefixes('incident', 'promotion')];
  data.evidence.grantCreate(grantee, creates, [Prefix.events, Prefix.gates]);
  grantHearing(grantee, data, machine, mail);
  data.dataKey.grantSealTokens(grantee);
  grantOpenIncidents(grantee, data);
}

/** Hears people. Nobody authenticates who calls it: what it may do is what a link's bearer may at most. */
export function grantPages(grantee: Grantee, data: DataStack, machine: StateMachineArns, mail: ApprovalMail): void {
  const shown = [Prefix.attestations, Prefix.events, Prefix.gates, Prefix.releases];
  data.evidence.grantCreate(grantee, [Prefix.approvals, ...eventPrefixes('promotion')], shown);
  grantHearing(grantee, data, machine, mail);
  const visited = [...PROMOTION_PARTITIONS, ...LINK_PARTITIONS];
  data.workflowTable.grantPartitions(grantee, 'ReadVisits', visited, 'BatchGetItem');
  data.workflowTable.grantIndex(grantee, 'FindModelsOfFamily', WORKFLOW_INDEX.name, ENDED_PARTITIONS);
  data.dataKey.grantOpenTokens(grantee);
}

/** Judges what waits for people, and asks them anew; it mails digests and ends, and opens incidents for mails that come back. */
export function grantApprovalWatch(
  grantee: Grantee,
  data: DataStack,
  machine: StateMachineArns,
  mail: ApprovalMail,
): void {
  data.evidence.grantCreate(grantee, eventPrefixes('incident', 'promotion'), [
    Prefix.approvals,
    Prefix.attestations,
    Prefix.events,
    Prefix.gates,
    Prefix.policies,
  ]);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb', 'sqs']);
  data.evidenceTable.grant(grantee, 'RecordReopenings', 'BatchGetItem', 'PutItem', 'Query');
  data.registryTable.grant(grantee, 'ReadRegistry', 'BatchGetItem', 'GetItem', 'Query');
  data.workflowTable.grant(grantee, 'ReadWorkflow', 'Query');
  data.workflowTable.grantIndex(grantee, 'ListWorkflow', WORKFLOW_INDEX.name, OPEN_PARTITIONS);
  data.workflowTable.grantPartitions(
    grantee,
    'ReopenPromotions',
    [...PROMOTION_PARTITIONS, ...LINK_PARTITIONS],
    'PutItem',
  );
  data.dataKey.grantOpenTokens(grantee);
  grantOpenIncidents(grantee, data);
  data.announcements.grantAnnounce(grantee);
  grantEndWaits(grantee, machine);
  mail.grantSend(grantee);
}

function grantHearing(grantee: Grantee, data: DataStack, machine: StateMachineArns, mail: ApprovalMail): void {
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'RecordApprovals', 'BatchGetItem', 'PutItem');
  data.registryTable.grantPartitions(grantee, 'ReadDirectory', [APPROVERS, EVIDENCE_KEY_PARTITION], 'GetItem', 'Query');
  data.workflowTable.grantPartitions(
    grantee,
    'WriteAsks',
    PROMOTION_PARTITIONS,
    'ConditionCheckItem',
    'PutItem',
    'Query',
  );
  data.workflowTable.grantPartitions(grantee, 'WriteLinks', LINK_PARTITIONS, 'GetItem', 'PutItem');
  data.workflowTable.grantPartitions(grantee, 'WriteApprovals', APPROVAL_PARTITIONS, 'PutItem', 'Query');
  data.announcements.grantAnnounce(grantee);
  grantEndWaits(grantee, machine);
  mail.grantSend(grantee);
}
