import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectRetentionCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { dynamoPromotions } from '../../lib/adapters/dynamodb/promotions.ts';
import { Predicate } from '../../lib/contracts/predicates.ts';
import type { PromoterTask, PromotionGateTask, PromotionKind, ReleaserTask } from '../../lib/contracts/promotion.ts';
import { objectKey } from '../../lib/core/layout.ts';
import { type Promotion, promotionId } from '../../lib/core/promotion.ts';
import { DAY_MS } from '../../lib/core/time.ts';
import { LocalControl } from '../../local/control.ts';
import { newKey } from '../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../support/manifests.ts';
import { aPromotion } from '../support/promotions.ts';
import { type ApiRequest, api } from './support/api.ts';
import { cliEnv, countersign } from './support/cli.ts';
import { clientConfig } from './support/clients.ts';
import { enrolKey } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester } from './support/policies.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const lambda = new LambdaClient(clientConfig(local, 'administrator'));
const s3 = new S3Client(clientConfig(local, 'administrator'));
const promotions = dynamoPromotions(
  new DynamoDBClient(clientConfig(local, 'administrator')),
  local.resources.workflowTable,
);
const producer = newKey();
const ENDPOINT = `releases-${randomUUID().slice(0, 8)}`;
let folder: string;

const take = async (as: Parameters<typeof api>[1], method: string, path: string, request: ApiRequest = {}) => {
  const answer = await api(local, as, method, path, request);
  if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.bytes}`);
  return answer;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-releases-'));
  const training = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', training, producer.privateKey);
  const tester = await enrolPolicyTester(local);
  await activatePolicy(local, tester, await committedPolicy('releases', askingForLittle));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  const armed = await control.armed();
  await control.disarm();
  expect(armed, 'a fault that was armed met no call: the test did not test what it says').toEqual([]);
});

/** A model of its own. @returns its digest and the evidence of its training */
async function trained(): Promise<{ readonly model: string; readonly evidence: string }> {
  const name = randomUUID();
  const manifest = aManifest({
    run_id: name,
    timestamp: new Date().toISOString(),
    environment: 'experimental',
    dataset: { id: 'data', sha256: digestOf(`data of ${name}`) },
    model: { id: 'model', sha256: digestOf(name) },
  });
  const { json } = await take('training-pipeline', 'POST', '/v1/manifests', { body: signedBundle(manifest, producer) });
  return { model: digestOf(name), evidence: String(json.evidence) };
}

/** Lets a model with one manifest into production, and asks nobody. */
function askingForLittle(text: string): string {
  const data = JSON.parse(text);
  const { signature_verified, no_critical_finding } = data.countersign.catalog;
  data.countersign.catalog = { signature_verified, no_critical_finding };
  return JSON.stringify(data);
}

/** A promotion that the gate has let through and that is deployed, as the deployer would leave it. */
async function deployed(model: string, kind: PromotionKind, previous_config: string | null): Promise<Promotion> {
  const request = randomUUID();
  const question = { model, endpoint: ENDPOINT, environment: 'production', request } as const;
  const at = new Date().toISOString();
  const isRollback = kind === 'rollback';
  const promotion: Promotion = {
    ...aPromotion(at),
    ...question,
    id: promotionId(question),
    kind,
    state: 'evaluating',
  };
  expect(await promotions.save(promotion)).toBe(true);
  const { id } = promotion;
  for (const task of isRollback ? [] : (['evaluate-request', 'evaluate-release'] as const)) {
    expect((await invoke('promotion-gate', { promotion: id, kind, task })).answer).toMatchObject({ outcome: 'passed' });
  }
  const judged = (await promotions.find(id))?.promotion ?? promotion;
  const deployed: Promotion = {
    ...judged,
    state: isRollback ? 'rolling_back' : 'deploying',
    deployment: {
      model_name: `m-${request}`,
      endpoint_config: `c-${request}`,
      previous_config,
      started_at: isRollback ? null : at,
      way_back: isRollback ? { started_at: at, told: 1 } : null,
    },
    revision: judged.revision + 1,
  };
  expect(await promotions.save(deployed)).toBe(true);
  return deployed;
}

async function invoke(name: string, task: ReleaserTask | PromoterTask | PromotionGateTask) {
  const FunctionName = `countersign-local-${name}`;
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(task) }),
  );
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
  return { failed: FunctionError !== undefined, answer };
}

async function seal({ id, kind }: Promotion): Promise<void> {
  for (const task of [{ task: 'extend-retention', cursor: null }, { task: 'seal' }] as const) {
    const { failed, answer } = await invoke('releaser', { promotion: id, kind, ...task });
    expect({ failed, answer }).toMatchObject({ failed: false });
  }
}

async function retainedUntil(key: string): Promise<number> {
  const { Retention } = await s3.send(
    new GetObjectRetentionCommand({ Bucket: local.resources.evidenceBucket, Key: key }),
  );
  return Retention?.RetainUntilDate?.getTime() ?? 0;
}

describe('releases', () => {
  it('answer truthfully for times before, between and after three promotions and one rollback', async () => {
    const before = new Date().toISOString();
    const steps: { readonly promotion: Promotion; readonly at: string }[] = [];
    const { model: first } = await trained();
    const { model: second } = await trained();
    const { model: third } = await trained();
    for (const model of [first, second, third]) {
      const promotion = await deployed(model, 'promotion', null);
      await seal(promotion);
      steps.push({ promotion, at: new Date().toISOString() });
    }
    const secondConfig = steps[1]?.promotion.deployment?.endpoint_config ?? null;
    const back = await deployed(second, 'rollback', secondConfig);
    await seal(back);

    const at = async (time: string) => {
      const { json } = await take('reader', 'GET', `/v1/releases/${ENDPOINT}`, { query: { at: time } });
      return { release: json.release as { served: { model: string }; promotion: string } | null, until: json.until };
    };
    expect((await at(before)).release).toBeNull();
    for (const [index, model] of [first, second, third].entries()) {
      const { release, until } = await at(steps[index]?.at ?? '');
      expect(release?.served.model).toBe(model);
      expect(release?.promotion).toBe(steps[index]?.promotion.id);
      expect(until).not.toBeNull();
    }
    const now = await at(new Date().toISOString());
    expect(now).toMatchObject({
      release: { kind: 'rollback', served: { model: second }, promotion: back.id },
      until: null,
    });

    const { json } = await take('reader', 'GET', `/v1/releases/${ENDPOINT}`, { query: { limit: '3' } });
    expect(json.releases).toHaveLength(3);
    const rest = await take('reader', 'GET', `/v1/releases/${ENDPOINT}`, { query: { cursor: String(json.next) } });
    expect(rest.json).toMatchObject({ releases: [{ promotion: steps[0]?.promotion.id }], next: null });
    const ofModel = await take('reader', 'GET', `/v1/models/${second}/releases`);
    expect(ofModel.json.releases).toHaveLength(2);

    const cli = async (...args: string[]) => {
      const { code, stdout, stderr } = await countersign(['releases', ...args], {
        cwd: folder,
        env: cliEnv(local, 'reader'),
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    expect(
      (await cli(ENDPOINT))
        .trim()
        .split('\n')
        .map((line) => line.split('  ')[1]?.trim()),
    ).toEqual(['rolled back', 'released', 'released', 'released']);
    expect(await cli(ENDPOINT, '--at', before)).toContain('nothing had been released');
    expect(await cli(ENDPOINT, '--at', steps[1]?.at ?? '')).toContain(second);
    await cli(ENDPOINT, '--html', 'timeline.html');
    const page = await readFile(join(folder, 'timeline.html'), 'utf8');
    expect(page).toContain('<svg');
    expect(page).toContain(second.slice(0, 12));

    // The way back leads to what was released: the gate sees the releases by their signed statements.
    const { json: gate } = await take('promoter', 'POST', '/v1/gates/evaluate', {
      body: { model: first, phase: 'release', environment: 'production', endpoint: ENDPOINT },
    });
    const facts = await fetchInput(String(gate.input_sha256));
    expect(Object(facts.releases).items).toHaveLength(4);
  });

  it('keep the evidence that they rest on for as long as production', async () => {
    const { model, evidence } = await trained();
    const { json } = await take('reader', 'GET', `/v1/evidence/${evidence}`);
    const { key } = json.storage as { key: string };
    expect(await retainedUntil(key)).toBeLessThan(Date.now() + 2 * DAY_MS);
    const promotion = await deployed(model, 'promotion', null);
    await seal(promotion);
    for (const name of [key, objectKey.receipt(evidence), objectKey.release(promotion.id)]) {
      expect(await retainedUntil(name), name).toBeGreaterThan(Date.now() + 2.9 * DAY_MS);
    }
  });

  it.each([
    ['the statement is stored', { operation: 'PutObject', keyPrefix: 'releases/' }],
    ['it is found in the index', { operation: 'TransactWriteItems', table: local.resources.evidenceTable }],
    ['the promotion is released', { operation: 'TransactWriteItems', table: local.resources.workflowTable }],
  ])('are one for a promotion though the releaser is killed when %s', async (_, match) => {
    const { model } = await trained();
    const promotion = await deployed(model, 'promotion', null);
    const task = { promotion: promotion.id, kind: promotion.kind, task: 'seal' } as const;
    const identity = 'countersign-local-releaser';
    await control.arm({ match: { ...match, identity }, effect: { kind: 'execute-then-kill' } });
    expect((await invoke('releaser', task)).failed).toBe(true);
    expect((await invoke('releaser', task)).failed).toBe(false);
    const { json } = await take('reader', 'GET', `/v1/models/${model}/releases`);
    expect(json.releases).toHaveLength(1);
    expect((await promotions.find(promotion.id))?.promotion).toMatchObject({
      state: 'released',
      release: (json.releases as { evidence: string }[])[0]?.evidence,
    });
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: local.resources.evidenceBucket, Prefix: `releases/${promotion.id}` }),
    );
    expect(Contents).toHaveLength(1);
  });
});

describe('an incident', () => {
  it('of tampered bytes closes the gates of the model until an operator resolves it', async () => {
    const { model } = await trained();
    const { id, kind } = await deployed(model, 'promotion', null);
    const findingsOf = async (): Promise<unknown[]> => {
      const { json } = await take('promoter', 'POST', '/v1/gates/evaluate', {
        body: { model, environment: 'production' },
      });
      const { findings } = await fetchInput(String(json.input_sha256));
      return (findings as { items: unknown[] }).items;
    };
    expect(await findingsOf()).toEqual([]);
    const end = { task: 'end', end: 'rolled_back', failure: { Error: 'IntegrityFailure' } } as const;
    const { failed, answer } = await invoke('promoter', { promotion: id, kind, ...end });
    expect({ failed, answer }).toMatchObject({ failed: false });
    expect(await findingsOf()).toMatchObject([{ severity: 'critical', about: model }]);

    const cli = (...args: string[]) =>
      countersign(['incident', ...args], { cwd: folder, env: cliEnv(local, 'operator') });
    const { stdout } = await cli('list', '--json');
    const listed: { incidents: { id: string; subject: string; runbook: string }[] } = JSON.parse(stdout);
    const incident = listed.incidents.find(({ subject }) => subject === id);
    expect(incident?.runbook).toBe('tampered-artifact');
    const incidentId = incident?.id ?? '';
    expect(await cli('resolve', incidentId, '--reason', 'nothing')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('INCIDENT_STATE_CONFLICT'),
    });
    expect((await cli('acknowledge', incidentId)).code).toBe(0);
    const resolved = await cli('resolve', incidentId, '--reason', 'the image was pushed again as it was');
    expect(resolved).toMatchObject({ code: 0, stdout: expect.stringContaining('runbook.md#tampered-artifact') });
    expect(await findingsOf()).toEqual([]);
    expect((await api(local, 'reader', 'POST', `/v1/incidents/${incidentId}/acknowledge`, { body: {} })).status).toBe(
      403,
    );
  });
});

async function fetchInput(sha256: string): Promise<Record<string, unknown>> {
  const { headers } = await take('reader', 'GET', `/v1/gates/inputs/${sha256}`);
  const document: Record<string, unknown> = JSON.parse(await (await fetch(headers.get('location') ?? '')).text());
  return document;
}
