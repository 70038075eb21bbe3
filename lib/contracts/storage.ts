/**
 * Where bytes and items lie. The bucket policy, the grants and the adapters are all made from these names.
 * Every object in the evidence bucket is written once.
 */
export const Prefix = {
  /** Submitted attestations by statement identity: see docs/adr/0001. */
  attestations: 'attestations/',
  /** What the control plane states itself (a key was registered, a hold placed): one numbered stream per subject. */
  events: 'events/',
  /** Artifacts by the digest of their bytes. */
  artifacts: 'artifacts/',
  /** Receipts by the digest of the evidence they countersign. */
  receipts: 'receipts/',
  /** Policy bundles by their digest. */
  policies: 'policies/',
  /** What gates decided, and the facts that they decided on. */
  gates: 'gates/',
  /** What promotions put in place, each under its promotion's id. */
  releases: 'releases/',
  /** What policies would have decided, by the digest of the report. */
  simulations: 'simulations/',
  /** What people decided on promotions, and that it counts no more. */
  approvals: 'approvals/',
  /** Public keys that ever countersigned, as PEM, by keyid. */
  keys: 'keys/',
} as const;

/** Streams of events, by the subjects that are numbered together. */
export const EVENT_STREAMS = [
  'approver',
  'evidence-key',
  'hold',
  'incident',
  'policy',
  'policy-activation',
  'principal',
  'promotion',
  'waiver',
  'webhook',
] as const;
export type EventStream = (typeof EVENT_STREAMS)[number];

/** Where the events of these streams lie, and those of them that lost a race. */
export function eventPrefixes(...streams: readonly EventStream[]): readonly string[] {
  return streams.flatMap((stream) => [`${Prefix.events}${stream}/`, `${Prefix.events}lost/${stream}/`]);
}

/** Uploads through the staging bucket. */
export const UPLOADS = 'uploads/';

/** Partitions of the registry table that hold policies and waivers; `*` stands for a digest. */
export const POLICY_PARTITIONS = ['policy#*', 'policies', 'policy-activation', 'waivers'] as const;

/** Those of the policies themselves. */
export const POLICY_RECORD_PARTITIONS = ['policy#*', 'policies'] as const;

/** Of those, the one of the waivers. */
export const WAIVER_PARTITIONS = ['waivers'] as const;

/** Partition of the registry table that holds the people who may be asked to approve, and how they are reached. */
export const APPROVERS = 'approvers';

/** Partition of the registry table that says where announcements are sent, with the secrets, encrypted. */
export const WEBHOOKS = 'webhooks';

/** Partitions of the workflow table that hold what is on its way there; `*` stands for a webhook. */
export const DELIVERY_PARTITIONS = ['deliveries#*'] as const;
export const WEBHOOK_STOP_PARTITIONS = ['webhook-stops'] as const;

/** Partition of the registry table that holds the keys that countersign. */
export const EVIDENCE_KEY_PARTITION = 'evidence-key';

/** Partitions of the registry table that say who is who and what a key may sign; `*` stands for an id. */
export const AUTHORITY_PARTITIONS = ['caller#*', 'principal#*', 'key#*', EVIDENCE_KEY_PARTITION] as const;

/** Partitions of the workflow table that hold simulations. */
export const SIMULATION_PARTITIONS = ['simulation#*'] as const;

/** Partitions of the workflow table that promotions live in, by who writes them; `*` stands for an id or a name. */
export const PROMOTION_PARTITIONS = ['promotion#*'] as const;
export const ENDPOINT_PARTITIONS = ['endpoint#*'] as const;
export const LINK_PARTITIONS = ['link#*'] as const;
export const APPROVAL_PARTITIONS = ['approvals#*'] as const;
export const RELEASE_PARTITIONS = ['releases#*'] as const;
export const INCIDENT_PARTITIONS = ['incident#*', 'findings#open'] as const;

/** Primary key attributes of every table. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';

/** The workflow table's one index: things in a state or on a person's desk, in time order. */
export const WORKFLOW_INDEX = { name: 'by-state', partitionKey: 'gsi1pk', sortKey: 'gsi1sk' } as const;

/** Partitions of that index, by what they list; `*` stands for an endpoint. */
export const OPEN_PARTITIONS = ['asks#open', 'asks#untold', 'promotions#open'] as const;
export const ENDED_PARTITIONS = ['promotions#endpoint#*'] as const;
export const DUE_PARTITIONS = ['webhooks-due'] as const;

/** TTL attribute (epoch seconds) of the tables' temporary items, such as upload sessions. */
export const TTL_ATTRIBUTE = 'expires_at';
