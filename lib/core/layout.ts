import { STAGES, type Stage } from '../contracts/predicates.ts';
import { APPROVERS, EVIDENCE_KEY_PARTITION, Prefix, WEBHOOKS } from '../contracts/storage.ts';

const LOST = [Prefix.receipts, Prefix.events, Prefix.gates, Prefix.approvals, Prefix.releases].map(
  (prefix) => `${prefix}lost/`,
);

/** Whether a key is that of a note of a KMS signature that lost a race. */
export function isLostSignature(key: string): boolean {
  return LOST.some((prefix) => key.startsWith(prefix));
}

/** What kind of evidence a digest names. An event is an attestation of our own. */
export type EvidenceKind = 'attestation' | 'artifact' | 'event';

/** One role's approval, as one round of a promotion asks for it. */
interface RoleAsked {
  readonly promotion: string;
  readonly role: string;
  readonly round: number;
}

/** Object keys: pure arithmetic over digests, so that anyone can find an object without an index. */
export const objectKey = {
  attestation: (statementIdentity: string): string =>
    `${Prefix.attestations}sha256/${statementIdentity.slice(0, 2)}/${statementIdentity}.sigstore.json`,
  event: (stream: string, revision: number): string =>
    `${Prefix.events}${stream}/${String(revision).padStart(6, '0')}.sigstore.json`,
  artifact: (sha256: string): string => `${Prefix.artifacts}sha256/${sha256.slice(0, 2)}/${sha256}`,
  /** An artifact and an attestation of the same bytes are two pieces of evidence, each with its own receipt. */
  receipt: (evidence: string, kind: EvidenceKind = 'attestation'): string =>
    kind === 'artifact'
      ? `${Prefix.receipts}artifacts/${evidence}.sigstore.json`
      : `${Prefix.receipts}${evidence}.sigstore.json`,
  /** Note of a KMS signature that lost a race: its request id is kept, the signature is not. */
  lostReceipt: (evidence: string, requestId: string): string => `${Prefix.receipts}lost/${evidence}/${requestId}.json`,
  /** The same of an event; who may write events may write nothing under receipts/. */
  lostEvent: (stream: string, requestId: string): string => `${Prefix.events}lost/${stream}/${requestId}.json`,
  policy: (sha256: string): string => `${Prefix.policies}${sha256}.tar.gz`,
  gateInput: (sha256: string): string => `${Prefix.gates}inputs/${sha256}.json`,
  /** A decision by the digest of its payload. */
  decision: (payload: string): string => `${Prefix.gates}decisions/${payload}.sigstore.json`,
  /** That a gate was skipped, by the digest of the statement's payload. */
  skip: (payload: string): string => `${Prefix.gates}skips/${payload}.sigstore.json`,
  /** Of a decision or a skip. */
  lostDecision: (payload: string, requestId: string): string => `${Prefix.gates}lost/${payload}/${requestId}.json`,
  /** By the id of the promotion: it has one release. */
  release: (promotion: string): string => `${Prefix.releases}${promotion}.sigstore.json`,
  lostRelease: (promotion: string, requestId: string): string =>
    `${Prefix.releases}lost/${promotion}/${requestId}.json`,
  /** What became of one role in one round: it is decided once, and what was decided ends once. */
  approval: ({ promotion, role, round }: RoleAsked, part: 'given' | 'ended'): string =>
    `${Prefix.approvals}${promotion}/${role}/${String(round).padStart(3, '0')}/${part}.sigstore.json`,
  lostApproval: ({ promotion, role }: RoleAsked, requestId: string): string =>
    `${Prefix.approvals}lost/${promotion}/${role}/${requestId}.json`,
  simulationReport: (sha256: string): string => `${Prefix.simulations}${sha256}.json`,
  publicKey: (keyid: string): string => `${Prefix.keys}${keyid}.pem`,
} as const;

/** Principal of what the control plane itself states about a model; no registered name holds a colon. */
export const CONTROL_PLANE = 'countersign:control-plane';

/** Partition of every key that ever countersigned. */
export const EVIDENCE_KEYS = EVIDENCE_KEY_PARTITION;

/** Partition of what was in force when. */
export const POLICY_ACTIVATIONS = 'policy-activation';

