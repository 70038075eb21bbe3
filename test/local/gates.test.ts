import { createHash, randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { readPolicyBundle } from '../../lib/adapters/opa/bundle.ts';
import { loadPolicy } from '../../lib/adapters/opa/policy.ts';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { openCountersigned } from '../../lib/core/countersigned.ts';
import { parseDecision } from '../../lib/core/gate/decision.ts';
import type { RuleVerdict } from '../../lib/core/gate/input.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { lookup } from '../../lib/core/layout.ts';
import { LocalControl } from '../../local/control.ts';
import { newKey, type TestKey } from '../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../support/manifests.ts';
import { type ApiAnswer, type ApiRequest, api } from './support/api.ts';
import { clientConfig } from './support/clients.ts';
import { enrolKey } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester } from './support/policies.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const GATES = 'countersign-local-gates';
const producer = newKey();
let tester: TestKey;
let policy: string;

const take = async (as: Parameters<typeof api>[1], method: string, path: string, request: ApiRequest = {}) => {
  const answer = await api(local, as, method, path, request);
  if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.bytes}`);
  return answer;
};
const ask = (body: object): Promise<ApiAnswer> => api(local, 'promoter', 'POST', '/v1/gates/evaluate', { body });
/** A model of its own, trained on a data set of its own. */
async function trained(count = 1): Promise<string> {
  const name = randomUUID();
  for (let number = 0; number < count; number++) {
    const manifest = aManifest({
      run_id: `run-${name}-${number}`,
      timestamp: new Date().toISOString(),
      dataset: { id: 'data', sha256: digestOf(`data of ${name}`) },
      model: { id: 'model', sha256: digestOf(name) },
    });
    await take('training-pipeline', 'POST', '/v1/manifests', { body: signedBundle(manifest, producer) });
  }
  return digestOf(name);
}

beforeAll(async () => {
  const training = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', training, producer.privateKey);
  tester = await enrolPolicyTester(local);
  policy = await activatePolicy(local, tester, await committedPolicy('gates'));
});

afterEach(async () => {
  const armed = await control.armed();
  await control.disarm();
  await control.delayVisibility({ indexMs: 0 });
  expect(armed, 'a fault that was armed met no call: the test did not test what it says').toEqual([]);
});

const verdictsOf = ({ json }: ApiAnswer) => json.verdicts as readonly RuleVerdict[];

describe('a gate', () => {
  it('denies a model that only a manifest speaks of, rule by rule, and its decision is evidence', async () => {
    const model = await trained();
    const answer = await ask({ model, environment: 'production', endpoint: 'classifier' });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ result: 'FAILED', model, phase: 'request', policy: { sha256: policy } });
    const failing = verdictsOf(answer).filter(({ verdict }) => verdict === 'fail');
    expect(failing.length).toBeGreaterThan(5);
    for (const { rule, controls, reasons } of failing) {
      expect(controls.length, rule).toBeGreaterThan(0);
      expect(reasons.length, rule).toBeGreaterThan(0);
    }
    expect(verdictsOf(answer).find(({ rule }) => rule === 'signature_verified')?.verdict).toBe('pass');

    const decision = String(answer.json.decision);
    const stored = await take('auditor', 'GET', `/v1/evidence/${decision}/attestation`);
    expect(createHash('sha256').update(stored.bytes).digest('hex')).toBe(decision);
    const { items } = (await take('reader', 'GET', `/v1/models/${model}/decisions`)).json as {
      items: { evidence: string }[];
    };
    expect(items.map(({ evidence }) => evidence)).toContain(decision);
  });

  it('can be replayed from what is stored, to the same verdicts', async () => {
    const { json } = await ask({ model: await trained(), environment: 'staging' });
    const status = (await take('reader', 'GET', '/v1/status')).json as { evidence_key: { public_key: string } };
    const stored = await take('reader', 'GET', `/v1/evidence/${json.decision}/attestation`);
    const key = parsePublicKey(status.evidence_key.public_key);
    const decision = parseDecision(openCountersigned(stored.bytes, () => key).statement);
    const link = await take('auditor', 'GET', `/v1/gates/inputs/${decision.inputSha256}`);
    const input = Buffer.from(await (await fetch(link.headers.get('location') ?? '')).arrayBuffer());
    expect(createHash('sha256').update(input).digest('hex')).toBe(decision.inputSha256);
    const { bytes } = await take('auditor', 'GET', `/v1/policies/${decision.policy.sha256}/bundle`);
    const { evaluate } = await loadPolicy(await readPolicyBundle(bytes));
    expect(await evaluate(input)).toEqual(decision.result);
  });

  it('reads everything consistently, sees what was written just now, and makes as many calls for many as for one', async () => {
    await control.delayVisibility({ indexMs: 60_000 });
    const counts: Record<string, number>[] = [];
    for (const attestations of [1, 30]) {
      const model = await trained(attestations);
      await control.resetCalls();
      const { json } = await ask({ model, environment: 'production', endpoint: 'classifier' });
      expect(json.result).toBe('FAILED');
      const calls = (await control.calls()).filter(({ identity }) => identity === GATES);
      const reads = calls.filter(({ service, consistent }) => service === 'dynamodb' && consistent !== undefined);
      expect(reads.length).toBeGreaterThan(5);
      expect(reads.filter(({ consistent, resources }) => !consistent || resources.index !== undefined)).toEqual([]);
      const byName = Map.groupBy(calls, ({ service, operation }) => `${service}:${operation}`);
      counts.push(Object.fromEntries([...byName].map(([name, made]) => [name, made.length])));
    }
    expect(counts[1]).toEqual(counts[0]);
    expect(counts[0]).toMatchObject({
      'dynamodb:BatchGetItem': 2,
      'kms:Sign': 1,
      's3:PutObject': 2,
      'dynamodb:TransactWriteItems': 1,
    });
  });

  it('answers undetermined, and nothing opens, when the findings cannot be read', async () => {
    const model = await trained();
    await control.arm({
      match: { service: 'dynamodb', operation: 'Query', identity: GATES, table: local.resources.workflowTable },
      effect: { kind: 'refuse', status: 500, code: 'InternalServerError' },
      times: 12,
    });
    const answer = await ask({ model, environment: 'production' });
    await control.disarm();
    expect(answer.json.result).toBe('FAILED');
    expect(verdictsOf(answer).find(({ rule }) => rule === 'no_critical_finding')).toMatchObject({
      verdict: 'undetermined',
    });
  });

  it('judges as of a time by what was known then', async () => {
    const model = await trained();
    const first = await ask({ model, environment: 'production' });
    const at = String(first.json.judged_at);
    await trained();
    const again = await ask({ model, environment: 'production', at });
    expect(again.json.verdicts).toEqual(first.json.verdicts);
    expect(again.json.judged_at).toBe(at);
  });

  it.each([
    [
      'a model of which nothing is known',
      { model: digestOf('unknown'), environment: 'production' },
      404,
      'MODEL_UNKNOWN',
      '/model',
    ],
    ['no digest', { model: 'latest', environment: 'production' }, 422, 'DIGEST_INVALID', '/model'],
    ['no environment', { model: digestOf('x') }, 400, 'REQUEST_INVALID', '/environment'],
    [
      'an environment that there is not',
      { model: digestOf('x'), environment: 'prod' },
      400,
      'REQUEST_INVALID',
      '/environment',
    ],
    [
      'a time before there was evidence',
      { model: digestOf('x'), environment: 'production', at: '2020-01-01T00:00:00Z' },
      404,
      'MODEL_UNKNOWN',
      '/model',
    ],
    [
      'a field that there is not',
      { model: digestOf('x'), environment: 'production', force: true },
      400,
      'REQUEST_INVALID',
      '',
    ],
  ] as const)('refuses %s', async (_, body, status, code, pointer) => {
    const answer = await ask(body);
    expect([answer.status, answer.json.code, answer.json.pointer]).toEqual([status, code, pointer]);
  });

  it('is asked by those who may ask', async () => {
    const body = { model: digestOf('x'), environment: 'production' };
    expect((await api(local, 'reader', 'POST', '/v1/gates/evaluate', { body })).status).toBe(403);
  });
});

describe('a waiver', () => {
  it('lets one rule through for one model, is named by the decision, and bites no more when it ended', async () => {
    const [model, other] = [await trained(), await trained()];
    const verdictOf = async (asked: string) => {
      const answer = await ask({ model: asked, environment: 'production' });
      return verdictsOf(answer).find(({ rule }) => rule === 'explainability_report');
    };
    const not_after = new Date(Date.now() + 86_400_000).toISOString();
    const texts = { reason: 'the report is late', compensating_control: 'a person reviews' };
    const body = { rule: 'explainability_report', scope: { model }, not_after, ...texts };
    const { id } = (await take('promoter', 'POST', '/v1/waivers', { body })).json;
    expect(await verdictOf(model)).toMatchObject({ verdict: 'fail', waiver: null });
    const { event } = (await take('policy-approver', 'POST', `/v1/waivers/${id}/approve`)).json;
    expect(await verdictOf(model)).toMatchObject({ verdict: 'waived', waiver: event });
    expect(await verdictOf(other)).toMatchObject({ verdict: 'fail', waiver: null });
    await take('promoter', 'POST', `/v1/waivers/${id}/end`, { body: { reason: 'the report came' } });
    expect(await verdictOf(model)).toMatchObject({ verdict: 'fail', waiver: null });
  });

  it('is not approved by the role that asks', async () => {
    const path = `/v1/waivers/${digestOf('none')}/approve`;
    expect((await api(local, 'promoter', 'POST', path)).status).toBe(403);
    expect((await api(local, 'policy-approver', 'POST', path)).status).toBe(404);
    const odd = await api(local, 'policy-approver', 'POST', '/v1/waivers/none/approve');
    expect([odd.status, odd.json.code]).toEqual([422, 'DIGEST_INVALID']);
  });

  it('is asked for once when it is sent twice, and not for a rule that knows no exception', async () => {
    const not_after = new Date(Date.now() + 86_400_000).toISOString();
    const texts = { reason: 'the report is late', compensating_control: 'a person reviews' };
    const body = { rule: 'explainability_report', scope: { environment: 'staging' }, not_after, ...texts };
    const first = await take('promoter', 'POST', '/v1/waivers', { body });
    const again = await take('promoter', 'POST', '/v1/waivers', { body });
    expect([again.status, again.json.id]).toEqual([200, first.json.id]);
    const { json } = await api(local, 'promoter', 'POST', '/v1/waivers', {
      body: { ...body, rule: 'signature_verified' },
    });
    expect(json).toMatchObject({ status: 422, code: 'RULE_NOT_WAIVABLE', pointer: '/rule' });
  });
});

describe('a model of which the index tells in very many lines', () => {
  const LINES = 20_000;
  /** DynamoDB takes 25 items a batch. */
  const BATCH = 25;

  /** Lines without evidence, as whoever could write to the table would leave them. */
  async function fill(model: string, lines: number): Promise<void> {
    const client = new DynamoDBClient(clientConfig(local, 'administrator'));
    const entry = { evidence: digestOf('nothing'), received_at: '2026-01-01T00:00:00.000Z', principal: 'p', flags: [] };
    const puts = Array.from({ length: lines }, (_, index) => ({
      PutRequest: { Item: marshall({ ...entry, pk: lookup.digest(model), sk: `2026-01-01#${index}` }) },
    }));
    for (let start = 0; start < puts.length; start += BATCH * 8) {
      const batches = Array.from({ length: 8 }, (_, index) =>
        puts.slice(start + index * BATCH, start + (index + 1) * BATCH),
      );
      await Promise.all(
        batches
          .filter(({ length }) => length > 0)
          .map((batch) =>
            client.send(new BatchWriteItemCommand({ RequestItems: { [local.resources.evidenceTable]: batch } })),
          ),
      );
    }
  }

  it('is judged where half of what a gate reads are such lines, and refused beyond it', async () => {
    const model = await trained();
    await fill(model, LINES / 2);
    expect((await ask({ model, environment: 'production', endpoint: 'classifier' })).status).toBe(200);
    await fill(model, LINES);
    const answer = await ask({ model, environment: 'production', endpoint: 'classifier' });
    expect([answer.status, answer.json.code]).toEqual([422, 'LINEAGE_TOO_LARGE']);
  });
});

