import type { GateInput, RuleVerdict } from '../../gate/input.ts';
import type { GateSummary } from '../../mail/model.ts';
import type { NamedDigest, Outcome, PromotionSummary } from '../../pages/model.ts';
import { type Change, imageDigestOf, type Promotion, type PromotionState } from '../../promotion.ts';
import { manifestsIn, namesIn } from './attestations.ts';

/**
 * What is asked for, as mails and pages repeat it.
 *
 * @param input - undefined: the model is told by its digest alone
 */
export function promotionSummary(promotion: Promotion, input: GateInput | undefined): PromotionSummary {
  const { id, endpoint, environment, model, requester, requested_at, reason, kind } = promotion;
  return {
    promotion: id,
    endpoint,
    environment,
    model: namesIn(manifestsIn(input?.attestations ?? []))(model),
    image: imageDigestOf(promotion),
    requester: requester.principal ?? requester.unique_id,
    requestedAt: requested_at,
    reason,
    emergency: kind === 'break_glass',
  };
}

export function gateSummary(verdicts: readonly RuleVerdict[]): GateSummary {
  const count = (verdict: RuleVerdict['verdict']) => verdicts.filter((one) => one.verdict === verdict).length;
  return {
    passed: count('pass'),
    waived: count('waived'),
    notApplicable: count('not_applicable'),
    failed: count('fail'),
    undetermined: count('undetermined'),
  };
}

/** What changes against what runs now, in sentences; none for a first deployment. */
export function changesAgainst(running: NamedDigest | undefined, summary: PromotionSummary): readonly string[] {
  if (!running) return [];
  if (running.sha256 === summary.model.sha256) return ['The model stays; how it is served changes.'];
  return [`${nameOf(summary.model)} takes the place of ${nameOf(running)}.`];
}

function nameOf({ name, sha256 }: NamedDigest): string {
  const digest = `sha256:${sha256.slice(0, 12)}`;
  return name === null ? digest : `${name} (${digest})`;
}

const CHANGES: Readonly<Record<Change['code'], (about: string) => string>> = {
  attestation_gone: (about) => `Evidence that was relied on is gone: ${about}.`,
  signature_changed: (about) => `Evidence that was relied on verifies otherwise now: ${about}.`,
  attestation_superseded: (about) => `Newer evidence takes the place of what was relied on: ${about}.`,
  consent_or_review_changed: (about) => `Consent or privacy review of the data is otherwise now: ${about}.`,
  policy_changed: (about) => `Another policy is in force: ${about}.`,
  verdict_changed: (about) => `The gate judges otherwise now: ${about}.`,
  approver_left: (about) => `Whoever had approved does not hold the role any more: ${about}.`,
  approval_withdrawn: (about) => `An approval was taken back: ${about}.`,
};

/** Why people are asked again, in sentences. */
export function changeSentences(changes: readonly Change[]): readonly string[] {
  return changes.map(({ code, about }) => CHANGES[code](about));
}

/** How an end is told to people; undefined of what has not ended. */
export const OUTCOMES: Readonly<Partial<Record<PromotionState, Outcome>>> = {
  released: 'released',
  refused: 'refused',
  rejected: 'refused',
  expired: 'expired',
  cancelled: 'cancelled',
  superseded: 'superseded',
  rolled_back: 'rolled_back',
  rollback_failed: 'failed',
  failed: 'failed',
};
