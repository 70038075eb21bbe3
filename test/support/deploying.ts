import { sagemakerHosting } from '../../lib/adapters/sagemaker/hosting.ts';
import type { Signed } from '../../lib/app/promotion/decided.ts';
import type { DeployDeps } from '../../lib/app/promotion/deploy-deps.ts';
import { runDeployerTask } from '../../lib/app/promotion/deploy-task.ts';
import type { DeploymentAlarms } from '../../lib/app/promotion/hosting.ts';
import { gateOf } from '../../lib/app/promotion/let-through.ts';
import type { DeployerTask, Watched } from '../../lib/contracts/promotion.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import type { PromotionEvent } from '../../lib/core/events.ts';
import type { EvidenceRecord } from '../../lib/core/evidence.ts';
import type { StoredDecision } from '../../lib/core/gate/decision.ts';
import { endpointKey, isSameEndpoint } from '../../lib/core/layout.ts';
import { rollbackRequest } from '../../lib/core/promotion/requests.ts';
import { imageDigestOf, isOver, type Promotion, promotionId } from '../../lib/core/promotion.ts';
import { type RecordedRelease, restoredBy, wayBackFrom } from '../../lib/core/release.ts';
import { testClock } from './clock.ts';
import { localSageMaker } from './local-sagemaker.ts';
import { digestOf } from './manifests.ts';
import { Crash } from './memory/steps.ts';
import { verdictOf } from './promoting.ts';
import { aPromotion, NAMED_ALARM } from './promotions.ts';

export const OTHER_IMAGE = `registry.example/other@sha256:${'b'.repeat(64)}`;
const OUR_ALARM = 'ours-of-';
/** As long as our alarm rings on AWS. */
const RINGS_MS = 90_000;
const POLL_MS = 60_000;
/** Methods of ports that call nothing. */
const ASKS_NOBODY: ReadonlySet<string | symbol> = new Set(['nameOf', 'offers']);
/** Whose tag says which endpoints are ours. */
export const STAGE = 'test';

type Ports = Pick<DeployDeps, 'alarms' | 'endpoints' | 'hosting' | 'promotions'>;

/** What the gate said of a promotion that it lets through. */
export function letThrough({ id, model, image, environment, endpoint }: Promotion, change: object = {}): Signed {
  const asked = { phase: 'release', endpoint, image_digest: imageDigestOf({ image }), promotion: id };
  const decision: StoredDecision = {
    ...{ model, environment, requester: 'promoter', passed: true, asOf: false, inputSha256: digestOf('facts') },
    policy: { sha256: digestOf('policy'), entrypoint: 'countersign/gate/result' },
    result: { verdicts: [verdictOf({ rule: 'signed' })], warnings: [] },
    ...{ beside: [], shadows: [], decidedAt: '2026-01-01T00:00:00.000Z' },
  };
  return { decision, facts: canonicalBytes({ ...asked, ...change }) };
}

