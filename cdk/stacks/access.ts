import {
  APPROVERS,
  AUTHORITY_PARTITIONS,
  EVIDENCE_KEY_PARTITION,
  eventPrefixes,
  POLICY_PARTITIONS,
  POLICY_RECORD_PARTITIONS,
  Prefix,
  SIMULATION_PARTITIONS,
  WAIVER_PARTITIONS,
  WORKFLOW_INDEX,
} from '../../lib/contracts/storage.ts';
import type { Grantee } from '../constructs/policy.ts';
import type { StateMachine } from '../constructs/state-machine.ts';
import type { StateMachineArns } from '../constructs/state-machine-arns.ts';
import type { DataStack } from './data-stack.ts';

// Who may do what, one function per grantee. test/template/iam-*.test.ts prove what comes of it.

export function grantIntake(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, [Prefix.attestations, Prefix.receipts]);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  grantRecordEvidence(grantee, data);
}

export function grantArtifacts(grantee: Grantee, data: DataStack, verifierArn: string): void {
  data.evidence.grantCreate(grantee, [Prefix.artifacts, Prefix.receipts]);
  data.staging.grantUpload(grantee);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  grantRecordEvidence(grantee, data);
  grantInvoke(grantee, 'StartVerifier', verifierArn);
}

export function grantVerifier(grantee: Grantee, data: DataStack, verifierArn: string): void {
  data.evidence.grantCreate(grantee, [Prefix.artifacts, Prefix.receipts]);
  data.evidence.grantAbortUpload(grantee, Prefix.artifacts);
  data.staging.grantTakeOut(grantee);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb', 'sqs']);
  grantRecordEvidence(grantee, data);
  // What is too long for one run is continued by the next.
  grantInvoke(grantee, 'StartVerifier', verifierArn);
}

/** What every writer of evidence does with the tables: look up, then one transaction that checks the principal's revision. */
function grantRecordEvidence(grantee: Grantee, data: DataStack): void {
  data.evidenceTable.grant(grantee, 'RecordEvidence', 'GetItem', 'PutItem');
  // Not how people are reached, and not where announcements are sent, which lie in the same table.
  const actions = ['BatchGetItem', 'ConditionCheckItem', 'GetItem'] as const;
  data.registryTable.grantPartitions(grantee, 'ReadRegistry', AUTHORITY_PARTITIONS, ...actions);
}

export function grantReader(grantee: Grantee, data: DataStack): void {
  data.evidence.grantRead(grantee, ...Object.values(Prefix));
  data.dataKey.grantDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'ReadEvidenceTable', 'GetItem', 'Query');
  data.registryTable.grant(grantee, 'ReadRegistry', 'BatchGetItem', 'GetItem', 'Query');
  data.workflowTable.grant(grantee, 'ReadWorkflow', 'GetItem', 'Query');
  // Readers are shown all of it.
  data.workflowTable.grantIndex(grantee, 'ListWorkflow', WORKFLOW_INDEX.name, ['*']);
}

export function grantRegistry(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, [...eventPrefixes('evidence-key', 'principal'), Prefix.keys]);
  data.evidenceKey.grantSign(grantee);
  data.evidenceKey.grantGetPublicKey(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.registryTable.grant(grantee, 'ReadRegistry', 'BatchGetItem', 'GetItem', 'Query');
  // Policies and waivers lie in the same table; who registers keys puts none in force.
  data.registryTable.grantPartitions(grantee, 'WriteAuthority', AUTHORITY_PARTITIONS, 'PutItem');
  data.evidenceTable.grant(grantee, 'RecordEvents', 'PutItem');
}

export function grantHolds(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, eventPrefixes('hold'));
  data.evidence.grantLegalHold(grantee, Prefix.attestations, Prefix.events, Prefix.artifacts, Prefix.receipts);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'RecordHolds', 'GetItem', 'PutItem');
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'GetItem', 'Query');
}

/** Reads what a decision rests on, and writes decisions. */
export function grantGates(
  grantee: Grantee,
  data: DataStack,
  creates: readonly string[] = [Prefix.gates],
  alsoReads: readonly string[] = [Prefix.events],
): void {
  data.evidence.grantCreate(grantee, creates, [Prefix.attestations, Prefix.policies, Prefix.approvals, ...alsoReads]);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'RecordDecisions', 'BatchGetItem', 'PutItem', 'Query');
  data.registryTable.grant(grantee, 'ReadRegistry', 'BatchGetItem', 'GetItem', 'Query');
  data.workflowTable.grant(grantee, 'ReadWorkflow', 'Query');
}

