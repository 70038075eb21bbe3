import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionName, stateMachineName } from '../../cdk/names.ts';
import { packPolicyBundle } from '../../lib/adapters/opa/pack.ts';
import { Announcement, announcementBus, EVENT_SOURCE } from '../../lib/contracts/announcements.ts';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { ROUTES } from '../../lib/contracts/routes.ts';
import { STATEMENT_TYPE } from '../../lib/core/statement.ts';
import type { CallRecord } from '../../local/control.ts';
import { type LocalStack, startLocal } from '../../local/stack.ts';
import { newKey, type TestKey } from '../support/keys.ts';
import { aManifest, signedBundle, signedPlain, signedStatement, twinsOf } from '../support/manifests.ts';
import { questionsOf } from '../template/support/replay.ts';
import { type Principal, Simulator } from '../template/support/simulate.ts';
import { ofType, synthesise } from '../template/support/synth.ts';
import { admissionReview, aPod } from './support/admission.ts';
import { type ApiAnswer, type ApiRequest, api } from './support/api.ts';
import { clientConfig } from './support/clients.ts';
import { enrolKey } from './support/enrol.ts';
import { promoteAndTakeBack } from './support/promotion-journey.ts';

/** A stack of its own: what it records is the journey and nothing else. */
const ROOT = resolve(import.meta.dirname, '../..');
let stack: LocalStack;
let calls: readonly CallRecord[];
/** Routes that the journey took, by method and path as in ROUTES. */
const taken = new Set<string>();

beforeAll(async () => {
  stack = await startLocal({ stateDir: resolve(ROOT, '.countersign/test-journey') });
  await journey();
  calls = (await stack.control.calls()).filter((call) => !isByRule(call));
  // Every route once, one after the other, with promotions and a rebuild among them.
}, 900_000);
afterAll(async () => await stack?.stop());

/** Calls a route of the table; its parameters are filled in order. */
async function take(
  as: Parameters<typeof api>[1],
  route: `${string} ${string}`,
  parameters: readonly string[] = [],
  request: ApiRequest = {},
): Promise<ApiAnswer> {
  const [method = '', template = ''] = route.split(' ');
  const rest = [...parameters];
  const path = template.replaceAll(/\{\w+\}/g, () => encodeURIComponent(rest.shift() ?? ''));
  const answer = await api(stack.description, as, method, path, request);
  if (answer.status >= 400) throw new Error(`${route} answered ${answer.status}: ${answer.bytes}`);
  taken.add(route);
  return answer;
}

