import type { Environment } from '../../contracts/predicates.ts';
import { Predicate } from '../../contracts/predicates.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import { type Judged, judgeEvidence, type KnownKey } from '../../core/gate/attestation.ts';
import type { GateAttestation, GateInput, GatePhase, Known } from '../../core/gate/input.ts';
import { type PublicKey, parsePublicKey } from '../../core/keys.ts';
import type { Content } from '../../core/submission.ts';
import type { EvidenceStore, Registry } from '../ports.ts';
import { GATE_BOUNDS, type GateBounds, mentionedEvidence, verifiedLineage } from './lineage.ts';
import type { GateFacts, GateLedger } from './ports.ts';

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
  /** Judged as of then: what came later is not seen. */
  readonly now: Date;
}

export interface CollectDeps {
  readonly ledger: GateLedger;
  readonly registry: Pick<Registry, 'keyAt' | 'evidenceKeys'>;
  readonly store: Pick<EvidenceStore, 'read'>;
  readonly facts: GateFacts;
  readonly bounds?: GateBounds;
}

/** Objects that are read at the same time: those whose bytes are too large for the table. */
const READERS = 16;

/**
 * Gathers every fact that the rules may want, each verified again from its bytes.
 *
 * @throws DomainError MODEL_UNKNOWN, MANIFEST_MISSING or MANIFEST_UNSIGNED when there is nothing to judge: asking again after
 *   the hint was followed is cheaper than reading a page of verdicts
 */
export async function collectInput(deps: CollectDeps, question: GateQuestion): Promise<GateInput> {
  const { model, environment, phase, imageDigest, endpoint, requester } = question;
  const now = question.now.toISOString();
  const bounds = deps.bounds ?? GATE_BOUNDS;

  const inTime = ({ received_at }: IndexEntry) => received_at <= now;
  const ofModel = await mentionedEvidence(deps.ledger, [model], inTime, bounds);
  if (ofModel.evidence.size === 0) {
    throw new DomainError('MODEL_UNKNOWN', `no evidence mentions the model ${model}`, {
      pointer: '/model',
      hint: 'the digest is that of the model.tar.gz; its training is attested with `countersign run --stage training --output …`',
    });
  }
  const judged = await judge(deps, ofModel.evidence, question.now);
  requireManifest(judged, model);

  // Thresholds and images are spoken of by what was just read; what is asserted of them counts too, and nothing else: every
  // run with the same image names it, and every test by the same thresholds.
  const further = furtherDigests(judged.values(), model, imageDigest).filter((digest) => digest !== model);
  const beside = await mentionedEvidence(
    deps.ledger,
    further,
    (entry) => inTime(entry) && ASSERTIONS.has(entry.predicate_type ?? ''),
    { ...bounds, depth: 0 },
  );
  const rest = new Set([...beside.evidence].filter((evidence) => !judged.has(evidence)));
  for (const [evidence, found] of await judge(deps, rest, question.now)) judged.set(evidence, found);

  const contents = new Map<string, Content>();
  for (const [evidence, { content }] of judged) if (content) contents.set(evidence, content);
  const lineage = verifiedLineage(model, contents, ofModel.code ?? beside.code);
  const attestations = [...judged.values()].map(({ attestation }) => attestation).toSorted(byReceipt);
  const about = [
    ...lineage.nodes,
    ...attestations.flatMap(({ signature }) => signature.keyid ?? []),
    ...(endpoint === undefined ? [] : [endpoint]),
  ];
  const [waivers, approvals, releases] = await Promise.all([
    deps.facts.waivers(),
    deps.facts.approvals(model),
    endpoint === undefined ? { known: true as const, items: [] } : deps.facts.releases(endpoint),
  ]);
  // The way back leads to the model before: what is open about that one counts too.
  const earlier = releases.known ? releases.items.map((release) => release.model) : [];
  const findings = await deps.facts.findings([...new Set([...about, ...earlier])]);
  return {
    version: 1,
    now,
    phase,
    environment,
    model: { sha256: model },
    image_digest: imageDigest ?? null,
    endpoint: endpoint ?? null,
    requester: requester ?? null,
    attestations,
    lineage,
    waivers,
    findings: until(findings, ({ opened_at }) => opened_at <= now),
    approvals: until(approvals, ({ decided_at }) => decided_at <= now),
    releases: until(releases, ({ released_at }) => released_at <= now),
  };
}