/** An account in which promotions are deployed, step by step as the state machine does it. */
export function deploying({ allAtOnce = false }: { readonly allAtOnce?: boolean } = {}) {
  const clock = testClock('2026-01-01T00:00:00Z');
  const promotions = new Map<string, Promotion>();
  /** How a second person confirmed what goes past the gate, by promotion. */
  const confirmations = new Map<string, PromotionEvent>();
  /** Newest first. */
  const releases: RecordedRelease[] = [];
  const leases = new Map<string, string>();
  const alarms = new Map<string, { ringsUntil: number }>([[NAMED_ALARM, { ringsUntil: 0 }]]);
  const artifact = { versionId: 'v1', retainUntil: new Date('2036-01-01T00:00:00Z') };
  const rings = (name: string) => (alarms.get(name)?.ringsUntil ?? 0) > clock.now().getTime();

  const local = localSageMaker({
    realNow: () => clock.now().getTime(),
    alarmStates: async (names) =>
      new Map(names.filter((name) => alarms.has(name)).map((name) => [name, rings(name) ? 'ALARM' : 'OK'])),
    objectExists: async (bucket) => bucket === 'evidence',
  });

  const ours: DeploymentAlarms = {
    nameOf: (endpoint) => `${OUR_ALARM}${endpoint}`,
    ringing: async (names) => new Map(names.filter((name) => alarms.has(name)).map((name) => [name, rings(name)])),
    silence: async (endpoint) => void alarms.set(`${OUR_ALARM}${endpoint}`, { ringsUntil: 0 }),
    ensure: async (endpoint) => void alarms.set(`${OUR_ALARM}${endpoint}`, { ringsUntil: 0 }),
    ring: async (endpoint) =>
      void alarms.set(`${OUR_ALARM}${endpoint}`, { ringsUntil: clock.now().getTime() + RINGS_MS }),
  };

  /** Calls of ports, in order; the process may be killed after one of them. */
  const calls: string[] = [];
  let killAfter = Number.POSITIVE_INFINITY;
  const killable = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function' || ASKS_NOBODY.has(name)) return method;
        return async (...args: readonly unknown[]) => {
          calls.push(String(name));
          const kill = calls.length === killAfter;
          const result: unknown = await Reflect.apply(method, target, args);
          if (kill) throw new Crash(`killed after ${String(name)}`);
          return result;
        };
      },
    });

  const ports: Ports = {
    hosting: killable(sagemakerHosting(local.client, STAGE)),
    alarms: killable(ours),
    endpoints: killable({ renew: async (endpoint: string, id: string) => leases.get(endpointKey(endpoint)) === id }),
    promotions: killable({
      find: async (id: string) => {
        const promotion = promotions.get(id);
        return promotion && { promotion: structuredClone(promotion), asks: [] };
      },
      save: async (promotion: Promotion) => {
        if (promotions.get(promotion.id)?.revision !== promotion.revision - 1) return false;
        promotions.set(promotion.id, structuredClone(promotion));
        return true;
      },
      ended: async (endpoint: string) =>
        [...promotions.values()].filter((one) => isSameEndpoint(one.endpoint, endpoint) && isOver(one)).reverse(),
    }),
  };
  const record = { version_id: artifact.versionId } as Partial<EvidenceRecord> as EvidenceRecord;
  const deps: DeployDeps = {
    ...ports,
    clock: clock.now,
    releases: {
      list: async (endpoint) => ({
        items: releases.filter((one) => isSameEndpoint(one.endpoint, endpoint)),
        next: undefined,
      }),
    },
    artifacts: killable({
      head: async () => ({ ...artifact, size: 1, contentType: 'application/gzip', sha256: undefined }),
    }),
    ledger: killable({ findArtifact: async () => record }),
    decided: async ({ evidence }) => {
      // As lib/app/promotion/decided.ts reads them.
      calls.push('decision', 'facts', 'evidenceKeys');
      const promotion = [...promotions.values()].find((one) => gateOf(one)?.evidence === evidence);
      if (!promotion) throw new Error(`no promotion was decided by ${evidence}`);
      return letThrough(promotion);
    },
    confirmed: async (id) => confirmations.get(id),
    log: { info: () => undefined, warn: () => undefined },
    source: { bucket: 'evidence', role: 'arn:aws:iam::111122223333:role/serving' },
    allAtOnceIn: new Set(allAtOnce ? ['production'] : []),
  };

  const get = (id: string): Promotion => {
    const promotion = promotions.get(id);
    if (!promotion) throw new Error(`no promotion ${id}`);
    return promotion;
  };
  const run = (id: string, task: DeployerTask['task']) =>
    runDeployerTask(deps, { promotion: id, kind: get(id).kind, task }).then((answer) => answer as Partial<Watched>);

  /** A poll: time passes, and SageMaker notices what rings. */
  async function poll(): Promise<void> {
    // In steps, as SageMaker looks at its alarms all the time.
    for (let passed = 0; passed < POLL_MS; passed += 30_000) {
      clock.advance(30_000);
      await local.sagemaker.catchUp();
    }
  }

  async function watch(id: string, task: 'watch' | 'watch-rollback', onPoll: (minute: number) => unknown = () => {}) {
    for (let minute = 1; ; minute++) {
      await poll();
      await onPoll(minute);
      const { state } = await run(id, task);
      if (state !== 'moving') return state;
    }
  }

  return {
    ...local,
    deps,
    clock,
    alarms,
    leases,
    artifact,
    portCalls: calls,
    confirmations,
    get,
    run,
    poll,
    watch,
    killAfter: (call: number) => {
      calls.length = 0;
      killAfter = call;
    },
    /** Changes a record as another function does. */
    change: (id: string, change: Partial<Promotion>) => {
      const before = get(id);
      promotions.set(id, { ...before, ...change, revision: before.revision + 1 });
    },
    /** A promotion that people have approved, and that has its endpoint. */
    approved(name: string, change: Partial<Promotion> = {}): string {
      const [newest] = releases;
      const leaves = change.kind === 'rollback' && newest ? rollbackRequest(newest.evidence) : '';
      const question = {
        model: digestOf(`model of ${name}`),
        endpoint: 'fraud',
        environment: 'production',
        request: `${leaves}${name}`,
      } as const;
      const id = promotionId(question);
      const at = clock.now().toISOString();
      const release_decision = {
        evidence: digestOf(`decision on ${name}`),
        input: digestOf(`facts of ${name}`),
        passed: true,
      };
      promotions.set(id, { ...aPromotion(at), ...question, id, release_decision, ...change });
      leases.set(endpointKey(change.endpoint ?? question.endpoint), id);
      return id;
    },
    releases,
    /** Seals what a promotion came to, as far as a rollback reads it. */
    seal(id: string): void {
      const promotion = get(id);
      const { model, image, endpoint, environment, deployment } = promotion;
      const [newest] = releases;
      const restored = deployment?.previous_config ?? null;
      const target = promotion.kind === 'rollback' ? restoredBy(restored, releases) : undefined;
      const names = { model_name: deployment?.model_name ?? '', endpoint_config: deployment?.endpoint_config ?? '' };
      const own = { served: { model, image, card: null, ...names }, way_back: wayBackFrom(newest), restores: null };
      const back = {
        served: target?.served ?? null,
        way_back: target?.way_back ?? null,
        restores: target?.evidence ?? null,
      };
      const row = { promotion: id, endpoint, environment, evidence: digestOf(`release of ${id}`) };
      releases.unshift({ ...row, ...(promotion.kind === 'rollback' ? back : own) } as RecordedRelease);
      this.change(id, { state: 'released', ended_at: clock.now().toISOString() });
    },
    /** Deploys, and seals the release. */
    async released(name: string, change: Partial<Promotion> = {}): Promise<string> {
      const id = this.approved(name, change);
      await run(id, 'prepare');
      await run(id, 'deploy');
      const state = await watch(id, 'watch');
      if (state !== 'in_service') throw new Error(`${name} is ${state}`);
      await run(id, 'check-integrity');
      this.seal(id);
      return id;
    },
  };
}

export type Deployings = ReturnType<typeof deploying>;
