import {
  ENDED_PARTITIONS,
  ENDPOINT_PARTITIONS,
  EVIDENCE_KEY_PARTITION,
  eventPrefixes,
  PROMOTION_PARTITIONS,
  Prefix,
  RELEASE_PARTITIONS,
  WORKFLOW_INDEX,
} from '../../lib/contracts/storage.ts';
import type { DataService } from '../constructs/encryption-key.ts';
import type { Grantee } from '../constructs/policy.ts';
import type { StateMachine } from '../constructs/state-machine.ts';
import type { StateMachineArns } from '../constructs/state-machine-arns.ts';
import { grantGates } from './access.ts';
import type { DataStack } from './data-stack.ts';
import { grantOpenIncidents } from './release-access.ts';

// Who may do what in promotions, one function per grantee. test/template/iam-*.test.ts prove what comes of it.

/** Starts promotions, and ends what they wait for. */
export function grantPromotions(grantee: Grantee, data: DataStack, machine: StateMachineArns): void {
  grantRecordPromotionEvents(grantee, data);
  data.workflowTable.grantPartitions(grantee, 'WritePromotions', PROMOTION_PARTITIONS, 'PutItem', 'Query');
  data.workflowTable.grantPartitions(grantee, 'ReadEndpoints', ENDPOINT_PARTITIONS, 'Query');
  data.workflowTable.grantPartitions(grantee, 'ReadReleases', RELEASE_PARTITIONS, 'Query');
  // Nobody goes back on an endpoint twice who did not hear that they did.
  data.workflowTable.grantIndex(grantee, 'FindWaysBack', WORKFLOW_INDEX.name, ENDED_PARTITIONS);
  data.dataKey.grantOpenTokens(grantee);
  grantOpenIncidents(grantee, data);
  data.announcements.grantAnnounce(grantee);
  grantEndWaits(grantee, machine);
  grantStart(grantee, machine);
}

/** Gives endpoints away and takes them back; whoever waited for one is told. */
export function grantPromoter(grantee: Grantee, data: DataStack, machine: StateMachineArns): void {
  // Lambda keeps in a queue what the function fails on, in its name.
  grantRecordPromotionEvents(grantee, data, ['s3', 'dynamodb', 'sqs']);
  data.workflowTable.grantPartitions(grantee, 'WritePromotions', PROMOTION_PARTITIONS, 'PutItem', 'Query');
  data.workflowTable.grantPartitions(grantee, 'WriteEndpoints', ENDPOINT_PARTITIONS, 'DeleteItem', 'PutItem', 'Query');
  data.dataKey.grantSealTokens(grantee);
  data.dataKey.grantOpenTokens(grantee);
  grantOpenIncidents(grantee, data);
  data.announcements.grantAnnounce(grantee);
  grantEndWaits(grantee, machine);
  // What was stopped past the API while something was deployed is taken back by an execution of its own.
  grantStart(grantee, machine);
}

/** A gate whose answers a promotion keeps; it also reads the model's bytes. */
export function grantPromotionGate(grantee: Grantee, data: DataStack): void {
  grantGates(grantee, data, [Prefix.gates, ...eventPrefixes('promotion')], [Prefix.artifacts, Prefix.events]);
  data.evidenceTable.grant(grantee, 'FindArtifacts', 'GetItem');
  data.workflowTable.grantPartitions(grantee, 'WritePromotions', PROMOTION_PARTITIONS, 'PutItem');
  data.announcements.grantAnnounce(grantee);
}

/** Runs the functions behind its states. */
export function grantPromoteModel(machine: StateMachine, tasks: readonly string[]): void {
  machine.allow({ sid: 'RunTasks', actions: ['lambda:InvokeFunction'], resources: [...tasks] });
}

/** Signs events of promotions, and puts them where they are found. */
function grantRecordPromotionEvents(
  grantee: Grantee,
  data: DataStack,
  services: readonly DataService[] = ['s3', 'dynamodb'],
): void {
  data.evidence.grantCreate(grantee, eventPrefixes('incident', 'promotion'));
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, services);
  data.evidenceTable.grant(grantee, 'RecordPromotionEvents', 'PutItem');
  data.registryTable.grant(grantee, 'ReadRegistry', 'BatchGetItem', 'GetItem');
  // What a run that died had signed with an earlier key is taken up.
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'Query');
}

export function grantEndWaits(grantee: Grantee, { machine }: StateMachineArns): void {
  grantee.allow({
    sid: 'EndWaits',
    actions: ['states:SendTaskFailure', 'states:SendTaskSuccess'],
    resources: [machine],
  });
}

function grantStart(grantee: Grantee, { machine, executions }: StateMachineArns): void {
  grantee.allow(
    { sid: 'StartPromotion', actions: ['states:StartExecution'], resources: [machine] },
    {
      sid: 'WatchPromotion',
      actions: ['states:DescribeExecution'],
      resources: [executions],
      wildcard: 'Executions are named by the promotion.',
    },
  );
}
