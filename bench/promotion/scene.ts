import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { packPolicyBundle } from '../../lib/adapters/opa/pack.ts';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { Approver } from '../../local/approver.ts';
import type { DemoName, LocalDescription } from '../../local/description.ts';
import { BUNDLE } from '../../policies/files.ts';
import { administratorConfig, apiOf } from '../access.ts';
import { activatePolicy } from '../gate/activate.ts';
import { digestOf, Producer } from '../producer.ts';
import { type BenchStack, register } from '../stack.ts';

export const ENDPOINT = 'figures';
/** The committed policy wants both of them in production. */
export const ROLES = ['model-owner', 'privacy-officer'] as const;
/** Takes canaries back; it never rings. */
const ALARM = 'figures-errors';

/** Seconds that the local SageMaker lets pass in one: how long a canary bakes is no figure of ours. */
const HURRY = 500;

/** Whoever a promotion takes: its producer is the stack's. */
export interface Scene {
  readonly local: LocalDescription;
  readonly producer: Producer;
  readonly approvers: readonly Approver[];
}

/** Everything that there must be before a promotion is asked for. */
export async function setScene({ local, control }: BenchStack, scratch: string): Promise<Scene> {
  await control.speedUpSageMaker(HURRY);
  const cloudWatch = new CloudWatchClient(administratorConfig(local));
  await cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName: ALARM,
      ...{ Namespace: 'Serving', MetricName: 'Errors', Period: 60, Statistic: 'Sum', EvaluationPeriods: 1 },
      ...{ ComparisonOperator: 'GreaterThanThreshold', Threshold: 1, TreatMissingData: 'notBreaching' },
    }),
  );
  cloudWatch.destroy();
  const producer = new Producer('training-pipeline');
  const authority = { role: 'producer', stages: ['ingest', 'training'], predicate_types: [Predicate.manifest] };
  await register(local, 'training-pipeline', producer, authority);
  const { uniqueId, roleArn } = local.identities.promoter;
  await post(local, 'key-admin', '/v1/principals', { name: 'promoter', unique_id: uniqueId, arn: roleArn });
  for (const role of ROLES) {
    await post(local, 'people-admin', '/v1/approvers', {
      ...{ id: `approver-${role}`, name: role, email: addressOf(role), roles: [role] },
    });
  }
  await activatePolicy(local, await policyOf(scratch));
  return { local, producer, approvers: ROLES.map((role) => new Approver(local, addressOf(role))) };
}

/** A stored model, which signed manifests lead to. @param runs - that made it: a piece of evidence each @returns its digest */
export async function storeModel({ local, producer }: Scene, name: string, runs: number): Promise<string> {
  const bytes = Buffer.from(`model ${name}`);
  const model = sha256Hex(bytes);
  const said = {
    run_id: `run-${name}`,
    dataset: { id: 'transactions', sha256: digestOf(`data of ${name}`) },
    commit_sha: digestOf(name).slice(0, 40),
    principal: producer.principal,
    environment: 'experimental' as const,
  };
  const timestamp = new Date().toISOString();
  await send(local, producer.sign({ ...said, stage: 'ingest', timestamp }));
  for (let run = 0; run < runs; run++) {
    const parameters = { seed: run };
    await send(
      local,
      producer.sign({ ...said, stage: 'training', timestamp, model: { id: 'fraud', sha256: model }, parameters }),
    );
  }
  const artifact = { sha256: model, size: bytes.length, media_type: 'application/gzip', environment: 'experimental' };
  const { url, headers } = Object((await post(local, 'training-pipeline', '/v1/artifacts', artifact)).put);
  const stored = await fetch(url, { method: 'PUT', headers, body: bytes });
  if (!stored.ok) throw new Error(`S3 answered ${stored.status} to the model`);
  await post(local, 'training-pipeline', '/v1/artifacts', artifact);
  return model;
}

/** @returns its id */
export async function askForPromotion({ local }: Scene, model: string): Promise<string> {
  const image = `registry.example/serving@sha256:${sha256Hex('serving image')}`;
  const { id } = await post(local, 'promoter', '/v1/promotions', {
    ...{ model, image, endpoint: ENDPOINT, environment: 'production', request: model, reason: 'the figures' },
    ...{ canary_percent: 50, bake_seconds: 2, alarms: [ALARM] },
  });
  return String(id);
}

async function post(local: LocalDescription, as: DemoName, path: string, body: JsonObject): Promise<JsonObject> {
  return await apiOf(local, as).json({ method: 'POST', path, body });
}

async function send(local: LocalDescription, body: Buffer): Promise<void> {
  await apiOf(local, 'training-pipeline').json({ method: 'POST', path: '/v1/manifests', body });
}

function addressOf(role: string): string {
  return `${role}@example.com`;
}

/**
 * The committed policy with production asking of the evidence what experimental does, and for approvals: how many attestations a model
 * has is then the bench's choice. Evidence of experimental is kept for a shorter time than production's, so that each lock is prolonged.
 */
async function policyOf(scratch: string): Promise<Buffer> {
  const folder = await mkdtemp(join(scratch, 'policy-'));
  await cp(BUNDLE, folder, { recursive: true });
  const manifest = join(folder, '.manifest');
  const wanted: JsonObject = JSON.parse(await readFile(manifest, 'utf8'));
  await writeFile(manifest, JSON.stringify({ ...wanted, metadata: { wanted_by: 'the figures of promotions' } }));
  const file = join(folder, 'data.json');
  const data: Data = JSON.parse(await readFile(file, 'utf8'));
  const { catalog, config } = data.countersign;
  for (const [name, rule] of Object.entries(catalog)) {
    if (!rule.environments.includes('experimental') && name !== APPROVALS) {
      rule.environments = rule.environments.filter((environment) => environment !== 'production');
    }
  }
  config.manifests.required_stages.production = ['training'];
  await writeFile(file, JSON.stringify(data));
  return await packPolicyBundle(folder);
}

const APPROVALS = 'required_approvals';

/** What is changed of the policy's data document. */
interface Data {
  readonly countersign: {
    readonly catalog: Readonly<Record<string, { environments: string[] }>>;
    readonly config: { readonly manifests: { readonly required_stages: Record<string, string[]> } };
  };
}
