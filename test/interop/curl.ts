import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LocalDescription } from '../../local/description.ts';
import { callApi, enrol } from '../local/support/enrol.ts';
import type { Check } from './support/checks.ts';
import { type CommandResult, refused, run, succeeded } from './support/command.ts';
import { AUTHORITY, PRODUCER } from './support/evidence.ts';

const SCRIPT = resolve(import.meta.dirname, '../../examples/curl/submit.sh');

/** The producer has openssl and curl; nothing of ours runs on its side. */
export async function curlPosts(check: Check, local: LocalDescription, folder: string): Promise<void> {
  const home = await mkdtemp(join(folder, 'curl-'));
  const { accessKeyId, secretAccessKey } = local.identities[PRODUCER];
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    COUNTERSIGN_API: local.apiUrl,
    AWS_REGION: local.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  const model = `a model ${randomUUID()}`;
  await writeFile(join(home, 'key.pem'), await enrol(local, PRODUCER, AUTHORITY), { mode: 0o600 });
  await writeFile(join(home, 'model.tar.gz'), model);
  const submit = (principal: string): Promise<CommandResult> =>
    run('sh', [SCRIPT, 'key.pem', 'model.tar.gz', principal, `curl-${randomUUID()}`], { cwd: home, env });

  await check('curl posts a manifest that openssl signed, and the model is found by its digest', async () => {
    const { evidence } = JSON.parse(succeeded(await submit(PRODUCER)));
    const digest = createHash('sha256').update(model).digest('hex');
    const { items } = (await callApi(local, 'auditor', 'GET', `/v1/models/${digest}`)) as {
      readonly items: readonly { readonly evidence: string }[];
    };
    assert.deepEqual(
      items.map((item) => item.evidence),
      [evidence],
    );
  });
  await check('curl is told, and fails, when the manifest names another principal', async () => {
    refused(await submit('evaluation-pipeline'), /PRINCIPAL_MISMATCH/);
  });
}
