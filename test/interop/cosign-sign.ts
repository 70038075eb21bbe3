import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { keyProofPayload } from '../../lib/core/key-proof.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import type { LocalDescription } from '../../local/description.ts';
import type { Check } from './support/checks.ts';
import { type CommandResult, refused, run, succeeded } from './support/command.ts';
import type { Cosign } from './support/cosign.ts';
import { countersign } from './support/countersign.ts';
import { manifestAbout, manifestStatement, PRODUCER, registerKey } from './support/evidence.ts';
import { flipBit } from './support/tamper.ts';
import { pythonWith } from './support/tools.ts';

const CLIENT = resolve(import.meta.dirname, '../../examples/python-client');

/** Keys that cosign made and holds, by the commands that make them. The files are `<name>.key` and `<name>.pub`. */
const KEYS = [
  { name: 'p256', kind: 'a key of `cosign generate-key-pair`', curve: undefined },
  { name: 'p384', kind: 'a P-384 key of `cosign import-key-pair`', curve: 'P-384' },
] as const;

/**
 * The producer has cosign and a Python without our code, and nothing of ours runs on its side: cosign proves possession of the
 * key and signs; examples/python-client carries.
 */
export async function cosignSigns(
  check: Check,
  cosign: Cosign,
  local: LocalDescription,
  folder: string,
): Promise<void> {
  const python = await pythonWith('client', join(CLIENT, 'requirements.txt'));
  const { accessKeyId, secretAccessKey } = local.identities[PRODUCER];
  const env = {
    PATH: process.env.PATH,
    COUNTERSIGN_API: local.apiUrl,
    AWS_DEFAULT_REGION: local.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const client = (...args: string[]): Promise<CommandResult> =>
    run(python, [join(CLIENT, 'client.py'), ...args], { env });

  for (const { name, kind, curve } of KEYS) {
    const home = await mkdtemp(join(folder, `${name}-`));
    const file = (of: string) => join(home, of);
    const key = file(`${name}.key`);

    await check(`the proof of possession that cosign signs registers ${kind}`, async () => {
      await makeKey(cosign, file(name), curve);
      const { pem, keyid } = parsePublicKey(await readFile(file(`${name}.pub`), 'utf8'));
      await writeFile(file('proof.json'), keyProofPayload(keyid, PRODUCER));
      succeeded(await cosign.attest(key, file('proof.json'), file('proof.sigstore.json')));
      await registerKey(local, pem, await readFile(file('proof.sigstore.json')));
    });

    await check(
      `a plain manifest that cosign sign-blob signed with ${kind} is accepted, and found by its model`,
      async () => {
        const manifest = manifestAbout(randomBytes(16));
        await writeFile(file('manifest.json'), JSON.stringify(manifest, null, 2));
        succeeded(await client('canonical', '--manifest', file('manifest.json'), '--out', file('to-sign')));
        await writeFile(file('signature'), succeeded(await cosign.signBlob(key, file('to-sign'))));
        const answer = await client('submit', '--manifest', file('manifest.json'), '--signature', file('signature'));
        await isFound(manifest, succeeded(answer), 'manifest');
      },
    );

    await check(`that signature with ${kind} over another metric is refused`, async () => {
      const changed = { ...JSON.parse(await readFile(file('manifest.json'), 'utf8')), metrics: { roc_auc: 0.99 } };
      await writeFile(file('changed.json'), JSON.stringify(changed));
      const answer = await client('submit', '--manifest', file('changed.json'), '--signature', file('signature'));
      refused(answer, /SIGNATURE_INVALID/);
    });

    await check(`the bundle of cosign attest-blob with ${kind} is accepted, and found by its model`, async () => {
      const model = randomBytes(16);
      const manifest = manifestAbout(model);
      await writeFile(file('model'), model);
      await writeFile(file('statement.json'), manifestStatement(manifest));
      succeeded(await cosign.attest(key, file('statement.json'), file('attestation.sigstore.json')));
      const answer = await client('submit', '--bundle', file('attestation.sigstore.json'));
      await isFound(manifest, succeeded(answer), 'sigstore-bundle');
    });

    await check(`\`countersign verify\` verifies the bundle of ${kind}, offline`, async () => {
      const [bundle, publicKey] = [file('attestation.sigstore.json'), file(`${name}.pub`)];
      succeeded(await countersign(home, 'verify', bundle, '--key', publicKey));
      refused(await countersign(home, 'verify', await flipBit(bundle, 'sig', home), '--key', publicKey), /signature/);
    });

    if (curve !== 'P-384') continue;
    // docs/formats.md says so. When this fails, a newer cosign has learnt it, and P-384 can be recommended.
    await check(
      'cosign refuses its own attestation under a P-384 key, which it made with SHA-384 and reads with SHA-256',
      async () => {
        const own = {
          bundle: file('attestation.sigstore.json'),
          publicKey: file(`${name}.pub`),
          subject: file('model'),
        };
        refused(
          await cosign.verifyAttestation({ ...own, predicateType: Predicate.manifest }),
          /signatures do not match/,
        );
      },
    );
  }

  /** Holds the answer to what was sent, and reads it back as anyone would who only has the model. */
  async function isFound(manifest: ReturnType<typeof manifestAbout>, text: string, form: string): Promise<void> {
    const answer: { readonly evidence: string } = JSON.parse(text);
    assert.partialDeepStrictEqual(answer, { created: true, form, principal: PRODUCER, run_id: manifest.run_id });
    const { sha256 } = JSON.parse(JSON.stringify(manifest.model));
    const { items } = JSON.parse(succeeded(await client('model', sha256)));
    assert.partialDeepStrictEqual(items, [{ evidence: answer.evidence, run_id: manifest.run_id, part: 'output' }]);
  }
}

async function makeKey(cosign: Cosign, prefix: string, curve: string | undefined): Promise<void> {
  const options = ['--output-key-prefix', prefix];
  if (curve === undefined) {
    succeeded(await cosign.run('generate-key-pair', ...options));
    return;
  }
  const env = { PATH: process.env.PATH };
  const pem = ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`, '-out', `${prefix}.pem`];
  succeeded(await run('openssl', ['genpkey', ...pem], { env }));
  succeeded(await cosign.run('import-key-pair', '--key', `${prefix}.pem`, '--yes', ...options));
}
