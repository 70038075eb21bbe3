import { Predicate } from '../../../contracts/predicates.ts';
import { resultOfAll, type StoredDecision } from '../../gate/decision.ts';
import type { GateInput } from '../../gate/input.ts';
import type {
  ApprovalFacts,
  DecisionView,
  EarlierDecision,
  GateView,
  LineageView,
  RunningView,
} from '../../pages/model.ts';
import type { Promotion } from '../../promotion.ts';
import type { Link } from '../link.ts';
import { manifestsIn, namesIn } from './attestations.ts';
import { cardOf, cardView, directionsIn, type readCard } from './card.ts';
import { datasetViews } from './datasets.ts';
import { changeSentences, promotionSummary } from './summary.ts';

/** What a page is made from. */
export interface PageFacts {
  readonly promotion: Promotion;
  readonly evidence: string;
  readonly decision: StoredDecision;
  readonly input: GateInput;
  readonly running: (RunningView & { readonly card: ReturnType<typeof readCard> }) | undefined;
  readonly decided: readonly DecisionView[];
  readonly earlier: readonly EarlierDecision[];
}

/** How the bearer of a link proves who they are, and whether they have. */
export type Proven = 'by_code' | 'not_by_code' | 'not_signed_in';

/** Everything that an approver sees before they decide. What others said they see once they have proved that they are one. */
export function approvalFacts(facts: PageFacts, { role, deputy_for, until }: Link, proven: Proven): ApprovalFacts {
  const { promotion, input, running, decided } = facts;
  const manifests = manifestsIn(input.attestations);
  const nameOf = namesIn(manifests);
  const card = cardOf(input.attestations, promotion.model);
  return {
    summary: promotionSummary(promotion, input),
    role,
    deputyFor: deputy_for.length === 0 ? null : deputy_for.join(', '),
    until,
    changed: changeSentences(promotion.changes),
    gate: gateView(facts),
    running: running
      ? { model: running.model, image: running.image, policy: running.policy, releasedAt: running.releasedAt }
      : null,
    card: cardView(card, running?.card, directionsIn(input.attestations)),
    datasets: datasetViews(input, manifests, nameOf),
    lineage: lineageView(input, manifests, nameOf),
    approvedBy: decided
      .filter(({ decision, fallen }) => decision === 'approved' && fallen === null)
      .map((one) => one.role),
    ...shownDecisions(facts, proven),
    evidence: evidenceOf(input),
  };
}

function shownDecisions(
  { decided, earlier }: PageFacts,
  proven: Proven,
): Pick<ApprovalFacts, 'decided' | 'earlier' | 'withheld'> {
  const uncommented = <One extends DecisionView>(one: One): One => ({ ...one, comment: '' });
  switch (proven) {
    case 'by_code':
      return { decided, earlier, withheld: { what: 'nothing' } };
    case 'not_by_code':
      return { decided: [], earlier: [], withheld: { what: 'decisions', count: decided.length + earlier.length } };
    case 'not_signed_in':
      return {
        decided: decided.map(uncommented),
        earlier: earlier.map(uncommented),
        withheld: { what: 'comments' },
      };
  }
}

function gateView({ evidence, decision, input }: PageFacts): GateView {
  const { verdicts, warnings } = resultOfAll(decision);
  const used = new Set(verdicts.map(({ waiver }) => waiver));
  return {
    decision: evidence,
    decidedAt: decision.decidedAt,
    passed: decision.passed,
    policy: { sha256: decision.policy.sha256, revision: decision.policy.sha256.slice(0, 12) },
    verdicts,
    warnings,
    waivers: input.waivers.known ? input.waivers.items.filter((waiver) => used.has(waiver.evidence)) : [],
  };
}

type Manifests = ReturnType<typeof manifestsIn>;

function lineageView(
  { lineage, model }: GateInput,
  manifests: Manifests,
  nameOf: ReturnType<typeof namesIn>,
): LineageView {
  const datasets = new Set(
    manifests.flatMap(({ predicate: { dataset, datasets = [] } }) =>
      [dataset, ...datasets].flatMap((one) => one?.sha256 ?? []),
    ),
  );
  return {
    nodes: lineage.nodes.map((sha256) => ({
      ...nameOf(sha256),
      kind: sha256 === model.sha256 ? 'model' : datasets.has(sha256) ? 'dataset' : 'other',
      stage: manifests.find(({ outputs }) => outputs.includes(sha256))?.stage ?? null,
    })),
    edges: lineage.edges.map(({ from, to }) => ({ from, to })),
    complete: lineage.complete,
  };
}

/** What kinds of evidence are called. */
const KINDS: Readonly<Record<string, string>> = {
  [Predicate.slsaProvenance]: 'Build provenance',
  [Predicate.slsaVsa]: 'Verification summary',
  [Predicate.scai]: 'Assertions',
  [Predicate.testResult]: 'Test result',
  [Predicate.vulns]: 'Vulnerability scan',
  [Predicate.cyclonedx]: 'Model card',
  [Predicate.modelSigning]: 'Model signature',
};

function evidenceOf({ attestations }: GateInput): ApprovalFacts['evidence'] {
  return attestations.map(({ evidence: sha256, predicate_type, stage }) => ({
    what: stage === null ? (KINDS[predicate_type] ?? 'Attestation') : `${capital(stage)} manifest`,
    sha256,
  }));
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