/** Every route once, and the ways that only a crash or a repetition takes. */
async function journey(): Promise<void> {
  const local = stack.description;
  const key = newKey();
  const authority = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', authority, key.privateKey);
  for (const route of ['POST /v1/evidence-key', 'POST /v1/principals', 'POST /v1/keys']) taken.add(route);
  const manifest = () => aManifest({ run_id: randomUUID(), timestamp: new Date().toISOString() });
  const post = (body: Buffer) => take('training-pipeline', 'POST /v1/manifests', [], { body });
  const bundle = signedBundle(manifest(), key);
  const { json } = await post(bundle);
  const evidence = String(json.evidence);
  await post(bundle);
  await post(twinsOf(bundle)[1]?.[1] ?? bundle);
  await post(signedPlain(manifest(), key));
  await take('training-pipeline', 'POST /v1/attestations', [], { body: signedBundle(manifest(), key) });
  // A large one does not lie in its item, so its bytes are read from S3.
  const large = await post(signedBundle({ ...manifest(), parameters: { note: 'x'.repeat(40_000) } }, key));
  await take('reader', 'GET /v1/evidence/{sha256}/attestation', [String(large.json.evidence)]);
  await crashAndContinue(() => signedBundle(manifest(), key));
  const artifact = await putArtifacts();
  const decided = await decide(key);

  const { model, commit_sha, run_id } = aManifest();
  const digest = (model as { sha256: string }).sha256;
  await take('reader', 'GET /v1/evidence/{sha256}', [evidence]);
  await take('reader', 'GET /v1/evidence/{sha256}/receipt', [evidence]);
  await take('reader', 'GET /v1/artifacts/{sha256}', [artifact]);
  const content = await take('reader', 'GET /v1/artifacts/{sha256}/content', [artifact]);
  expect((await fetch(content.headers.get('location') ?? '')).status).toBe(200);
  await take('reader', 'GET /v1/runs/{run_id}', [String(run_id)]);
  await take('reader', 'GET /v1/models/{sha256}', [digest]);
  await take('reader', 'GET /v1/models/{sha256}/lineage', [digest]);
  await take('reader', 'GET /v1/models/{sha256}/decisions', [digest]);
  await take('reader', 'GET /v1/datasets/{sha256}', [digest]);
  await take('reader', 'GET /v1/commits/{commit_sha}', [String(commit_sha)]);
  await take('reader', 'GET /v1/principals/{name}/evidence', ['training-pipeline']);
  await take('reader', 'GET /v1/principals/{name}', ['training-pipeline']);
  await take('reader', 'GET /v1/keys/{keyid}', [key.keyid]);
  await take('reader', 'GET /v1/status');
  await take('reader', 'GET /v1/policies');
  await take('reader', 'GET /v1/policies/activations');
  await take('reader', 'GET /v1/policies/{sha256}', [decided.policy]);
  await take('reader', 'GET /v1/policies/{sha256}/bundle', [decided.policy]);
  const input = await take('reader', 'GET /v1/gates/inputs/{sha256}', [decided.input]);
  expect((await fetch(input.headers.get('location') ?? '')).status).toBe(200);
  for (const sha256 of [evidence, artifact]) {
    await take('legal-hold', 'POST /v1/holds', [], { body: { sha256, reason: 'case 12' } });
    await take('reader', 'GET /v1/holds/{sha256}', [sha256]);
    await take('legal-hold', 'DELETE /v1/holds', [], { body: { sha256, reason: 'case closed' } });
  }
  await post(signedBundle({ ...manifest(), model: { id: 'rec-v4', sha256: artifact } }, key));
  await promoteAndTakeBack({ local, control: stack.control, take }, artifact);
  await keepDirectory();
  await sendWebhooks();
  await take('key-admin', 'POST /v1/keys/{keyid}/revoke', [key.keyid], { body: { reason: 'end of the journey' } });
  await reindexAsRebuilder();
}

async function keepDirectory(): Promise<void> {
  const person = { id: 'p-1', name: 'A Model Owner', email: 'owner@example.org', roles: ['model-owner'] };
  await take('people-admin', 'POST /v1/approvers', [], { body: person });
  await take('people-admin', 'POST /v1/approvers/{id}', ['p-1'], { body: { revision: 1, mail: 'daily' } });
  await take('promoter', 'GET /v1/approvers');
  await take('promoter', 'GET /v1/approvers/{id}', ['p-1']);
  await take('auditor', 'GET /v1/approvals', [], { query: { person: 'p-1' } });
  const { json } = await take('people-admin', 'GET /v1/contacts/{id}', ['p-1']);
  expect(json).toEqual({ id: 'p-1', name: person.name, email: person.email });
  await take('people-admin', 'POST /v1/approvers/{id}/erase', ['p-1']);
}

/** A consumer on this machine, told of something, then of nothing until it asks for it again. */
async function sendWebhooks(): Promise<void> {
  /** Ids of the messages that came, with those of what was announced. */
  const told: (readonly [message: unknown, announced: unknown])[] = [];
  const consumer = createServer(async (request, response) => {
    told.push([request.headers['webhook-id'], Object(await json(request)).id]);
    response.writeHead(204).end();
  });
  await new Promise<void>((listening) => consumer.listen(0, '127.0.0.1', listening));
  const { port } = consumer.address() as AddressInfo;
  const since = new Date().toISOString();
  const body = { id: 'siem', url: `http://127.0.0.1:${port}/hook` };
  await take('operator', 'POST /v1/webhooks', [], { body });
  // What was announced before may come too, as late as it likes.
  const announced = await announce();
  const ours = () => told.filter(([, id]) => id === announced).map(([message]) => message);
  const isDelivered = async () => {
    const answer = await take('operator', 'GET /v1/webhooks/{id}/deliveries', ['siem']);
    const deliveries: { message: string; state: string }[] = Object(answer.json).deliveries;
    return deliveries.some(({ message, state }) => message === ours()[0] && state === 'delivered');
  };
  // One that is being sent is not sent again.
  while (!(await isDelivered())) await setTimeout(50);
  await take('operator', 'POST /v1/webhooks/{id}/rotate', ['siem']);
  await take('operator', 'POST /v1/webhooks/{id}/replay', ['siem'], { body: { since } });
  await invoke('webhook-sender', { source: 'aws.events' });
  expect(ours().length).toBeGreaterThan(1);
  await take('auditor', 'GET /v1/webhooks');
  await take('auditor', 'GET /v1/webhooks/{id}', ['siem']);
  await take('operator', 'POST /v1/webhooks/{id}', ['siem'], { body: { revision: 2, state: 'disabled' } });
  consumer.close();
}

