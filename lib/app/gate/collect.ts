import type { Environment } from '../../contracts/predicates.ts';
import { Predicate } from '../../contracts/predicates.ts';
import { DomainError } from '../../core/errors.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import type { Judged } from '../../core/gate/attestation.ts';
import type { GateApproval, GateAttestation, GateInput, GatePhase, GateRelease, Known } from '../../core/gate/input.ts';
import type { Content } from '../../core/submission.ts';
import { lineCounter } from '../lookups.ts';
import { GATE_BOUNDS, type GateBounds } from './bounds.ts';
import { evidenceJudge, type JudgeDeps, judgeNamed } from './judge.ts';
import { directEvidence, type Mentioned, mentionedEvidence, type Search, verifiedLineage } from './lineage.ts';
import type { GateFacts } from './ports.ts';
import { provenReleases } from './releases.ts';
import { isBorneOut } from './scans.ts';
import { provenWaivers, type WaiverDeps } from './waivers.ts';

/** What is asked: may this model enter this environment? */
export interface GateQuestion {
  readonly model: string;
  readonly environment: Environment;
  readonly phase: GatePhase;
  /** `sha256:<hex>` */
  readonly imageDigest: string | undefined;
  readonly endpoint: string | undefined;
  /** Registered name of who asks. */
  readonly requester: string | undefined;
  /**
   * The promotion that asks.
   * @default - the question belongs to none
   */
  readonly promotion?: AskingPromotion;
  /** The instant that the rules take for now. */
  readonly now: Date;
  /**
   * Whether only what was there at that instant is seen. A question about now sees all that is committed: the clock of whoever
   * committed it may be ahead of ours.
   */
  readonly asOf: boolean;
}

export interface AskingPromotion {
  readonly id: string;
  /** Evidence of the approvals that answer what people are asked now; earlier ones approved other facts. */
  readonly approvals: ReadonlySet<string>;
}

export interface CollectDeps extends JudgeDeps, WaiverDeps {
  readonly registry: JudgeDeps['registry'];
  readonly facts: GateFacts;
  readonly bounds?: GateBounds;
}

/**
 * Gathers every fact that the rules may want, each verified again from its bytes.
 *
 * @param evidenceKey - the active one; undefined: it is read
 * @throws DomainError MODEL_UNKNOWN, MANIFEST_MISSING or MANIFEST_UNSIGNED when there is nothing to judge: asking again after
 *   the hint was followed is cheaper than reading a page of verdicts. LINEAGE_TOO_LARGE
 */
export async function collectInput(
  deps: CollectDeps,
  question: GateQuestion,
  evidenceKey: EvidenceKey | undefined,
): Promise<GateInput> {
  const { model, environment, phase, imageDigest, endpoint, requester } = question;
  const now = question.now.toISOString();
  const standing = Promise.all([
    deps.facts.waivers(question.now),
    deps.facts.approvals(model, question.now, evidenceKey, deps.ledger),
    releasesOn(deps, question, evidenceKey),
  ]);
  // Waited for below; a refusal before that must not leave a rejection to nobody.
  standing.catch(() => {});

  const { judged, superseded, code } = await judgedEvidence(deps, question, evidenceKey);
  const contents = new Map<string, Content>();
  for (const [evidence, { content }] of judged) if (content) contents.set(evidence, content);
  const lineage = verifiedLineage(model, contents, code);
  const attestations = [...judged.values()].map(({ attestation }) => attestation).toSorted(byReceipt);
  const about = [
    ...lineage.nodes,
    ...attestations.flatMap(({ signature }) => signature.keyid ?? []),
    ...(endpoint === undefined ? [] : [endpoint]),
  ];
  const [listed, approvals, releases] = await standing;
  const reach = { digests: new Set(lineage.nodes), endpoint: endpoint ?? null, environment, now };
  // The way back leads to the model before: what is open about that one counts too.
  const earlier = releases.known ? releases.items.map((release) => release.model) : [];
  const [findings, waivers] = await Promise.all([
    deps.facts.findings([...new Set([...about, ...earlier])]),
    provenWaivers(deps, listed, reach, evidenceKey),
  ]);
  return {
    version: 1,
    now,
    phase,
    environment,
    model: { sha256: model },
    image_digest: imageDigest ?? null,
    endpoint: endpoint ?? null,
    requester: requester ?? null,
    promotion: question.promotion?.id ?? null,
    attestations,
    superseded,
    lineage,
    waivers,
    findings: seen(question, findings, ({ opened_at }) => opened_at),
    approvals: seen(question, standingIn(question.promotion, approvals), ({ decided_at }) => decided_at),
    releases,
  };
}

async function releasesOn(
  deps: CollectDeps,
  { endpoint, asOf, now }: GateQuestion,
  evidenceKey: EvidenceKey | undefined,
): Promise<Known<GateRelease>> {
  if (endpoint === undefined) return { known: true, items: [] };
  return await provenReleases(deps, await deps.facts.releases(endpoint, asOf ? now : undefined), evidenceKey);
}

function standingIn(asking: AskingPromotion | undefined, approvals: Known<GateApproval>): Known<GateApproval> {
  if (!asking || !approvals.known) return approvals;
  const stands = ({ promotion, evidence }: GateApproval) => promotion !== asking.id || asking.approvals.has(evidence);
  return { known: true, items: approvals.items.filter(stands) };
}

type Instant = Pick<GateQuestion, 'now' | 'asOf'>;