/** Stream of the events that put policies in force: of the main policy, or of a slot beside it. */
export function activationStream(slot: string | undefined): string {
  return slot === undefined ? POLICY_ACTIVATIONS : `${POLICY_ACTIVATIONS}/${slot}`;
}

/** Stream of the events of one promotion. */
export function promotionStream(id: string): string {
  return `promotion/${id}`;
}

/** Stream of the events about one person who may be asked to approve. */
export function approverStream(id: string): string {
  return `approver/${id}`;
}

/**
 * An endpoint as keys have it. SageMaker takes names in other letters for the same endpoint: CreateEndpoint, API reference. So it has one
 * lease, one queue and one history however it is written; records keep the name that it was given.
 */
export function endpointKey(name: string): string {
  return name.toLowerCase();
}

export function isSameEndpoint(one: string, other: string): boolean {
  return endpointKey(one) === endpointKey(other);
}

/** Partition of every policy that was proposed. */
export const POLICIES = 'policies';

/** Partition of every waiver: each by its id, and again by its end. */
export const WAIVERS = 'waivers';

/** Primary keys of items. A sort key begins with what a listing is ordered by. */
export const itemKey = {
  evidence: (sha256: string) => ({ pk: `evidence#${sha256}`, sk: 'evidence' }),
  artifact: (sha256: string) => ({ pk: `artifact#${sha256}`, sk: 'evidence' }),
  statement: (identity: string) => ({ pk: `statement#${identity}`, sk: 'statement' }),
  hold: (sha256: string) => ({ pk: `evidence#${sha256}`, sk: 'hold' }),
  upload: (sha256: string, name: string) => ({ pk: `upload#${sha256}`, sk: `name#${name}` }),
  caller: (uniqueId: string) => ({ pk: `caller#${uniqueId}`, sk: 'caller' }),
  principal: (name: string) => ({ pk: `principal#${name}`, sk: 'principal' }),
  key: (keyid: string, recordedAt: string, revision: number) => ({
    pk: `key#${keyid}`,
    sk: `at#${recordedAt}#${String(revision).padStart(6, '0')}`,
  }),
  keyOwner: (keyid: string) => ({ pk: `key#${keyid}`, sk: 'owner' }),
  policy: (sha256: string) => ({ pk: `policy#${sha256}`, sk: 'policy' }),
  waiver: (id: string) => ({ pk: WAIVERS, sk: `id#${id}` }),
  waiverByEnd: (notAfter: string, id: string) => ({ pk: WAIVERS, sk: `${notAfter}#${id}` }),
  approver: (id: string) => ({ pk: APPROVERS, sk: `person#${id}` }),
  /** Apart, so that it can be erased, and so that a rebuild of the records does not touch it. */
  approverContact: (id: string) => ({ pk: APPROVERS, sk: `contact#${id}` }),
  subscription: (id: string) => ({ pk: WEBHOOKS, sk: `subscription#${id}` }),
  webhookSecrets: (id: string) => ({ pk: WEBHOOKS, sk: `secrets#${id}` }),
  delivery: (webhook: string, time: string, message: string) => ({
    pk: workflow.deliveries(webhook),
    sk: `${time}#${message}`,
  }),
  webhookStop: (webhook: string) => ({ pk: workflow.webhookStops, sk: webhook }),
  /** Of the main policy, or of a slot: all that is in force now lies in one run of sort keys. */
  activation: (slot: string | undefined) => ({
    pk: POLICY_ACTIVATIONS,
    sk: slot === undefined ? 'current' : `current#${slot}`,
  }),
  activationRecord: (slot: string | undefined, at: string, revision: number) => ({
    pk: POLICY_ACTIVATIONS,
    sk: `at#${at}#${slot === undefined ? '' : `${slot}#`}${String(revision).padStart(6, '0')}`,
  }),
  simulation: (id: string) => ({ pk: `simulation#${id}`, sk: 'simulation' }),
  simulationProgress: (id: string) => ({ pk: `simulation#${id}`, sk: 'progress' }),
  promotion: (id: string) => ({ pk: `promotion#${id}`, sk: 'promotion' }),
  /** What one role was asked in a promotion, in the newest round. */
  ask: (promotion: string, role: string) => ({ pk: `promotion#${promotion}`, sk: `ask#${role}` }),
  /** Whose an endpoint is while something is deployed to it, and who waits for it. */
  lease: (endpoint: string) => ({ pk: `endpoint#${endpointKey(endpoint)}`, sk: 'lease' }),
  waiting: (endpoint: string, requestedAt: string, promotion: string) => ({
    pk: `endpoint#${endpointKey(endpoint)}`,
    sk: `waiting#${requestedAt}#${promotion}`,
  }),
  /** A link by the digest of its secret. */
  link: (sha256: string) => ({ pk: `link#${sha256}`, sk: 'link' }),
  release: (endpoint: string, releasedAt: string, promotion: string) => ({
    pk: workflow.releases(endpoint),
    sk: `${releasedAt}#${promotion}`,
  }),
  /** What one person decided on a model, in the order of time. */
  approval: (model: string, decidedAt: string, evidence: string) => ({
    pk: workflow.approvals(model),
    sk: timeOrder(decidedAt, evidence),
  }),
  incident: (id: string) => ({ pk: `incident#${id}`, sk: 'incident' }),
  finding: (incident: string, about: string) => ({ pk: workflow.openFindings, sk: `${incident}#${about}` }),
  evidenceKey: { pk: EVIDENCE_KEYS, sk: 'current' },
  evidenceKeyRecord: (keyid: string) => ({ pk: EVIDENCE_KEYS, sk: `key#${keyid}` }),
} as const;