/** As a function of ours would. @returns the id of what is announced */
async function announce(): Promise<string> {
  const events = new EventBridgeClient(clientConfig(stack.description, 'administrator'));
  const detail = {
    specversion: '1.0',
    id: randomUUID(),
    source: 'urn:countersign:local',
    type: Announcement.incidentOpened,
    time: new Date().toISOString(),
  };
  const entry = {
    EventBusName: announcementBus(stack.description.stage),
    Source: EVENT_SOURCE,
    DetailType: detail.type,
    Detail: JSON.stringify(detail),
  };
  await events.send(new PutEventsCommand({ Entries: [entry] }));
  return detail.id;
}

/** Killed after the attestation, and after the receipt: what follows reads, extends and adopts. */
async function crashAndContinue(fresh: () => Buffer): Promise<void> {
  const local = stack.description;
  for (const keyPrefix of ['attestations/', 'receipts/']) {
    const bytes = fresh();
    await stack.control.arm({ match: { operation: 'PutObject', keyPrefix }, effect: { kind: 'execute-then-kill' } });
    expect((await api(local, 'training-pipeline', 'POST', '/v1/manifests', { body: bytes })).status).toBeGreaterThan(
      499,
    );
    await take('training-pipeline', 'POST /v1/manifests', [], { body: bytes });
  }
}

