import {
  EVIDENCE_KEY_PARTITION,
  eventPrefixes,
  INCIDENT_PARTITIONS,
  PROMOTION_PARTITIONS,
  Prefix,
  RELEASE_PARTITIONS,
} from '../../lib/contracts/storage.ts';
import type { Grantee } from '../constructs/policy.ts';
import type { DataStack } from './data-stack.ts';

/** What a release rests on: it is locked for as long as the release. */
const RESTS_ON = [
  Prefix.approvals,
  Prefix.artifacts,
  Prefix.attestations,
  Prefix.events,
  Prefix.gates,
  Prefix.keys,
  Prefix.policies,
  Prefix.receipts,
] as const;

/** Seals releases, ends their promotions, and prolongs the locks of what they rest on. */
export function grantReleaser(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, [Prefix.releases], RESTS_ON);
  data.evidence.grantProlong(grantee, RESTS_ON);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'RecordReleases', 'BatchGetItem', 'PutItem', 'Query');
  data.registryTable.grant(grantee, 'ReadRegistry', 'GetItem');
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'Query');
  const partitions = [...PROMOTION_PARTITIONS, ...RELEASE_PARTITIONS];
  data.workflowTable.grantPartitions(grantee, 'SealReleases', partitions, 'PutItem', 'Query');
}

/** Takes incidents on and resolves them; what gates see of them goes with them. */
export function grantIncidents(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, eventPrefixes('incident'));
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'RecordIncidents', 'PutItem');
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'GetItem', 'Query');
  grantOpenIncidents(grantee, data);
  data.workflowTable.grantPartitions(grantee, 'ResolveIncidents', INCIDENT_PARTITIONS, 'DeleteItem');
  data.announcements.grantAnnounce(grantee);
}

/** What whoever records events and announces them needs to open incidents besides. */
export function grantOpenIncidents(grantee: Grantee, data: DataStack): void {
  data.workflowTable.grantPartitions(grantee, 'OpenIncidents', INCIDENT_PARTITIONS, 'GetItem', 'PutItem');
}
