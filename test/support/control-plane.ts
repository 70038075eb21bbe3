import { contextCache } from '../../lib/app/context-cache.ts';
import type { CountersignDeps } from '../../lib/app/countersign.ts';
import {
  activateEvidenceKey,
  type RegistryDeps,
  registerKey,
  registerPrincipal,
} from '../../lib/app/manage-registry.ts';
import type { ArtifactDeps, VerifyJob } from '../../lib/app/put-artifact.ts';
import { type Caller, type SubmitDeps, type SubmitOutcome, submitEvidence } from '../../lib/app/submit-evidence.ts';
import { Predicate, STAGES, type Stage } from '../../lib/contracts/predicates.ts';
import { RegisterKeySchema } from '../../lib/core/requests.ts';
import type { Endpoint } from '../../lib/core/submission.ts';
import { testClock } from './clock.ts';
import { keyProof, newKey, type TestKey } from './keys.ts';
import { PIPELINE } from './manifests.ts';
import { MemoryBucket } from './memory/bucket.ts';
import { MemoryHolds } from './memory/holds.ts';
import { MemoryLedger } from './memory/ledger.ts';
import { MemoryRegistry } from './memory/registry.ts';
import { MemorySigner } from './memory/signer.ts';
import { MemoryStaging, MemoryUploads } from './memory/staging.ts';
import { Steps } from './memory/steps.ts';

export const ACCOUNT = '111122223333';

/** A role as AWS shows it to us when it calls. */
export function caller(name: string): Caller {
  return {
    uniqueId: `AROA${name.toUpperCase().replaceAll('-', '')}`,
    account: ACCOUNT,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/session`,
    session: 'session',
  };
}

export const ADMIN = caller('key-admin');

export interface Logged {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ControlPlaneOptions {
  readonly unsignedStages?: readonly Stage[];
  /** Decides who goes next; by default everybody goes on at once. */
  readonly turn?: () => Promise<void>;
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** Lets everything that can go on without a timer go on. */
export const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A whole deployment in memory, empty: no evidence key is active and nobody is registered. */
export function emptyControlPlane({ unsignedStages = [], turn, sleep = nextTick }: ControlPlaneOptions = {}) {
  const clock = testClock();
  const steps = new Steps(turn);
  const bucket = new MemoryBucket(steps, clock.now);
  const registry: MemoryRegistry = new MemoryRegistry(steps, () => ledger);
  const ledger = new MemoryLedger(steps, bucket, (guard) => registry.unchanged(guard));
  const staging = new MemoryStaging(steps, bucket);
  const signer = new MemorySigner(steps, newKey(), `arn:aws:kms:eu-west-1:${ACCOUNT}:key/evidence`);
  const logged: Logged[] = [];
  const jobs: VerifyJob[] = [];
  const keep = (event: string, fields: Logged['fields']) => void logged.push({ event, fields });
  const base: CountersignDeps = {
    store: bucket,
    signer,
    clock: clock.now,
    log: { info: keep, warn: keep },
    retention: { mode: 'COMPLIANCE', days: { experimental: 30, staging: 365, production: 3650 } },
    stage: 'test',
  };
  /** Each process has a cache of its own; this one is forgotten by `restart`. */
  let cache = contextCache(registry, clock.now);
  const cached = {
    cachedContext: (uniqueId: string) => cache.get(uniqueId),
    forgetContext: (uniqueId: string) => cache.forget(uniqueId),
  };
  let names = 0;
  const submitDeps: SubmitDeps = {
    ...base,
    ...cached,
    ledger,
    registry,
    sleep,
    unsignedStages: new Set(unsignedStages),
  };
  const registryDeps: RegistryDeps = { ...base, registry, kmsPublicKey: async () => signer.key.pem };
  const artifactDeps: ArtifactDeps = {
    ...base,
    ...cached,
    ledger,
    uploads: new MemoryUploads(steps),
    artifacts: bucket,
    staging,
    newName: () => `00000000-0000-4000-8000-${String(++names).padStart(12, '0')}`,
    singlePutMax: 1000,
    startVerifier: (job) => steps.take('start-verifier', () => void jobs.push(job)),
  };
  return {
    clock,
    steps,
    bucket,
    ledger,
    registry,
    staging,
    signer,
    logged,
    /** Jobs that the verifier was started with and has not done. */
    jobs,
    submitDeps,
    registryDeps,
    artifactDeps,
    holdDeps: { ...base, ledger, registry, holds: new MemoryHolds(steps, bucket, ledger) },
    /** A new process: nothing is remembered. */
    restart: () => {
      cache = contextCache(registry, clock.now);
    },
    submit: (bytes: Buffer, endpoint: Endpoint = 'manifests', by: Caller = caller(PIPELINE)): Promise<SubmitOutcome> =>
      submitEvidence(submitDeps, bytes, endpoint, by),
  };
}

export type ControlPlane = ReturnType<typeof emptyControlPlane>;

export interface KeyWishes {
  readonly role?: string;
  readonly stages?: readonly Stage[];
  readonly predicate_types?: readonly string[];
  readonly scai_attributes?: readonly string[];
  readonly not_before?: string;
  readonly not_after?: string;
  readonly revision?: number;
}

/** The body of POST /v1/keys: everything that a pipeline may state, for ten years, unless wished otherwise. */
export function keyRequest(key: TestKey, principal: string, wishes: KeyWishes = {}, proof = keyProof(key, principal)) {
  return RegisterKeySchema.parse({
    principal,
    role: 'producer',
    stages: STAGES,
    predicate_types: [Predicate.manifest],
    not_after: '2036-01-01T00:00:00Z',
    public_key: key.pem,
    proof,
    ...wishes,
  });
}

export function principalRequest(name: string) {
  return { name, unique_id: caller(name).uniqueId, arn: `arn:aws:iam::${ACCOUNT}:role/${name}` };
}

/** Registers a principal with one key. */
export async function enrol(plane: ControlPlane, name: string, key: TestKey, wishes: KeyWishes = {}): Promise<void> {
  await registerPrincipal(plane.registryDeps, principalRequest(name), ADMIN);
  await registerKey(plane.registryDeps, keyRequest(key, name, wishes), ADMIN);
}

/** A deployment in which the training pipeline may state everything. */
export async function controlPlane(
  options: ControlPlaneOptions = {},
): Promise<ControlPlane & { readonly key: TestKey }> {
  const plane = emptyControlPlane(options);
  const key = newKey();
  await activateEvidenceKey(plane.registryDeps, ADMIN);
  await enrol(plane, PIPELINE, key);
  return { ...plane, key };
}
