import { DomainError } from '../../core/errors.ts';
import { resultOfAll } from '../../core/gate/decision.ts';
import { changesSince } from '../../core/promotion/changes.ts';
import { closedFor } from '../../core/promotion/roles.ts';
import type { Change, DecisionRef, Promotion } from '../../core/promotion.ts';
import { imageDigestOf } from '../../core/promotion.ts';
import { decide, type GateDeps } from '../gate/evaluate.ts';
import { approvable, approvedFacts } from '../promotion/approved-facts.ts';
import type { Promotions } from '../promotion/ports.ts';
import type { Recent } from '../recent.ts';
import { unlessBroken } from '../unless-broken.ts';
import { type AskAnewDeps, askAnew, finishAskingAnew } from './ask-anew.ts';
import { type TellDeps, tellRefused } from './tell-refused.ts';

export interface FallEarlyDeps extends GateDeps, Omit<AskAnewDeps, keyof GateDeps | 'promotions'> {
  readonly promotions: Promotions;
  /** Digests that decisions rest on, by the decisions: evidence comes by the thousand while a few promotions wait. */
  readonly concerned: Recent<ReadonlySet<string>>;
  /** Tells people that there is nothing to approve any more. */
  readonly people: TellDeps;
}

/** What came into the evidence table. */
export interface Arrival {
  readonly evidence: string;
  /** Digests that it speaks of; null: it may bear on any promotion, as a policy and a key do. */
  readonly about: ReadonlySet<string> | null;
}

/**
 * Has the promotions asked anew that wait for people, and whose facts are not what those people were shown: with a consent that
 * is withdrawn they need not wait for the gate before the deployment. Where the gate would not let it through any more, they
 * are told that instead. One query, and for each that waits its facts once.
 *
 * May run twice: the second time does what the first did not come to.
 *
 * @returns the ids of the promotions
 */
export async function fallEarly(deps: FallEarlyDeps, arrivals: readonly Arrival[]): Promise<readonly string[]> {
  if (arrivals.length === 0) return [];
  const fallen: string[] = [];
  for (const one of await deps.promotions.open(deps.log)) {
    // What is broken is met again by its own gate; what is only busy has the whole event come again.
    if (await unlessBroken(deps.log, { promotion: one.id }, lookAt(deps, one, arrivals))) fallen.push(one.id);
  }
  return fallen;
}

/** @returns whether it is asked anew */
async function lookAt(deps: FallEarlyDeps, one: Promotion, arrivals: readonly Arrival[]): Promise<boolean> {
  if (isAskedAnew(one)) await finish(deps, one.id);
  return one.state === 'awaiting_approval' && !one.abort && (await fallsBy(deps, one, arrivals));
}

function isAskedAnew({ state, round }: Promotion): boolean {
  return state === 'evaluating' && round > 1;
}

async function finish(deps: FallEarlyDeps, id: string): Promise<void> {
  const found = await deps.promotions.find(id);
  if (found) await finishAskingAnew(deps, found.promotion, found.asks);
}

async function fallsBy(deps: FallEarlyDeps, one: Promotion, arrivals: readonly Arrival[]): Promise<boolean> {
  if (!(await bearsOn(deps, one, arrivals))) return false;
  const found = await deps.promotions.find(one.id);
  if (!found) return false;
  const { promotion, asks } = found;
  const now = await judgedNow(deps, promotion);
  if (now.changes.length === 0) return false;
  // The gate is about to end it, and whoever approved would not hear why. First, as nothing falls twice.
  if (now.rules.length > 0) await tellRefused(deps.people, promotion, asks, now);
  await askAnew(deps, promotion, asks, now.changes);
  return true;
}

async function bearsOn(deps: FallEarlyDeps, promotion: Promotion, arrivals: readonly Arrival[]): Promise<boolean> {
  if (arrivals.some(({ about }) => about === null)) return true;
  const { request_decision: shown, model } = promotion;
  if (!shown) return false;
  const concerned = deps.concerned.find(shown.evidence) ?? (await digestsOf(deps, shown));
  deps.concerned.keep(shown.evidence, concerned);
  const served = imageDigestOf(promotion).slice('sha256:'.length);
  return arrivals.some(({ about }) => [model, served, ...concerned].some((digest) => about?.has(digest)));
}

async function digestsOf(deps: FallEarlyDeps, shown: DecisionRef): Promise<ReadonlySet<string>> {
  const { lineage, attestations } = await approvedFacts(deps, shown, undefined);
  return new Set([...lineage.nodes, ...attestations.flatMap(({ subjects }) => subjects)]);
}

interface Judged {
  readonly changes: readonly Change[];
  /** That do not let it through. */
  readonly rules: readonly string[];
}

const UNCHANGED: Judged = { changes: [], rules: [] };

/** Nothing is written for it: what the gate says counts when the promotion asks it. */
async function judgedNow(deps: FallEarlyDeps, promotion: Promotion): Promise<Judged> {
  const { id, model, environment, endpoint, requester, request_decision: shown } = promotion;
  if (!shown) return UNCHANGED;
  const imageDigest = imageDigestOf(promotion);
  const asking = { id, approvals: new Set<string>() };
  const asked = {
    model,
    environment,
    phase: 'request',
    endpoint,
    imageDigest,
    promotion: asking,
    at: undefined,
  } as const;
  try {
    const { decision, key } = await decide(deps, asked, { uniqueId: requester.unique_id });
    const changes = changesSince(await approvedFacts(deps, shown, key), approvable(decision));
    const closed = closedFor(resultOfAll(decision).verdicts);
    return { changes, rules: [...new Set(closed.map(({ rule }) => rule))] };
  } catch (error) {
    // The gate will say why there is nothing to judge any more; people need not be asked for that.
    if (error instanceof DomainError && error.retryAfterMs === undefined) return UNCHANGED;
    throw error;
  }
}