export function grantPolicies(grantee: Grantee, data: DataStack, simulations: StateMachineArns): void {
  const events = eventPrefixes('policy', 'policy-activation', 'waiver');
  data.evidence.grantCreate(grantee, [Prefix.policies, ...events], [Prefix.attestations, Prefix.events]);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'RecordPolicyEvents', 'GetItem', 'PutItem');
  data.registryTable.grant(grantee, 'ReadRegistry', 'GetItem', 'Query');
  // Principals and keys lie in the same table; who manages policies gives nobody authority.
  data.registryTable.grantPartitions(grantee, 'WritePolicies', POLICY_PARTITIONS, 'PutItem');
  data.workflowTable.grantPartitions(grantee, 'StartSimulations', SIMULATION_PARTITIONS, 'PutItem', 'Query');
  grantee.allow(
    { sid: 'StartSimulation', actions: ['states:StartExecution'], resources: [simulations.machine] },
    {
      sid: 'WatchSimulation',
      actions: ['states:DescribeExecution'],
      resources: [simulations.executions],
      wildcard: 'Executions are named by what they simulate.',
    },
  );
}

/** Writes who may be asked to approve, and nothing else of the registry. */
export function grantApprovers(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, eventPrefixes('approver'));
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'RecordEvents', 'PutItem');
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'GetItem', 'Query');
  data.registryTable.grantPartitions(grantee, 'KeepDirectory', [APPROVERS], 'BatchGetItem', 'PutItem', 'Query');
}

/** Reads every decision and what it was made on, writes reports, and takes a policy one step of its life further. */
export function grantSimulator(grantee: Grantee, data: DataStack): void {
  const creates = [Prefix.simulations, ...eventPrefixes('policy')];
  data.evidence.grantCreate(grantee, creates, [Prefix.events, Prefix.gates, Prefix.policies]);
  data.staging.grantSimulate(grantee);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'ReadDecisions', 'BatchGetItem', 'PutItem', 'Query');
  data.registryTable.grant(grantee, 'ReadRegistry', 'GetItem', 'Query');
  data.registryTable.grantPartitions(grantee, 'WritePolicies', POLICY_RECORD_PARTITIONS, 'PutItem');
  data.workflowTable.grantPartitions(
    grantee,
    'WriteSimulations',
    SIMULATION_PARTITIONS,
    'PutItem',
    'Query',
    'UpdateItem',
  );
}

/** Runs the simulator: to list, on every chunk of the list, and to report. */
export function grantSimulatePolicy(machine: StateMachine, data: DataStack, simulatorArn: string): void {
  grantInvoke(machine, 'RunSimulator', simulatorArn);
  data.staging.grantReadChunkLists(machine);
  data.dataKey.grantDecrypt(machine, ['s3']);
  machine.allowDistributedMap('EvaluateChunks');
}

/** Reads no record but the waivers', and announces what it read. */
export function grantWaiverWatch(grantee: Grantee, data: DataStack): void {
  data.dataKey.grantDecrypt(grantee, ['dynamodb']);
  data.registryTable.grantPartitions(grantee, 'ReadWaivers', WAIVER_PARTITIONS, 'Query');
  data.announcements.grantAnnounce(grantee);
}

/** `countersign reindex` works on the bucket and the tables directly: it must run when nothing else does. */
export function grantRebuilder(grantee: Grantee, data: DataStack): void {
  data.evidence.grantList(grantee);
  data.evidence.grantRead(grantee, ...Object.values(Prefix));
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  // Deleting and scanning empty a table that somebody has tampered with: docs/runbook.md#tables-written.
  const rebuild = ['DeleteItem', 'PutItem', 'Scan'] as const;
  data.evidenceTable.grant(grantee, 'RebuildEvidenceTable', ...rebuild);
  data.registryTable.grant(grantee, 'RebuildRegistryTable', ...rebuild);
  data.workflowTable.grant(grantee, 'RebuildWorkflowTable', ...rebuild, 'GetItem');
}

/** An auditor may fetch evidence past our API, to check that the API does not lie. */
export function grantAuditor(grantee: Grantee, data: DataStack): void {
  data.evidence.grantRead(grantee, ...Object.values(Prefix));
  data.evidence.grantList(grantee);
  data.dataKey.grantDecrypt(grantee, ['s3']);
  data.evidenceKey.grantGetPublicKey(grantee);
}

function grantInvoke(grantee: Grantee, sid: string, functionArn: string): void {
  grantee.allow({ sid, actions: ['lambda:InvokeFunction'], resources: [functionArn] });
}
