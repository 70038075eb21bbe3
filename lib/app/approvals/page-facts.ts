import { isGiven, parseApproval, type RecordedApproval, recordedApproval } from '../../core/approvals/approval.ts';
import { readCard } from '../../core/approvals/view/card.ts';
import type { PageFacts } from '../../core/approvals/view/page.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord } from '../../core/evidence.ts';
import type { GateRelease } from '../../core/gate/input.ts';
import type { DecisionView } from '../../core/pages/model.ts';
import type { Promotion } from '../../core/promotion.ts';
import { parseRelease } from '../../core/release.ts';
import type { Statement } from '../../core/statement.ts';
import { parseSubmission } from '../../core/submission.ts';
import { bytesOf, ownKeys } from '../gate/judge.ts';
import type { Clock, Log } from '../ports.ts';
import type { Promotions } from '../promotion/ports.ts';
import { Recent } from '../recent.ts';
import { unlessBroken } from '../unless-broken.ts';
import type { DecisionFacts, FactsDeps, ReadFacts } from './facts.ts';
import type { Approvals } from './ports.ts';
import type { Visit } from './visit.ts';

export interface PageFactsDeps extends FactsDeps {
  readonly facts: ReadFacts;
  readonly approvals: Pick<Approvals, 'of'>;
  readonly promotions: Pick<Promotions, 'ended'>;
  readonly log: Log;
}

/** Promotions of the endpoint that ended, newest first, and how many models of them are looked up: one query each. */
const FAMILY_PROMOTIONS = 20;
const FAMILY_MODELS = 8;

/** Newest of those that are shown. */
const EARLIER = 20;

/** What is asked and how it stands, of which pages tell. */
export type Shown = Pick<Visit, 'promotion' | 'ask' | 'others'>;

/** Pages that are remembered, and for how long what lies beside the question may be told as it was. */
const REMEMBERED = 4;
const REMEMBERED_MS = 60_000;

/** Something that is remembered, and when it was read. */
interface Read<T> {
  readonly found: T;
  readonly readAt: number;
}

/**
 * What pages show, for who goes from one form to the next: read anew when the question or an answer to it changed, or after a
 * minute; what lies beside, only after that. Nothing is decided by it.
 */
export function shownFacts(deps: PageFactsDeps & { readonly clock: Clock }): (shown: Shown) => Promise<PageFacts> {
  const besides = new Recent<Read<Beside>>(REMEMBERED);
  const answers = new Recent<Read<readonly Decided[]>>(REMEMBERED);

  async function remembered<T>(known: Recent<Read<T>>, name: string, read: () => Promise<T>): Promise<T> {
    const now = deps.clock().getTime();
    const standing = known.find(name);
    if (standing && now - standing.readAt < REMEMBERED_MS) return standing.found;
    const found = await read();
    known.keep(name, { found, readAt: now });
    return found;
  }

  return async ({ promotion, ask, others }) => {
    const { id, model, request_decision } = promotion;
    const asks = [ask, ...others].map((one) => one && [one.role, one.revision]);
    const facts = await deps.facts(promotion);
    const [beside, answered] = await Promise.all([
      remembered(besides, JSON.stringify([id, request_decision]), () => besideOf(deps, promotion, facts)),
      remembered(answers, JSON.stringify([id, request_decision, asks.toSorted()]), () => decidedOn(deps, [model])),
    ]);
    const isOfThis = ({ row }: Decided) => row.promotion === id;
    return {
      ...facts,
      promotion,
      running: beside.running,
      decided: answered.filter(isOfThis).map(({ view }) => view),
      earlier: [...answered.filter((one) => !isOfThis(one)), ...beside.decided]
        .map(({ row, view }) => ({ ...view, model: { name: null, sha256: row.model }, environment: row.environment }))
        .toSorted((one, other) => (one.at < other.at ? 1 : -1))
        .slice(0, EARLIER),
    };
  };
}

/** What runs now, and what was decided on the other models of the endpoint. Nothing of it is shown unless it verifies. */
interface Beside {
  readonly running: PageFacts['running'];
  readonly decided: readonly Decided[];
}

async function besideOf(deps: PageFactsDeps, promotion: Promotion, { input }: DecisionFacts): Promise<Beside> {
  const ended = await deps.promotions.ended(promotion.endpoint, FAMILY_PROMOTIONS, deps.log);
  const { releases } = input;
  const running = releases.known ? releases.items[0] : undefined;
  // What was refused for the endpoint is of the family as well as what was released to it.
  const family = new Set([promotion, ...(running ? [running] : []), ...ended].map(({ model }) => model));
  const others = [...family].slice(0, FAMILY_MODELS).filter((model) => model !== promotion.model);
  const [decided, own] = await Promise.all([
    decidedOn(deps, others),
    ownStatements(deps, running ? [running.evidence] : []),
  ]);
  return { running: running && (await runningView(deps, running, own.get(running.evidence))), decided };
}

