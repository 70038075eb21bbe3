import type { Retained } from '../../contracts/promotion.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord } from '../../core/evidence.ts';
import { lookup, objectKey } from '../../core/layout.ts';
import { digestsIn, type Kept, keptOf, longEnough } from '../../core/promotion/closure.ts';
import { parseFacts } from '../../core/promotion/facts.ts';
import type { DecisionRef, Promotion } from '../../core/promotion.ts';
import { type Release, restoredBy } from '../../core/release.ts';
import { type CountersignDeps, retainUntil } from '../countersign.ts';
import type { GateLedger } from '../gate/ports.ts';
import type { Registry } from '../ports.ts';
import { type FactsObject, readDecision, readFacts } from './decided.ts';
import { restsOn } from './draft-release.ts';
import { gateOf } from './let-through.ts';
import type { Promotions } from './ports.ts';
import { LOOKED_BACK, type Releases } from './releases.ts';
import { requirePromotion } from './state.ts';

export interface RetainDeps extends Pick<CountersignDeps, 'store' | 'clock' | 'retention'> {
  readonly promotions: Pick<Promotions, 'find'>;
  readonly releases: Pick<Releases, 'list'>;
  readonly registry: Pick<Registry, 'evidenceKeys' | 'policy'>;
  readonly ledger: Pick<GateLedger, 'findMany' | 'list'> & {
    /** The same of artifacts. */
    findArtifacts(sha256s: readonly string[]): Promise<ReadonlyMap<string, EvidenceRecord>>;
  };
}

/** Locks that are set at the same time, and between two looks at the clock. */
const AT_A_TIME = 16;

/** What is stated of one policy or key. */
const STATEMENTS = 1000;

/**
 * Locks everything that a release rests on for as long as the release itself: the evidence of its lineage with receipts and
 * bytes, both decisions with their facts, policies, approvals, waivers, and the keys that all of it verifies with. Only ever
 * longer, and in one order: what was done may be done again, and a run that is out of time says where the next goes on.
 *
 * @param cursor - as the run before answered; null at first
 * @param hasTime - whether another round may begin; the first always does
 */
export async function extendRetention(
  deps: RetainDeps,
  id: string,
  cursor: string | null,
  hasTime: () => boolean,
): Promise<Retained> {
  const promotion = await requirePromotion(deps.promotions, id);
  const now = deps.clock();
  const until = retainUntil(deps.retention, promotion.environment, now);
  const enough = longEnough(now, deps.retention.days[promotion.environment]);
  const short = (await closureOf(deps, promotion)).filter((kept) => kept.until === undefined || kept.until < enough);
  const rest = short.filter(({ key }) => cursor === null || key > cursor).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (let start = 0; start < rest.length; start += AT_A_TIME) {
    if (start > 0 && !hasTime()) return { cursor: rest[start - 1]?.key ?? null };
    const some = rest.slice(start, start + AT_A_TIME);
    await Promise.all(some.map(({ key, versionId }) => deps.store.extendRetention(key, versionId, until)));
  }
  return { cursor: null };
}

/** What a release rests on, as it will be sealed, or as what it restores was. */
type Basis = Pick<Release, 'policies' | 'approvals' | 'waivers'> & {
  readonly decisions: readonly DecisionRef[];
  readonly facts: readonly FactsObject[];
  readonly also: readonly string[];
};