interface SignedPut {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One by a single PUT, one through staging. @returns the digest of the first */
async function putArtifacts(): Promise<string> {
  const [small, large] = [randomBytes(1000), randomBytes(1000)];
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const post = (route: `${string} ${string}`, parameters: string[], body: object) =>
    take('training-pipeline', route, parameters, { body });
  const send = ({ url, headers }: SignedPut, bytes: Buffer) =>
    fetch(url, { method: 'PUT', headers, body: Buffer.from(bytes) });
  const body = { sha256: digest(small), size: small.length };
  const asked = await post('POST /v1/artifacts', [], body);
  expect((await send(asked.json.put as SignedPut, small)).status).toBe(200);
  expect((await post('POST /v1/artifacts', [], body)).status).toBe(201);

  const sha256 = digest(large);
  const begun = await post('POST /v1/artifacts', [], { sha256, size: 6e9 });
  const { id, name } = begun.json.multipart as { id: string; name: string };
  const upload = { id, name };
  const signed = await post('POST /v1/artifacts/{sha256}/parts', [sha256], { upload, from: 1, to: 1 });
  const [part] = signed.json.parts as SignedPut[];
  const etag = part ? (await send(part, large)).headers.get('etag') : null;
  await post('POST /v1/artifacts/{sha256}/complete', [sha256], { upload, parts: [{ part_number: 1, etag }] });
  for (;;) {
    const { json } = await api(stack.description, 'reader', 'GET', `/v1/artifacts/${sha256}`);
    if (json.status === 'verified') return body.sha256;
    await setTimeout(100);
  }
}

/** Two policies through their life, a decision under the second, and back to the first. */
async function decide(producer: TestKey): Promise<{ readonly policy: string; readonly input: string }> {
  const key = newKey();
  await enrolKey(
    stack.description,
    'evaluation-pipeline',
    { role: 'policy-tests', predicate_types: [Predicate.testResult] },
    key.privateKey,
  );
  const bundle = await packPolicyBundle(resolve(ROOT, 'policies/bundle'));
  const first = await activate(bundle, key);
  const policy = await activate(repacked(bundle), key);
  const { model } = aManifest();
  await take('training-pipeline', 'POST /v1/manifests', [], {
    body: signedBundle(aManifest({ run_id: randomUUID(), timestamp: new Date().toISOString() }), producer),
  });
  const asked = { model: (model as { sha256: string }).sha256, environment: 'production', endpoint: 'classifier' };
  const { json } = await take('promoter', 'POST /v1/gates/evaluate', [], { body: asked });
  expect(json).toMatchObject({ result: 'FAILED', policy: { sha256: policy } });
  await take('operator', 'POST /v1/admission', [], { body: admissionReview(aPod(asked.model, 'production')) });
  const scope = { model: asked.model, environment: 'production' };
  const not_after = new Date(Date.now() + 86_400_000).toISOString();
  const texts = { reason: 'the report is late', compensating_control: 'a person reviews' };
  const waiver = { rule: 'explainability_report', scope, not_after, ...texts };
  const requested = await take('promoter', 'POST /v1/waivers', [], { body: waiver });
  await take('policy-approver', 'POST /v1/waivers/{id}/approve', [String(requested.json.id)]);
  await take('reader', 'GET /v1/waivers');
  await watchWaivers();
  await take('reader', 'GET /v1/waivers/{id}', [String(requested.json.id)]);
  const end = { body: { reason: 'the report came' } };
  await take('promoter', 'POST /v1/waivers/{id}/end', [String(requested.json.id)], end);
  await standBeside(first, asked);
  const body = { reason: 'too strict', from: policy };
  const rolledBack = await take('operator', 'POST /v1/policies/rollback', [], { body });
  expect(rolledBack.json).toMatchObject({ sha256: first, previous: policy });
  return { policy, input: String(json.input_sha256) };
}

/** As a shadow that sees one gate, then as a policy that decides too, then no more. */
async function standBeside(policy: string, question: object): Promise<void> {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const reason = 'it was only a try';
  const at = { slot: 'candidate' };
  await take('policy-author', 'POST /v1/policies/{sha256}/shadow', [policy], { body: { ...at, until } });
  // A gate waits 250 ms for a shadow to be loaded; the next one finds it.
  for (let same = 0; same === 0; ) {
    await take('promoter', 'POST /v1/gates/evaluate', [], { body: question });
    const seen = await take('reader', 'GET /v1/policies/{sha256}/shadow', [policy]);
    expect(seen.json).toMatchObject({ counts: { would_fail: 0, would_pass: 0 }, next: null });
    same = Object(seen.json.counts).same;
  }
  await take('policy-author', 'POST /v1/policies/{sha256}/shadow/end', [policy], { body: { ...at, reason } });
  await take('policy-approver', 'POST /v1/policies/{sha256}/activate', [policy], { body: at });
  await take('policy-approver', 'POST /v1/policies/withdraw', [], { body: { ...at, from: policy, reason } });
}

/** On AWS it is EventBridge that invokes the function, by its permission on it; and what is announced, functions announce. */
function isByRule({ identity, operation }: CallRecord): boolean {
  return identity === 'administrator' && (operation === 'Invoke' || operation === 'PutEvents');
}

/** What its rule does once a day. */
async function watchWaivers(): Promise<void> {
  await invoke('waiver-watch', {});
}

async function invoke(name: FunctionName, event: object): Promise<void> {
  const lambda = new LambdaClient(clientConfig(stack.description, 'administrator'));
  const command = new InvokeCommand({ FunctionName: `countersign-local-${name}`, Payload: JSON.stringify(event) });
  expect((await lambda.send(command)).FunctionError).toBeUndefined();
}

async function activate(bytes: Buffer, key: TestKey): Promise<string> {
  const proposal = { bundle: bytes.toString('base64'), change_request: 'the journey' };
  const { json } = await take('policy-author', 'POST /v1/policies', [], { body: proposal });
  const sha256 = String(json.sha256);
  const configuration = [{ name: 'tests', digest: { sha256 } }];
  const result = {
    _type: STATEMENT_TYPE,
    subject: [{ name: 'bundle.tar.gz', digest: { sha256 } }],
    predicateType: Predicate.testResult,
    predicate: { result: 'PASSED', configuration },
  };
  const tested = await take('evaluation-pipeline', 'POST /v1/attestations', [], { body: signedStatement(result, key) });
  const body = { evidence: String(tested.json.evidence) };
  await take('policy-author', 'POST /v1/policies/{sha256}/test', [sha256], { body });
  await foresee(sha256);
  await take('policy-approver', 'POST /v1/policies/{sha256}/approve', [sha256]);
  await take('policy-approver', 'POST /v1/policies/{sha256}/activate', [sha256]);
  return sha256;
}

/** Has the policy simulated over all that was decided. */
async function foresee(policy: string): Promise<void> {
  const body = { from: new Date(Date.now() - 31 * 86_400_000).toISOString() };
  let { json } = await take('policy-author', 'POST /v1/policies/{sha256}/simulations', [policy], { body });
  const id = String(json.id);
  while (json.state === 'running') json = (await take('reader', 'GET /v1/simulations/{id}', [id])).json;
  expect(json).toMatchObject({ state: 'finished', counts: { unjudged: 0 } });
  await take('policy-approver', 'GET /v1/simulations/{id}/report', [id]);
  const listed = (await take('auditor', 'GET /v1/policies/{sha256}/simulations', [policy])).json;
  expect(listed).toMatchObject({ simulations: [{ id, policy }] });
}

/** The same members, packed less tightly: another bundle by its digest. */
function repacked(bundle: Buffer): Buffer {
  return gzipSync(gunzipSync(bundle), { level: 1 });
}

async function reindexAsRebuilder(): Promise<void> {
  const { description } = stack;
  const { evidenceBucket, evidenceTable, registryTable, workflowTable } = description.resources;
  const { accessKeyId, secretAccessKey } = description.identities.rebuilder;
  await promisify(execFile)(
    process.execPath,
    [
      'cli/bin.js',
      'reindex',
      '--bucket',
      evidenceBucket,
      '--evidence-table',
      evidenceTable,
      '--registry-table',
      registryTable,
      '--workflow-table',
      workflowTable,
    ],
    {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH,
        AWS_REGION: description.region,
        AWS_ENDPOINT_URL: description.endpoint,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
    },
  );
}

/** The simulator, with the names that the stack's resources got. */
function simulator(): Simulator {
  const { accountId: account, region, resources } = stack.description;
  const names: readonly (readonly [string, string, string])[] = [
    ['AWS::S3::Bucket', 'EvidenceBucket', resources.evidenceBucket],
    ['AWS::S3::Bucket', 'StagingBucket', resources.stagingBucket],
    ['AWS::DynamoDB::Table', 'EvidenceTable', resources.evidenceTable],
    ['AWS::DynamoDB::Table', 'RegistryTable', resources.registryTable],
    ['AWS::DynamoDB::Table', 'WorkflowTable', resources.workflowTable],
    ['AWS::KMS::Key', 'EvidenceKey', resources.evidenceKeyArn.replace(/.*\//, '')],
    ['AWS::KMS::Key', 'DataKey', resources.dataKeyArn.replace(/.*\//, '')],
  ];
  const physicalName = (id: string, type: string) =>
    names.find(([t, prefix]) => t === type && id.startsWith(prefix))?.[2];
  return new Simulator(synthesise('local'), { account, region, physicalName });
}

function principalOf({ kind, identity }: CallRecord): Principal {
  if (kind === 'demo') return 'role:rebuilder';
  const name = identity.replace('countersign-local-', '');
  return `${kind === 'function' ? 'function' : 'machine'}:${name}` as Principal;
}

describe('a journey over every route', () => {
  it('took every route', () => {
    expect([...taken].toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted());
  });

  it('made no AWS call that its role may not make, companion permissions included', async () => {
    const iam = simulator();
    const { accountId: account, region, resources } = stack.description;
    const place = {
      account,
      region,
      dataKeyArn: resources.dataKeyArn,
      stage: 'local',
      waits: `arn:aws:states:${region}:${account}:stateMachine:${stateMachineName('local', 'promote-model')}`,
      mailIdentities: ofType(synthesise('local').promotion, 'AWS::SES::EmailIdentity').map(([, { Properties }]) =>
        String(Properties.EmailIdentity),
      ),
    };
    const refused = new Set<string>();
    const asked = new Set<string>();
    for (const call of calls) {
      const principal = principalOf(call);
      // As of the call itself: a lock is as long as it was then.
      for (const question of questionsOf(call, { ...place, now: new Date() })) {
        asked.add(`${principal} ${question.action}`);
        const decision = await iam.simulate({ principal, ...question });
        if (decision !== 'Allowed') refused.add(`${principal} ${question.action} on ${question.resource}: ${decision}`);
      }
    }
    expect([...refused]).toEqual([]);
    expect(asked.size).toBeGreaterThan(40);
  });

  it('was made by functions, state machines and the rebuilder only: nobody else calls AWS itself', () => {
    const others = calls.filter(({ kind, identity }) => kind === 'demo' && identity !== 'rebuilder');
    expect(others.map(({ identity, service, operation }) => `${identity} ${service}:${operation}`)).toEqual([]);
  });
});
