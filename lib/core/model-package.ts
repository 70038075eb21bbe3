import { GATE_CLOSED } from '../contracts/promotion.ts';
import { cardView, HEADINGS, readCard } from './approvals/view/card.ts';
import { sha256Hex } from './digest.ts';
import type { Json } from './json.ts';
import { printable, shortened } from './printable.ts';
import type { Promotion } from './promotion.ts';
import type { RecordedRelease } from './release.ts';

// What the SageMaker Model Registry is told of promotions. Limits: CreateModelPackage, UpdateModelPackage and
// ModelPackageModelCard, Amazon SageMaker API Reference.

export type PackageStatus = 'Approved' | 'Rejected';

/** What one promotion was about: a version in the group of its endpoint. */
export interface MirroredModel {
  readonly promotion: string;
  readonly endpoint: string;
  readonly environment: string;
  /** SHA-256 of the model.tar.gz. */
  readonly model: string;
  /** `registry/repository@sha256:<hex>` */
  readonly image: string;
  /** Evidence of the release and of its model card; null where there is none. */
  readonly release: string | null;
  readonly card: string | null;
}

const LONGEST_NAME = 63;

/** The group of an endpoint. Where the name would be too long, it is cut and told apart by a digest. */
export function packageGroup(prefix: string, endpoint: string): string {
  const name = `${prefix}${endpoint}`;
  if (name.length <= LONGEST_NAME) return name;
  const digest = sha256Hex(name).slice(0, 12);
  return `${name.slice(0, LONGEST_NAME - digest.length - 1)}-${digest}`;
}

/** By this a list of packages tells whose each of them is. */
export function packageDescription(promotion: string): string {
  return `Countersign promotion ${promotion}`;
}

/** Ids by which whoever sees a package finds the evidence. */
export function packageProperties(mirrored: MirroredModel): Readonly<Record<string, string>> {
  const { promotion, environment, endpoint, model, release, card } = mirrored;
  const named = Object.entries({ promotion, environment, endpoint, model, release, card });
  return Object.fromEntries(named.flatMap(([name, id]) => (id === null ? [] : [[`countersign:${name}`, id]])));
}

/**
 * The promotions whose packages follow from how one has ended: itself; of a rollback, what it took away and what it restored.
 *
 * @param newestFirst - releases of the endpoint, as they follow each other
 */
export function concernedBy({ id, kind }: Promotion, newestFirst: readonly RecordedRelease[]): readonly string[] {
  if (kind !== 'rollback') return [id];
  const at = newestFirst.findIndex(({ promotion }) => promotion === id);
  const [own, before] = at < 0 ? [] : newestFirst.slice(at, at + 2);
  const concerned = [before && standsFor(before), own?.restores];
  return newestFirst.flatMap(({ evidence, promotion }) => (concerned.includes(evidence) ? [promotion] : []));
}

/**
 * Whether what a promotion released may be deployed: until it is rolled back, and again once it is restored. What merely was
 * followed by something newer may.
 *
 * @param newestFirst - releases of its endpoint, as they follow each other
 * @returns undefined where none of them is the promotion's
 */
export function releasedStatus(promotion: string, newestFirst: readonly RecordedRelease[]): PackageStatus | undefined {
  const at = newestFirst.findIndex((release) => release.promotion === promotion);
  const own = newestFirst[at];
  if (!own || own.kind === 'rollback') return undefined;
  let status: PackageStatus = 'Approved';
  let before = own;
  for (const later of newestFirst.slice(0, at).reverse()) {
    if (later.restores === own.evidence) status = 'Approved';
    else if (later.kind === 'rollback' && standsFor(before) === own.evidence) status = 'Rejected';
    before = later;
  }
  return status;
}

/** A rollback stands for the release that it restored. */
function standsFor({ restores, evidence }: RecordedRelease): string {
  return restores ?? evidence;
}

/**
 * Ends that say no to a model. Who cancels, supersedes or forgets a promotion says nothing of it, nor does what refuses a deployment
 * for how or where it was to be served.
 */
const DENIED: ReadonlySet<string> = new Set(['rejected', 'rolled_back', 'rollback_failed']);

/** The same of what was never released; undefined where nobody has said anything. A gate is asked once the bytes are known to be there. */
export function unreleasedStatus({ kind, state, failure }: Promotion): PackageStatus | undefined {
  const isDenied = DENIED.has(state) || (state === 'refused' && failure?.code === GATE_CLOSED);
  return isDenied && kind !== 'rollback' ? 'Rejected' : undefined;
}

/** Longest texts of a model card, and longest card. */
const LONGEST_TEXT = 2048;
const LONGEST_METRIC_NAME = 255;
const LONGEST_CARD = 100_000;

/**
 * The model card as SageMaker takes it of a package, from a CycloneDX one. Texts are cut where they are too long: the signed card is
 * named beside it.
 *
 * @param artifact - where the model's bytes lie
 * @returns JSON; undefined where the predicate is no model card, or too large
 */
export function packageCard(
  predicate: Json,
  artifact: string,
  properties: Readonly<Record<string, string>>,
): string | undefined {
  const card = readCard(predicate);
  if (!card) return undefined;
  const { metrics, sections } = cardView({ evidence: '', predicate: card }, undefined, new Map());
  const said = (...headings: string[]) =>
    text(
      sections.flatMap(({ heading, texts }) => (headings.includes(heading) ? [`${heading}: ${texts.join('; ')}`] : [])),
    );
  const content = JSON.stringify({
    model_overview: { model_artifact: [artifact] },
    intended_uses: { intended_uses: said(HEADINGS.users, HEADINGS.useCases), risk_rating: 'Unknown' },
    ...(metrics.length === 0 ? {} : { evaluation_details: [evaluation(metrics)] }),
    additional_information: {
      ethical_considerations: said(HEADINGS.ethicalConsiderations),
      caveats_and_recommendations: said(HEADINGS.technicalLimitations, HEADINGS.performanceTradeoffs),
      custom_details: properties,
    },
  });
  return content.length > LONGEST_CARD ? undefined : content;
}

function evaluation(metrics: ReturnType<typeof cardView>['metrics']) {
  const metric_data = metrics.map(({ name: measure, value }) => {
    const name = shortened(printable(measure), LONGEST_METRIC_NAME) || 'unnamed';
    const number = Number(value);
    const isNumber = value !== null && value.trim() !== '' && Number.isFinite(number);
    return isNumber ? { name, type: 'number', value: number } : { name, type: 'string', value: text([value ?? '']) };
  });
  return { name: 'Model card', metric_groups: [{ name: 'Performance metrics', metric_data }] };
}

function text(lines: readonly string[]): string {
  return shortened(lines.map(printable).join(' '), LONGEST_TEXT);
}