function wasThere({ now, asOf }: Instant, time: string): boolean {
  return !asOf || time <= now.toISOString();
}

function seen<T>(instant: Instant, list: Known<T>, timeOf: (item: T) => string): Known<T> {
  return list.known ? { known: true, items: list.items.filter((item) => wasThere(instant, timeOf(item))) } : list;
}

/** Everything said of the model, of what it was made from, and of what was said of it; each piece once. */
async function judgedEvidence(deps: CollectDeps, question: GateQuestion, evidenceKey: EvidenceKey | undefined) {
  const { model, imageDigest } = question;
  const bounds = deps.bounds ?? GATE_BOUNDS;
  const inTime = ({ received_at }: IndexEntry) => wasThere(question, received_at);
  const search: Search = { ledger: deps.ledger, wants: inTime, bounds, countLines: lineCounter(bounds.lines) };
  const judge = evidenceJudge(deps, evidenceKey, question.asOf ? question.now : undefined);
  const judged = new Map<string, Judged>();
  const judgeAll = async (lines: Iterable<IndexEntry>): Promise<void> => {
    const fresh = [...lines].filter(({ evidence }) => !judged.has(evidence));
    const named = new Map(fresh.map((line) => [line.evidence, line]));
    for (const [evidence, found] of await judgeNamed(judge, named)) judged.set(evidence, found);
  };
  const judgeMentioned = async ({ evidence, superseded }: Mentioned): Promise<void> => {
    await judgeAll(evidence.values());
    await judgeAll(superseded.filter((one) => !isBorneOut(one, judged)).flatMap(({ earlier }) => earlier));
  };

  const ofModel = await mentionedEvidence(search, model);
  if (ofModel.evidence.size === 0) {
    throw new DomainError('MODEL_UNKNOWN', `no evidence mentions the model ${model}`, {
      pointer: '/model',
      hint: 'the digest is that of the model.tar.gz; its training is attested with `countersign run --stage training --model model.tar.gz -- COMMAND`',
    });
  }
  await judgeMentioned(ofModel);
  requireManifest(judged, model);

  // Thresholds and images are spoken of by what was just read; what is asserted of them counts too, and nothing else: every
  // run with the same image names it, and every test by the same thresholds.
  const isAssertion = (entry: IndexEntry) => inTime(entry) && ASSERTIONS.has(entry.predicate_type ?? '');
  const further = furtherDigests(judged.values(), model, imageDigest).filter((digest) => digest !== model);
  const beside = await directEvidence({ ...search, wants: isAssertion }, further, namesOf(judged.values(), model));
  await judgeMentioned(beside);

  const left = [...ofModel.superseded, ...beside.superseded].flatMap(({ earlier }) => earlier);
  const unseen = new Set(left.map(({ evidence }) => evidence).filter((evidence) => !judged.has(evidence)));
  return {
    judged,
    superseded: unseen.size,
    code: ofModel.code ?? beside.code,
  };
}

function byReceipt(a: GateAttestation, b: GateAttestation): number {
  return a.received_at < b.received_at || (a.received_at === b.received_at && a.evidence < b.evidence) ? -1 : 1;
}

function requireManifest(judged: ReadonlyMap<string, Judged>, model: string): void {
  const manifests = [...judged.values()].filter(
    ({ attestation: { predicate_type, outputs } }) => predicate_type === Predicate.manifest && outputs.includes(model),
  );
  if (manifests.some(({ attestation }) => attestation.signature.state !== 'unsigned')) return;
  // Bytes that do not verify tell nothing of what they made: the rules must speak of them.
  if ([...judged.values()].some(({ attestation }) => attestation.predicate === null)) return;
  if (manifests.length > 0) {
    throw new DomainError('MANIFEST_UNSIGNED', `the manifest that made ${model} is not signed`, {
      pointer: '/model',
      hint: 'sign and submit it: `countersign run --stage training --model model.tar.gz --key key.pem -- COMMAND`',
    });
  }
  throw new DomainError('MANIFEST_MISSING', `no manifest names ${model} as an output`, {
    pointer: '/model',
    hint: 'wrap the training: `countersign run --stage training --model model.tar.gz -- COMMAND`',
  });
}

/** What the trainings of the model call it: thresholds are fixed for names, because a digest is new each time. */
function namesOf(judged: Iterable<Judged>, model: string): string[] {
  const names = new Set<string>();
  for (const { content } of judged) {
    const named = content?.manifest?.stage === 'training' ? content.manifest.model : undefined;
    if (named?.sha256 === model) names.add(named.id);
  }
  return [...names];
}

/** What is asserted of an image or of thresholds. */
const ASSERTIONS: ReadonlySet<string> = new Set([Predicate.scai, Predicate.vulns]);

function furtherDigests(judged: Iterable<Judged>, model: string, imageDigest: string | undefined): string[] {
  const digests = new Set<string>();
  if (imageDigest !== undefined) digests.add(imageDigest.replace(/^sha256:/, ''));
  for (const { content } of judged) {
    const isAboutModel = content?.subjects.some(({ digest }) => digest.sha256 === model);
    if (!content || !isAboutModel) continue;
    if (content.predicateType === Predicate.testResult) for (const digest of content.mentions) digests.add(digest);
    const image = content.manifest?.image_digest;
    if (image !== undefined) digests.add(image.replace(/^sha256:/, ''));
  }
  return [...digests];
}
