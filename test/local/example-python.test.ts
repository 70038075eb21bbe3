import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { ensurePython } from '../../local/python.ts';
import { enrol } from './support/enrol.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CLIENT = join(ROOT, 'examples', 'python-client');

describe('the plain Python client', () => {
  const local = inject('local');
  const model = createHash('sha256').update(randomUUID()).digest('hex');
  let folder: string;
  let python: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-python-'));
    const environment = join(ROOT, '.countersign', 'venv-python-client');
    python = await ensurePython(environment, join(CLIENT, 'requirements.txt'), () => {});
    const authority = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
    await writeFile(join(folder, 'key.pem'), await enrol(local, 'training-pipeline', authority), { mode: 0o600 });
    const manifest = {
      run_id: `python-${model.slice(0, 8)}`,
      stage: 'training',
      model: { id: 'modèle', sha256: model },
      principal: 'training-pipeline',
      timestamp: new Date().toISOString(),
      metrics: { roc_auc: 0.98, loss: 1e-7 },
    };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function client(...args: string[]): Promise<string> {
    const { accessKeyId, secretAccessKey } = local.identities['training-pipeline'];
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      COUNTERSIGN_API: local.apiUrl,
      AWS_DEFAULT_REGION: local.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const { stdout } = await promisify(execFile)(python, [join(CLIENT, 'client.py'), ...args], { cwd: folder, env });
    return stdout;
  }

  it('signs and posts a manifest, and reads it back by the digest of the model', async () => {
    const posted = JSON.parse(await client('submit', '--manifest', 'manifest.json', '--key', 'key.pem'));
    expect(posted).toMatchObject({ created: true, form: 'manifest', principal: 'training-pipeline' });
    const known = JSON.parse(await client('model', model));
    expect(known.items).toMatchObject([{ evidence: posted.evidence, stage: 'training', part: 'output' }]);
  });

  it('tells the code, the field and what to do when a signature does not hold', async () => {
    await writeFile(join(folder, 'signature'), Buffer.from('no signature').toString('base64'));
    const refused = client('submit', '--manifest', 'manifest.json', '--signature', 'signature');
    await expect(refused).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('SIGNATURE_MALFORMED') });
  });
});