/** A row that its statement bears out, and what is shown of it. */
interface Decided {
  readonly row: RecordedApproval;
  readonly view: DecisionView;
}

async function decidedOn(deps: PageFactsDeps, models: readonly string[]): Promise<readonly Decided[]> {
  // Nobody is kept from deciding by what cannot be read of another model.
  const read = models.map(async (model) => (await unlessBroken(deps.log, { model }, deps.approvals.of(model))) ?? []);
  const rows = (await Promise.all(read)).flat();
  const evidence = rows.flatMap((row) => [row.evidence, ...(row.end === null ? [] : [row.end])]);
  const own = await ownStatements(deps, evidence);
  return rows.flatMap((row) => {
    const view = decisionView(row, own);
    return view ? [{ row, view }] : [];
  });
}

/** What was decided by a link; undefined where no statement bears it out. */
export async function ownDecision(
  deps: PageFactsDeps,
  { link, promotion }: Pick<Visit, 'link' | 'promotion'>,
): Promise<DecisionView | undefined> {
  const isByLink = (row: RecordedApproval) =>
    row.promotion === link.promotion &&
    row.person === link.person &&
    row.role === link.role &&
    row.decided_at === link.given?.decided_at;
  const row = (await deps.approvals.of(promotion.model)).find(isByLink);
  if (!row) return undefined;
  const { evidence, end } = row;
  return decisionView(row, await ownStatements(deps, [evidence, ...(end === null ? [] : [end])]));
}

/** What the control plane stated, by the digests of the evidence; what does not verify is not among it. */
async function ownStatements(
  { ledger, registry, store }: FactsDeps,
  evidence: readonly string[],
): Promise<ReadonlyMap<string, Statement>> {
  if (evidence.length === 0) return new Map();
  const records = [...(await ledger.findMany(evidence)).values()];
  const keyOf = await ownKeys(registry, await registry.evidenceKey())(records);
  const statements = await Promise.all(
    records.map(async (record) => {
      const bytes = await verifiedBytes(store, record);
      const opened = bytes && unlessInvalid(() => openCountersigned(bytes, keyOf));
      return opened && ([record.sha256, opened.statement] as const);
    }),
  );
  return new Map(statements.filter((one) => one !== undefined));
}

async function verifiedBytes(store: FactsDeps['store'], record: EvidenceRecord): Promise<Buffer | undefined> {
  const bytes = await bytesOf(store, record);
  return bytes && sha256Hex(bytes) === record.sha256 ? bytes : undefined;
}

/** @returns undefined for a row that its statement does not bear out, as a gate does not believe it */
function decisionView(row: RecordedApproval, own: ReadonlyMap<string, Statement>): DecisionView | undefined {
  const { evidence, end, ended_at } = row;
  const stated = approvalIn(own.get(evidence));
  if (!stated || !isGiven(stated.body)) return undefined;
  const { model, body } = stated;
  const said = { ...recordedApproval(model, evidence, body), ended_at, end };
  if (!canonicalBytes(said).equals(canonicalBytes(row))) return undefined;
  const { person, role, decision, method, decided_at: at, comment } = body;
  const ended = end === null ? undefined : approvalIn(own.get(end))?.body;
  const fallen = ended_at === null ? null : FALLEN[ended?.decision === 'withdrawn' ? 'withdrawn' : 'fallen'];
  return { person, role, decision, method: method.kind, at, comment, evidence, fallen };
}

const FALLEN = {
  withdrawn: 'its giver took it back',
  fallen: 'what it approved has changed since',
} as const;

/** @returns undefined for what is no approval, nor the end of one */
function approvalIn(statement: Statement | undefined): ReturnType<typeof parseApproval> | undefined {
  return statement && unlessInvalid(() => parseApproval(statement));
}

/** What cannot be read is not shown, and keeps nobody from deciding. */
function unlessInvalid<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

async function runningView(
  { ledger, store }: FactsDeps,
  { model, released_at }: GateRelease,
  statement: Statement | undefined,
): Promise<PageFacts['running']> {
  const release = statement && parseRelease(statement).release;
  const served = release?.served;
  const policy = release?.policies.find(({ slot }) => slot === 'main');
  return {
    model: { name: null, sha256: model },
    image: served ? served.image.slice(served.image.indexOf('@') + 1) : null,
    policy: policy ? { sha256: policy.sha256, revision: policy.sha256.slice(0, 12) } : null,
    releasedAt: released_at,
    card:
      served?.card == null ? undefined : await cardIn(store, (await ledger.findMany([served.card])).get(served.card)),
  };
}

async function cardIn(store: FactsDeps['store'], record: EvidenceRecord | undefined) {
  const bytes = record && (await verifiedBytes(store, record));
  if (!bytes) return undefined;
  const { content } = await parseSubmission(bytes, 'any');
  return readCard(content.predicate);
}