async function closureOf(deps: RetainDeps, promotion: Promotion): Promise<readonly Kept[]> {
  const basis = promotion.kind === 'rollback' ? await restoredBasis(deps, promotion) : await basisOf(deps, promotion);
  if (!basis) return [];
  const facts = basis.facts.map(({ object }) => parseFacts(object.bytes));
  const evidence = [
    ...facts.flatMap(({ attestations }) => attestations.map((one) => one.evidence)),
    ...basis.decisions.map((one) => one.evidence),
    ...basis.approvals.map((one) => one.evidence),
    ...basis.waivers,
    ...basis.also,
  ];
  const [records, artifacts, policies] = await Promise.all([
    found(deps, [...new Set(evidence)]),
    deps.ledger.findArtifacts([...new Set(facts.flatMap((one) => [...digestsIn(one)]))]),
    Promise.all(basis.policies.map(({ sha256 }) => keptPolicy(deps, sha256))),
  ]);
  const stored = [...records, ...artifacts.values()];
  const evidenceKeys = new Set(stored.map((record) => record.evidence_keyid));
  const subjects = [...evidenceKeys, ...stored.flatMap(({ keyid }) => keyid ?? [])];
  const [statements, publicKeys] = await Promise.all([
    statementsAbout(deps, [...new Set([...subjects, ...basis.policies.map(({ sha256 }) => sha256)])]),
    Promise.all([...evidenceKeys].map((keyid) => keptPublicKey(deps, keyid))),
  ]);
  const inputs = basis.facts.map(({ key, object: { versionId, retainUntil: locked } }) => ({
    key,
    versionId,
    until: locked.toISOString(),
  }));
  const all = [...stored, ...statements].flatMap(keptOf);
  return [...new Map([...all, ...inputs, ...policies, ...publicKeys.flat()].map((kept) => [kept.key, kept])).values()];
}

async function basisOf(deps: RetainDeps, promotion: Promotion): Promise<Basis> {
  const { id } = promotion;
  const decided = gateOf(promotion);
  if (!decided) throw new DomainError('INTEGRITY_FAILURE', `nothing let the promotion ${id} through`);
  const decisions = refsOf(promotion);
  const [decision, facts] = await Promise.all([readDecision(deps, decided, undefined), factsOf(deps, decisions)]);
  const newest = facts.at(-1)?.object;
  return { ...(newest ? restsOn(decision, parseFacts(newest.bytes), id) : NOTHING), decisions, facts, also: [] };
}

/** Of the release that serves again; undefined when none does. */
async function restoredBasis(deps: RetainDeps, { endpoint, deployment }: Promotion): Promise<Basis | undefined> {
  const { items } = await deps.releases.list(endpoint, { limit: LOOKED_BACK });
  const target = restoredBy(deployment?.previous_config ?? null, items);
  if (!target) return undefined;
  const decisions = refsOf(target);
  return { ...target, decisions, facts: await factsOf(deps, decisions), also: [target.evidence] };
}

const NOTHING = { policies: [], approvals: [], waivers: [] };

function refsOf({ request_decision, release_decision }: Pick<Promotion, 'request_decision' | 'release_decision'>) {
  return [request_decision, release_decision].filter((one) => one !== null);
}

async function factsOf({ store }: RetainDeps, decisions: readonly DecisionRef[]): Promise<readonly FactsObject[]> {
  return await Promise.all(decisions.map((decision) => readFacts(store, decision)));
}

/** What a gate has seen is there. */
async function found({ ledger }: RetainDeps, evidence: readonly string[]): Promise<readonly EvidenceRecord[]> {
  const records = await ledger.findMany(evidence);
  const missing = evidence.find((sha256) => !records.has(sha256));
  if (missing === undefined) return [...records.values()];
  throw new DomainError('INTEGRITY_FAILURE', `the evidence ${missing} that a release rests on is not to be had`);
}

/** The events of policies and keys: without the one that registered it, nobody has the key to verify with. */
async function statementsAbout(
  { ledger }: RetainDeps,
  subjects: readonly string[],
): Promise<readonly EvidenceRecord[]> {
  const pages = await Promise.all(subjects.map((one) => ledger.list(lookup.decisions(one), { limit: STATEMENTS })));
  const evidence = new Set(pages.flatMap(({ items }) => items.map((item) => item.evidence)));
  return [...(await ledger.findMany([...evidence])).values()];
}

async function keptPolicy({ registry }: RetainDeps, sha256: string): Promise<Kept> {
  const policy = await registry.policy(sha256);
  if (policy) return { key: objectKey.policy(sha256), versionId: policy.version_id, until: undefined };
  throw new DomainError('INTEGRITY_FAILURE', `the policy ${sha256} that decided is not to be had`);
}

async function keptPublicKey({ store }: RetainDeps, keyid: string): Promise<readonly Kept[]> {
  const key = objectKey.publicKey(keyid);
  const object = await store.read(key);
  return object ? [{ key, versionId: object.versionId, until: object.retainUntil.toISOString() }] : [];
}