/** Partitions of the evidence look-ups; each is one Query. */
export const lookup = {
  digest: (sha256: string): string => `digest#${sha256}`,
  /** What the control plane itself stated about a digest: apart, so that asking gates often makes no gate slower. */
  decisions: (sha256: string): string => `decisions#${sha256}`,
  /** What is asserted for models by their name, such as thresholds. */
  forModels: (name: string): string => `model-name#${name}`,
  run: (runId: string): string => `run#${runId}`,
  commit: (sha: string): string => `commit#${sha}`,
  /** Decisions of one policy bundle, by its digest. */
  policy: (sha256: string): string => `policy#${sha256}`,
  /** What one policy bundle would have decided while it was a shadow. */
  shadow: (sha256: string): string => `shadow#${sha256}`,
  principalDay: (name: string, day: string): string => `principal#${name}#${day}`,
} as const;

/** Partitions of the workflow table: those that gates read, and those of the index. */
export const workflow = {
  openFindings: 'findings#open',
  approvals: (model: string): string => `approvals#${model}`,
  releases: (endpoint: string): string => `releases#${endpointKey(endpoint)}`,
  /** Of the index: the releases of one model in time order. */
  releasesOf: (model: string): string => `releases#model#${model}`,
  deliveries: (webhook: string): string => `deliveries#${webhook}`,
  /** Of the webhooks whose consumers said that they are gone. */
  webhookStops: 'webhook-stops',
  /** Of the index: the deliveries that wait for an attempt, by when it is due. */
  webhooksDue: 'webhooks-due',
  /** Of the index: the simulations of one policy in time order. */
  simulationsOf: (policy: string): string => `simulations#${policy}`,
  /** Of the index, which holds an item once: open promotions in order of request; those that ended, by endpoint. */
  openPromotions: 'promotions#open',
  promotionsOf: (endpoint: string): string => `promotions#endpoint#${endpointKey(endpoint)}`,
  /** Of the index: what people are asked, in the order of asking. */
  openAsks: 'asks#open',
  /** Of the index: approvals whose givers have yet to hear that nothing was released. */
  untoldAsks: 'asks#untold',
  /** Of the index: what one person decided, in the order of time. */
  decidedBy: (person: string): string => `decided#${person}`,
  incidents: (state: string): string => `incidents#${state}`,
} as const;

/** Orders by time of receipt, then by digest, so that a page boundary is stable. */
export function timeOrder(receivedAt: string, evidence: string): string {
  return `${receivedAt}#${evidence}`;
}

/** Orders a run's evidence as the run passes its stages; what has no stage comes last. */
export function stageOrder(stage: Stage | undefined, receivedAt: string, evidence: string): string {
  const ordinal = stage === undefined ? 99 : STAGES.indexOf(stage);
  return `${String(ordinal).padStart(2, '0')}#${timeOrder(receivedAt, evidence)}`;
}
