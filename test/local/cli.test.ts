import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { awaitVerified } from '../../cli/artifact/await-verified.ts';
import { uploadParts } from '../../cli/artifact/multipart.ts';
import { ApiClient } from '../../cli/client.ts';
import { LocalControl } from '../../local/control.ts';
import type { DemoName } from '../../local/description.ts';
import { BIN, type CliResult, cliEnv, countersign } from './support/cli.ts';
import { clientConfig } from './support/clients.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const RUN = `cli-${randomUUID()}`;
const INTAKE = 'countersign-local-intake';
/** Who watches the evidence calls at its own time. */
const callsOf = async (name: string) => (await control.calls()).filter(({ identity }) => identity === name);

let folder = '';
const at = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(at(name));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** As an identity, in the test's folder, with its signing key. */
const as =
  (identity: DemoName, env: Readonly<Record<string, string>> = {}) =>
  async (...args: string[]): Promise<CliResult> =>
    await countersign(args, {
      cwd: folder,
      env: { ...cliEnv(local, identity), COUNTERSIGN_KEY: 'signing.pem', ...env },
    });

const pipeline = as('training-pipeline');
const admin = as('key-admin');
const reader = as('reader');
const offline = async (...args: string[]) => await countersign(args, { cwd: folder });

/** The one JSON document on stdout. @throws with what was said when it ended otherwise than expected */
function document({ code, stdout, stderr }: CliResult, expected = 0) {
  if (code !== expected) throw new Error(`ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-cli-'));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(at('signing.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(at('signing.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(at('train.csv'), randomBytes(2000));
  mkdirSync(at('model'));
  writeFileSync(at('model/weights.bin'), randomBytes(5000));
  writeFileSync(at('model/config.json'), '{}');

  const { uniqueId, roleArn } = local.identities['training-pipeline'];
  document(await admin('--json', 'keys', 'activate'));
  document(
    await admin('principals', 'register', 'training-pipeline', '--unique-id', uniqueId, '--arn', roleArn, '--json'),
  );
  document(await pipeline('keys', 'prove', '--principal', 'training-pipeline', '-o', 'proof.json', '--json'));
  const key = document(
    await admin(
      'keys',
      'register',
      '--proof',
      'proof.json',
      '--role',
      'producer',
      '--stage',
      'training',
      '--predicate',
      'manifest',
      '--predicate',
      'model-signing',
      '--json',
    ),
  );
  expect(key).toMatchObject({ principal: 'training-pipeline', stages: ['training'], revision: 1 });
  const status = document(await reader('status', '--json'));
  writeFileSync(at('evidence.pem'), status.evidence_key.public_key);
});

afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => await control.disarm());

describe('countersign run', () => {
  const script = `
    require('node:fs').writeFileSync('report.txt', 'a report');
    require('node:fs').writeFileSync('metrics.json', '{"auc": 0.93}');
    console.log('from the job');`;

  it('runs a job, attests it, and leaves files that verify offline', async () => {
    document(await pipeline('model', 'pack', 'model', '-o', 'model.tar.gz', '--json'));
    const ran = await pipeline(
      ...['run', '--stage', 'training', '--run-id', RUN, '--dataset', 'train=train.csv'],
      ...['--model', 'credit=model.tar.gz', '--unpacked', '--output', 'report.txt', '--metrics', 'metrics.json'],
      ...['--parameter', 'epochs=10', '--save', 'run.sigstore.json', '--receipt', 'run.receipt.json'],
      ...['--', process.execPath, '-e', script],
    );
    expect(ran).toMatchObject({ code: 0, stdout: 'from the job\n' });
    const verified = document(
      await offline(
        ...['verify', 'run.sigstore.json', '--key', 'signing.pub', '--receipt', 'run.receipt.json'],
        ...['--evidence-key', 'evidence.pem', '--json'],
      ),
    );
    expect(verified).toMatchObject({ verified: true, files: [{ sha256: sha256(read('run.sigstore.json')) }] });
    const { dsseEnvelope } = JSON.parse(read('run.sigstore.json').toString());
    const { predicate } = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString());
    const { root } = document(await offline('model', 'digest', 'model', '--json'));
    expect(predicate).toMatchObject({
      run_id: RUN,
      principal: 'training-pipeline',
      model: { id: 'credit', sha256: sha256(read('model.tar.gz')) },
      dataset: { id: 'train', sha256: sha256(read('train.csv')) },
      parameters: { epochs: 10 },
      metrics: { auc: 0.93 },
      outputs: [
        { name: 'report.txt', sha256: sha256(Buffer.from('a report')) },
        { name: 'credit', sha256: sha256(read('model.tar.gz')) },
        { name: 'credit (unpacked)', sha256: root, media_type: 'inode/directory' },
      ],
      job: { command: [process.execPath, '-e', script], exit_code: 0 },
    });
  });

  it('is found again by run, model, unpacked model and dataset', async () => {
    const evidence = sha256(read('run.sigstore.json'));
    const { root } = document(await offline('model', 'digest', 'model', '--json'));
    for (const [kind, id] of [
      ['run', RUN],
      ['model', sha256(read('model.tar.gz'))],
      ['model', root],
      ['dataset', sha256(read('train.csv'))],
    ] as const) {
      expect(document(await reader('show', kind, id, '--json'))).toMatchObject({ items: [{ evidence }], more: false });
    }
    const lineage = document(await reader('show', 'lineage', sha256(read('model.tar.gz')), '--json'));
    expect(lineage.edges).toContainEqual({ from: sha256(read('train.csv')), to: lineage.root, evidence });
    document(await reader('show', 'evidence', evidence, '--attestation', 'a.json', '--receipt', 'r.json', '--json'));
    expect(read('a.json')).toEqual(read('run.sigstore.json'));
    expect(read('r.json')).toEqual(read('run.receipt.json'));
  });

  it('passes the exit code of a failed job on and attests nothing', async () => {
    const run = `${RUN}-failed`;
    const ran = await pipeline(
      'run',
      '--stage',
      'training',
      '--run-id',
      run,
      '--output',
      'report.txt',
      '--',
      'sh',
      '-c',
      'exit 7',
    );
    expect(ran.code).toBe(7);
    expect(document(await reader('show', 'run', run, '--json')).items).toEqual([]);
  });

  it('attests a failed job when asked to, with one JSON document on stdout', async () => {
    const ran = await pipeline(
      ...['run', '--json', '--record-failures', '--stage', 'training', '--dataset', 'train=train.csv'],
      ...['--output', 'never-made', '--', 'sh', '-c', 'echo from the job; exit 7'],
    );
    expect(document(ran, 7)).toMatchObject({ attested: true, exit_code: 7, created: true });
    expect(ran.stderr).toContain('from the job');
  });

  it.each([
    ['the key may not sign for the stage', ['--stage', 'evaluation', '--model', 'm=train.csv'], 'KEY_NOT_AUTHORIZED'],
    ['the run has no good name', ['--stage', 'training', '--run-id', 'a b', '--output', 'o'], '/run_id'],
    ['it would speak of nothing', ['--stage', 'training'], 'speaks of nothing'],
    ['an input is missing', ['--stage', 'training', '--input', 'nothing', '--output', 'o'], 'no such file'],
  ])('does not start the job when %s', async (_why, options, message) => {
    const ran = await pipeline('run', ...options, '--', 'touch', 'started');
    expect(ran.code).toBe(125);
    expect(ran.stderr).toContain(message);
    expect(readdirSync(folder)).not.toContain('started');
  });

  it('keeps the signed bundle when it is not taken in the end, and submit posts it later', async () => {
    const { accessKeyId, secretAccessKey } = local.identities['key-admin'];
    const register = (stage: string, revision: number) => [
      'keys',
      'register',
      '--proof',
      'proof.json',
      '--role',
      'producer',
      '--stage',
      stage,
      '--revision',
      String(revision),
    ];
    // While the job runs, the key loses its authority for training; the job itself takes it away here.
    const job = `
      const env = { ...process.env, AWS_ACCESS_KEY_ID: '${accessKeyId}', AWS_SECRET_ACCESS_KEY: '${secretAccessKey}' };
      require('node:child_process').execFileSync(process.execPath, ${JSON.stringify([BIN, ...register('evaluation', 1)])}, { env });`;
    const ran = await pipeline(
      ...['run', '--stage', 'training', '--run-id', `${RUN}-kept`, '--output', 'train.csv'],
      ...['--', process.execPath, '-e', job],
    );
    expect(ran.code).toBe(125);
    expect(ran.stderr).toContain('the job ended with exit code 0, and its evidence is not stored');
    const [, kept = ''] = /the signed bundle is kept in (unsent-[0-9a-f]{12}\.sigstore\.json)/.exec(ran.stderr) ?? [];
    expect((await pipeline('submit', kept)).code).toBe(1);
    document(
      await admin(...register('training', 2), '--predicate', 'manifest', '--predicate', 'model-signing', '--json'),
    );
    expect(document(await pipeline('submit', kept, '--json'))).toMatchObject({ created: true, run_id: `${RUN}-kept` });
    expect(document(await pipeline('submit', kept, '--json'))).toMatchObject({ created: false });
  });

  it('says that there is no such command as env(1) does', async () => {
    const ran = await pipeline('run', '--stage', 'training', '--output', 'train.csv', '--', 'no-such-command');
    expect(ran).toMatchObject({ code: 127, stderr: expect.stringContaining('no such command') });
  });
});

describe('countersign submit', () => {
  it('outlasts a dependency that is away for a moment, and says what it waits for', async () => {
    const manifest = {
      run_id: `${RUN}-503`,
      stage: 'training',
      principal: 'training-pipeline',
      timestamp: new Date().toISOString(),
      model: { id: 'm', sha256: 'a'.repeat(64) },
    };
    writeFileSync(at('manifest.json'), JSON.stringify(manifest));
    document(await pipeline('sign', 'manifest.json', '--plain', '--json'));
    await control.arm({
      match: { service: 'kms', operation: 'Sign', identity: INTAKE },
      effect: { kind: 'refuse', status: 503, code: 'KMSInternalException' },
      times: 3,
    });
    const posted = await pipeline('submit', 'manifest.signed.json', '--json', '--receipts', '.');
    expect(document(posted)).toMatchObject({ created: true, form: 'manifest' });
    expect(posted.stderr).toMatch(/the API answers 503 DEPENDENCY_UNAVAILABLE .*; trying again in [\d.]+ s/);
    const verified = await offline(
      'verify',
      'manifest.signed.json',
      '--key',
      'signing.pub',
      '--receipt',
      'manifest.signed.json.receipt.sigstore.json',
      '--evidence-key',
      'evidence.pem',
    );
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/^VERIFIED/) });
  });

  it('sends nothing that cannot be accepted', async () => {
    writeFileSync(at('bad.json'), '{"a": 1, "a": 2}');
    await control.resetCalls();
    const refused = await pipeline('submit', 'bad.json', '--json');
    expect(document(refused, 1)).toMatchObject({ error: { code: 'JSON_INVALID', exit_code: 1 } });
    expect(await callsOf(INTAKE)).toEqual([]);
  });

  it('shows the problem document of a refusal: what, where, and what to do', async () => {
    const manifest = JSON.parse(read('manifest.json').toString());
    writeFileSync(at('other.json'), JSON.stringify({ ...manifest, stage: 'evaluation' }));
    document(await pipeline('sign', 'other.json', '--json'));
    const refused = await pipeline('submit', 'other.sigstore.json');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /The key has no authority for this statement \[KEY_NOT_AUTHORIZED\]\n.*\n {2}at: \/predicate\/stage\n {2}hint: /,
    );
    expect(refused.stderr).not.toMatch(/ {4}at .*\.ts/);
  });

  it('posts what model sign signed', async () => {
    document(await pipeline('model', 'sign', 'model', '--json'));
    expect(document(await pipeline('submit', 'model.sig', '--json'))).toMatchObject({
      predicate_type: 'https://model_signing/signature/v1.0',
    });
  });
});

describe('exit code 4', () => {
  it('is for a role that may not do this', async () => {
    const refused = await reader('artifact', 'put', 'train.csv');
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('[ACCESS_DENIED]') });
  });

  it('is for credentials that are wrong, or not there', async () => {
    expect((await as('reader', { AWS_SECRET_ACCESS_KEY: 'wrong' })('status')).code).toBe(4);
    const none = await countersign(['status'], {
      cwd: folder,
      env: { COUNTERSIGN_API: local.apiUrl, AWS_REGION: local.region },
    });
    expect(none).toMatchObject({ code: 4, stderr: expect.stringContaining('no AWS credentials were found') });
  });
});

describe('exit code 2', () => {
  it.each([
    [['frobnicate']],
    [['show', 'model', 'xyz']],
    [['verify']],
    [['sign', 'nothing.json']],
    [['status', '--api', 'x']],
  ])('is for the command line %j', async (args) => {
    expect((await pipeline(...args)).code).toBe(2);
  });
});

describe('countersign artifact', () => {
  it('stores a file once, gives it back, and its receipt verifies offline', async () => {
    const put = document(
      await pipeline(
        'artifact',
        'put',
        'train.csv',
        '--media-type',
        'text/csv',
        '--receipt',
        'train.receipt.json',
        '--json',
      ),
    );
    expect(put).toMatchObject({ created: true, kind: 'artifact', media_type: 'text/csv', size: 2000 });
    await control.resetCalls();
    expect(document(await pipeline('artifact', 'put', 'train.csv', '--json'))).toMatchObject({ created: false });
    const calls = [...(await callsOf('countersign-local-artifacts')), ...(await callsOf('training-pipeline'))];
    expect(calls).not.toEqual([]);
    expect(calls.filter(({ operation }) => operation === 'PutObject')).toEqual([]);
    const got = document(await reader('artifact', 'get', put.evidence, '-o', 'got.csv', '--json'));
    expect(got).toMatchObject({ size: 2000, file: 'got.csv' });
    expect(read('got.csv')).toEqual(read('train.csv'));
    const verify = ['verify', '--artifact', '--receipt', 'train.receipt.json', '--evidence-key', 'evidence.pem'];
    expect((await offline(...verify, 'train.csv')).code).toBe(0);
    expect((await offline(...verify, 'model.tar.gz')).code).toBe(1);
  });

  it('stores an empty file too', async () => {
    writeFileSync(at('empty'), '');
    expect(document(await pipeline('artifact', 'put', 'empty', '--json'))).toMatchObject({ size: 0 });
  });

  it('asks again when the upload broke, and finds what had arrived', async () => {
    writeFileSync(at('broken.bin'), randomBytes(3000));
    await control.arm({
      match: { service: 's3', operation: 'PutObject', keyPrefix: 'artifacts/' },
      effect: { kind: 'execute-then-drop' },
    });
    const put = await pipeline('artifact', 'put', 'broken.bin', '--json');
    expect(document(put)).toMatchObject({ size: 3000 });
    expect(put.stderr).toContain('the upload was interrupted');
    expect(await control.armed()).toEqual([]);
  });

  it('sends a large file in parts, each tried again by itself, and waits until it is proven', async () => {
    const bytes = randomBytes(11 * 1024 * 1024);
    writeFileSync(at('large.bin'), bytes);
    const notes: string[] = [];
    const { accessKeyId, secretAccessKey } = local.identities['training-pipeline'];
    const api = new ApiClient({
      url: new URL(local.apiUrl),
      region: local.region,
      credentials: async () => ({ accessKeyId, secretAccessKey }),
    });
    // A size above the limit of one PUT opens an upload in parts; S3 takes parts from 5 MiB on.
    const body = { sha256: sha256(bytes), size: 6 * 1024 ** 3 };
    const { multipart } = await api.json({ method: 'POST', path: '/v1/artifacts', body });
    const upload = multipart as { sha256: string; name: string; id: string };
    await control.arm({
      match: { service: 's3', operation: 'UploadPart' },
      effect: { kind: 'refuse', status: 503, code: 'SlowDown' },
    });
    await uploadParts(api, {
      path: at('large.bin'),
      size: bytes.length,
      mediaType: 'application/octet-stream',
      environment: 'experimental',
      partSize: 5 * 1024 * 1024,
      upload,
      notify: (message) => notes.push(message),
    });
    const accepted = await awaitVerified(api, upload, bytes.length);
    expect(accepted).toMatchObject({ evidence: sha256(bytes), receipt: { evidence: { size: bytes.length } } });
    expect(notes).toEqual([expect.stringMatching(/^S3 answers 503 SlowDown; sending part \d again in/)]);
  });
});

describe('countersign hold', () => {
  it('places and ends a hold, the same one twice being no error', async () => {
    const officer = as('legal-hold');
    const evidence = sha256(read('run.sigstore.json'));
    const placed = document(await officer('hold', 'place', evidence, '--reason', 'litigation 7', '--json'));
    expect(placed).toMatchObject({ state: 'on', reason: 'litigation 7' });
    expect(document(await officer('hold', 'place', evidence, '--reason', 'litigation 7', '--json'))).toEqual(placed);
    expect((await officer('hold', 'place', evidence, '--reason', 'another one')).code).toBe(1);
    expect(document(await officer('hold', 'release', evidence, '--reason', 'settled', '--json'))).toMatchObject({
      state: 'off',
    });
    expect(document(await reader('hold', 'show', evidence, '--json'))).toMatchObject({
      state: 'off',
      reason: 'settled',
    });
  });
});

describe('a key in KMS', () => {
  it('proves itself, signs, and is revoked', async () => {
    const kms = new KMSClient(clientConfig(local, 'administrator'));
    const created = await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }));
    const alias = `alias/producer-${randomUUID()}`;
    await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: created.KeyMetadata?.KeyId }));
    const owner = as('administrator', { COUNTERSIGN_KEY: `awskms:///${alias}` });
    const { keyid } = document(
      await owner('keys', 'prove', '--principal', 'training-pipeline', '-o', 'kms.json', '--json'),
    );
    document(
      await admin('keys', 'register', '--proof', 'kms.json', '--role', 'producer', '--stage', 'training', '--json'),
    );
    document(await owner('sign', 'manifest.json', '-o', 'kms.sigstore.json', '--json'));
    const posted = document(await pipeline('submit', 'kms.sigstore.json', '--json'));
    expect(posted).toMatchObject({ created: true, verified_key: { keyid } });
    const revoked = document(await admin('keys', 'revoke', keyid, '--reason', 'end of the test', '--json'));
    expect(revoked).toMatchObject({ keyid, revision: 2, revoked: { reason: 'end of the test' } });
    const list = document(await pipeline('keys', 'list', '--json'));
    expect(list.keys.map((key: { keyid: string }) => key.keyid)).toContain(keyid);
    expect((await as('reader', { COUNTERSIGN_KEY: `awskms:///${alias}` })('sign', 'manifest.json')).code).toBe(4);
  });
});