/** What was known at the instant that is judged. */
function until<T>(list: Known<T>, wasThere: (item: T) => boolean): Known<T> {
  return list.known ? { known: true, items: list.items.filter(wasThere) } : list;
}

function byReceipt(a: GateAttestation, b: GateAttestation): number {
  return a.received_at < b.received_at || (a.received_at === b.received_at && a.evidence < b.evidence) ? -1 : 1;
}

/** Verifies evidence again from its bytes, by its digest. */
export async function judge(deps: CollectDeps, evidence: ReadonlySet<string>, at: Date): Promise<Map<string, Judged>> {
  if (evidence.size === 0) return new Map();
  const records = await deps.ledger.findMany([...evidence]);
  const attestations = [...records.values()].filter(({ kind }) => kind === 'attestation');
  const [keys, evidenceKeys] = await Promise.all([keyHistories(deps, attestations, at), ownKeys(deps)]);
  const judged = new Map<string, Judged>();
  for (let start = 0; start < attestations.length; start += READERS) {
    const some = attestations.slice(start, start + READERS);
    const bytes = await Promise.all(some.map((record) => bytesOf(deps, record)));
    for (const [index, record] of some.entries()) {
      const keyOf = (keyid: string): KnownKey =>
        keys.get(`${keyid} ${record.received_at}`) ?? { atReceipt: undefined, current: undefined };
      judged.set(record.sha256, await judgeEvidence(record, bytes[index], keyOf, (keyid) => evidenceKeys.get(keyid)));
    }
  }
  return judged;
}

async function bytesOf({ store }: CollectDeps, record: EvidenceRecord): Promise<Buffer | undefined> {
  if (record.inline) return Buffer.from(record.inline);
  try {
    return (await store.read(record.object_key, record.version_id))?.bytes;
  } catch (error) {
    // Not read is not the same as not there: the rules answer undetermined.
    if (error instanceof DomainError && error.code === 'DEPENDENCY_UNAVAILABLE') return undefined;
    throw error;
  }
}

/** Each key as it was when the evidence came and as it is at the instant that is judged. */
async function keyHistories(
  { registry }: CollectDeps,
  records: readonly EvidenceRecord[],
  at: Date,
): Promise<ReadonlyMap<string, KnownKey>> {
  const moments = new Map<string, { readonly keyid: string; readonly time: string }>();
  for (const { keyid, received_at: time } of records) {
    if (keyid !== undefined) moments.set(`${keyid} ${time}`, { keyid, time });
  }
  const currents = new Map<string, Promise<KnownKey['current']>>();
  for (const { keyid } of moments.values()) {
    if (!currents.has(keyid)) currents.set(keyid, registry.keyAt(keyid, at));
  }
  const histories = new Map<string, KnownKey>();
  await Promise.all(
    [...moments].map(async ([name, { keyid, time }]) => {
      const current = await currents.get(keyid);
      // Most keys were never changed: then one read tells of both times.
      const isFirst = current?.revision === 1 && current.registered_at <= time;
      histories.set(name, { current, atReceipt: isFirst ? current : await registry.keyAt(keyid, new Date(time)) });
    }),
  );
  return histories;
}

async function ownKeys({ registry }: CollectDeps): Promise<ReadonlyMap<string, PublicKey>> {
  return new Map((await registry.evidenceKeys()).map(({ keyid, public_key }) => [keyid, parsePublicKey(public_key)]));
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
      hint: 'sign and submit it: `countersign run --stage training --key KEY --output … -- COMMAND`',
    });
  }
  throw new DomainError('MANIFEST_MISSING', `no manifest names ${model} as an output`, {
    pointer: '/model',
    hint: 'wrap the training: `countersign run --stage training --output … -- COMMAND`',
  });
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