describe('a policy', () => {
  const repack = (level: number) => async () => {
    const bundle = await take('reader', 'GET', `/v1/policies/${policy}/bundle`);
    return gzipSync(gunzipSync(bundle.bytes), { level });
  };

  it('counts from the next gate after its activation, and after a rollback', async () => {
    const model = await trained();
    const second = await activatePolicy(local, tester, await repack(2)());
    const decidedBy = async () => (await ask({ model, environment: 'staging' })).json.policy;
    expect(await decidedBy()).toMatchObject({ sha256: second });
    const body = { reason: 'it was too strict', from: second };
    await take('policy-approver', 'POST', '/v1/policies/rollback', { body });
    expect(await decidedBy()).toMatchObject({ sha256: policy });
  });

  it('is neither approved by its author nor activated unapproved', async () => {
    const proposal = { bundle: (await repack(3)()).toString('base64'), change_request: 'alone' };
    const { json } = await take('policy-author', 'POST', '/v1/policies', { body: proposal });
    expect((await api(local, 'policy-author', 'POST', `/v1/policies/${json.sha256}/approve`)).status).toBe(403);
    const activated = await api(local, 'policy-approver', 'POST', `/v1/policies/${json.sha256}/activate`);
    expect([activated.status, activated.json.code]).toEqual([409, 'POLICY_STATE_CONFLICT']);
  });

  it('that is no bundle is refused', async () => {
    const proposal = { bundle: Buffer.from('no tar').toString('base64'), change_request: 'a mistake' };
    const answer = await api(local, 'policy-author', 'POST', '/v1/policies', { body: proposal });
    expect([answer.status, answer.json.code]).toEqual([422, 'POLICY_INVALID']);
  });
});
