import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { LocalControl } from '../../local/control.ts';
import { newKey } from '../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../support/manifests.ts';
import { admissionReview, aPod } from './support/admission.ts';
import { api } from './support/api.ts';
import { enrolKey } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester } from './support/policies.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const GATES = 'countersign-local-gates';
const producer = newKey();
/** Its ingest and its training are attested, which is enough for the environment experimental. */
const name = randomUUID();
const MODEL = digestOf(name);

beforeAll(async () => {
  const authority = { role: 'producer', stages: ['ingest', 'training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', authority, producer.privateKey);
  await activatePolicy(local, await enrolPolicyTester(local), await committedPolicy('admission'));
  const dataset = { id: 'data', sha256: digestOf(`data of ${name}`) };
  for (const stage of [
    { stage: 'ingest', model: undefined },
    { stage: 'training', model: { id: 'model', sha256: MODEL } },
  ]) {
    const manifest = aManifest({ run_id: name, timestamp: new Date().toISOString(), dataset, ...stage });
    const body = signedBundle(manifest, producer);
    expect((await api(local, 'training-pipeline', 'POST', '/v1/manifests', { body })).status).toBe(201);
  }
});

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly message: string };
  readonly auditAnnotations?: { readonly decision: string };
  readonly warnings?: readonly string[];
}

/** The API server adds the webhook's timeout to the URL. */
const send = (body: JsonObject) => api(local, 'operator', 'POST', '/v1/admission', { body, query: { timeout: '10s' } });

async function review(...request: Parameters<typeof admissionReview>): Promise<Response> {
  const { status, json, headers } = await send(admissionReview(...request));
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(json).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
  return json.response as Response;
}

describe('a cluster that asks', () => {
  it('may run a model that passes, and notes the decision, which is evidence', async () => {
    const { uid, allowed, auditAnnotations, status } = await review(aPod(MODEL, 'experimental'));
    expect({ allowed, status }).toEqual({ allowed: true, status: undefined });
    expect(uid).toBe('705ab4f5-6393-11e8-b7cc-42010a800002');
    const path = `/v1/evidence/${auditAnnotations?.decision}`;
    expect((await api(local, 'auditor', 'GET', path)).json).toMatchObject({ predicate_type: Predicate.slsaVsa });
  });

  it('may not run one that fails, and is told which rules, why and what to do', async () => {
    const { allowed, status, auditAnnotations } = await review(aPod(MODEL, 'production'));
    expect(allowed).toBe(false);
    expect(status?.code).toBe(403);
    expect(status?.message).toContain(`(decision ${auditAnnotations?.decision})`);
    expect(status?.message).toMatch(/^model_card: .+\(attest a CycloneDX card/m);
    expect(status?.message).not.toMatch(/^signature_verified/m);
  });

  it.each([
    [
      'a model of which nothing is known',
      aPod(digestOf('unknown'), 'experimental'),
      /^MODEL_UNKNOWN: .+; the digest is/,
    ],
    [
      'an image by its tag',
      aPod(MODEL, 'experimental', 'serving:latest'),
      /"serving:latest" of containers is not pinned/,
    ],
    ['an object without a pod', { kind: 'ConfigMap', data: {} }, /no pod/],
    ['no object', null, /no pod/],
  ] as const)('may not run %s', async (_, object, message) => {
    const { allowed, status, auditAnnotations } = await review(object);
    expect({ allowed, code: status?.code, auditAnnotations }).toEqual({ allowed: false, code: 403 });
    expect(status?.message).toMatch(message);
  });

  it('may not run anything while the gate cannot be asked', async () => {
    await control.arm({
      match: { service: 'dynamodb', operation: 'BatchGetItem', identity: GATES },
      effect: { kind: 'refuse', status: 500, code: 'InternalServerError' },
      times: 6,
    });
    const { allowed, status } = await review(aPod(MODEL, 'experimental'));
    await control.disarm();
    expect(allowed).toBe(false);
    expect(status).toMatchObject({ code: 503, message: expect.stringMatching(/^DEPENDENCY_UNAVAILABLE/) });
  });

  it('writes nothing by a dry run', async () => {
    await control.resetCalls();
    const { allowed, auditAnnotations, warnings } = await review(aPod(MODEL, 'experimental'), { dryRun: true });
    expect({ allowed, auditAnnotations }).toEqual({ allowed: true });
    expect(warnings).toEqual([expect.stringContaining('dry run')]);
    const calls = (await control.calls()).filter(({ identity }) => identity === GATES);
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.filter(({ operation }) => !/^(Get|BatchGet|Query)/.test(operation))).toEqual([]);
  });

  it('may remove anything, and change what does not matter', async () => {
    expect((await review(null, { operation: 'DELETE' })).allowed).toBe(true);
    const old = aPod(digestOf('unknown'), 'production');
    const finalised = { ...old, metadata: { ...Object(old.metadata), finalizers: [] } };
    expect((await review(finalised, { operation: 'UPDATE', oldObject: old })).allowed).toBe(true);
  });
});

describe('what is no AdmissionReview', () => {
  it.each([
    ['another version', { ...admissionReview(null), apiVersion: 'admission.k8s.io/v1beta1' }, 400, '/apiVersion'],
    ['no request', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }, 400, '/request'],
    ['no uid', admissionReview(null, { uid: '' }), 400, '/request/uid'],
  ] as const)('is refused: %s', async (_, body, status, pointer) => {
    const answer = await send(body);
    expect([answer.status, answer.json.code, answer.json.pointer]).toEqual([status, 'REQUEST_INVALID', pointer]);
  });

  it('is refused as bytes that are no JSON', async () => {
    const answer = await api(local, 'promoter', 'POST', '/v1/admission', { body: Buffer.from('{"a":1,"a":2}') });
    expect([answer.status, answer.json.code]).toEqual([400, 'JSON_INVALID']);
  });

  it('is refused from whom the route is not for', async () => {
    const body = admissionReview(null);
    expect((await api(local, 'reader', 'POST', '/v1/admission', { body })).status).toBe(403);
  });
});
