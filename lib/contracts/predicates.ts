/** Predicate types (in-toto Statement `predicateType`) that Countersign accepts or writes. */
export const Predicate = {
  manifest: 'https://countersign.dev/manifest/v1',
  keyProof: 'https://countersign.dev/key-proof/v1',
  slsaProvenance: 'https://slsa.dev/provenance/v1',
  slsaVsa: 'https://slsa.dev/verification_summary/v1',
  scai: 'https://in-toto.io/attestation/scai/v0.3',
  testResult: 'https://in-toto.io/attestation/test-result/v0.1',
  vulns: 'https://in-toto.io/attestation/vulns/v0.2',
  cyclonedx: 'https://cyclonedx.org/bom',
  modelSigning: 'https://model_signing/signature/v1.0',
} as const;

/** Predicate types that count only under the evidence key; a producer's key can never have authority over them. */
export const OwnPredicate = {
  receipt: 'https://countersign.dev/receipt/v1',
  keyEvent: 'https://countersign.dev/key-event/v1',
  principalEvent: 'https://countersign.dev/principal-event/v1',
  hold: 'https://countersign.dev/hold/v1',
  policyEvent: 'https://countersign.dev/policy-event/v1',
  waiver: 'https://countersign.dev/waiver/v1',
  webhookEvent: 'https://countersign.dev/webhook-event/v1',
  approverEvent: 'https://countersign.dev/approver-event/v1',
  gateSkip: 'https://countersign.dev/gate-skip/v1',
  promotionEvent: 'https://countersign.dev/promotion-event/v1',
  approval: 'https://countersign.dev/approval/v1',
  release: 'https://countersign.dev/release/v1',
  incidentEvent: 'https://countersign.dev/incident-event/v1',
} as const;

/**
 * Extension field of a SLSA verification summary that makes it a decision of a gate (SLSA: extension fields are named by
 * URIs). Only the control plane writes it.
 */
export const VERDICTS_FIELD = 'https://countersign.dev/verdicts/v1';

/** `verifier.id` of a gate's decision. */
export const GATE_VERIFIER = 'https://countersign.dev/gate';

/** What a producer may submit to `POST /v1/attestations` (a manifest goes to `POST /v1/manifests` too). */
export const SUBMITTABLE = [
  Predicate.manifest,
  Predicate.slsaProvenance,
  Predicate.slsaVsa,
  Predicate.scai,
  Predicate.testResult,
  Predicate.vulns,
  Predicate.cyclonedx,
  Predicate.modelSigning,
] as const;

export type SubmittablePredicate = (typeof SUBMITTABLE)[number];

/** Statements of our own that may change what a gate says of anything: of policies, keys and waivers. */
export const BEARING_ON_ALL = [
  OwnPredicate.policyEvent,
  OwnPredicate.principalEvent,
  OwnPredicate.keyEvent,
  OwnPredicate.waiver,
] as const;

/** Pipeline stages in the order in which a run passes them. */
export const STAGES = [
  'ingest',
  'preprocess',
  'feature',
  'training',
  'evaluation',
  'registration',
  'promotion',
  'serving',
] as const;
export type Stage = (typeof STAGES)[number];

export const ENVIRONMENTS = ['experimental', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];
