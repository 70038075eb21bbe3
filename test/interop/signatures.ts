import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { bundleBytes } from '../../lib/core/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../lib/core/dsse.ts';
import { isStrictDer, parsePublicKey, verifySignature } from '../../lib/core/keys.ts';
import { verifyBySigstore } from './sigstore.ts';
import type { Check } from './support/checks.ts';
import { run } from './support/command.ts';
import type { Cosign } from './support/cosign.ts';
import { manifestAbout, manifestStatement, publicPem } from './support/evidence.ts';
import { damaged, type Mutation, RAW, rewritten } from './support/mutations.ts';

/** Verdicts on hundreds of changed P-256 signatures over one statement, ours beside those of others. */
export async function signatureVerdicts(check: Check, cosign: Cosign, folder: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const model = randomBytes(16);
  const payload = manifestStatement(manifestAbout(model));
  const message = preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload);
  // Both numbers need a sign byte in one signature of four, and only such a one can be written in all the wrong ways.
  let signature: Buffer;
  do signature = sign('sha256', message, privateKey);
  while (signature.length < 72);
  const key = parsePublicKey(publicPem(privateKey));
  const file = (name: string) => join(folder, `signatures-${name}`);
  await writeFile(file('key.pem'), key.pem);
  await writeFile(file('message'), message);
  await writeFile(file('model'), model);

  const forms = rewritten(signature);
  const all = [...forms, ...damaged(signature)];
  const context = `key:\n${key.pem}message: ${message.toString('base64')}`;
  const names = (mutations: readonly Mutation[]): string[] =>
    mutations.map(({ name, bytes }) => `${name}: ${bytes.toString('hex')}`);

  const weAccept = ({ bytes }: Mutation): boolean => verifySignature(key, message, bytes) === 'valid';
  const sigstoreAccepts = ({ bytes }: Mutation): boolean => {
    try {
      verifyBySigstore(JSON.parse(bundleBytes(payload, bytes, key.keyid).toString()), key.pem);
      return true;
    } catch {
      return false;
    }
  };
  async function opensslAccepts({ bytes }: Mutation): Promise<boolean> {
    await writeFile(file('signature'), bytes);
    const args = ['dgst', '-sha256', '-verify', file('key.pem'), '-signature', file('signature'), file('message')];
    return (await run('openssl', args, { env: { PATH: process.env.PATH } })).code === 0;
  }
  async function cosignAccepts({ bytes }: Mutation): Promise<boolean> {
    await writeFile(file('bundle.json'), bundleBytes(payload, bytes, key.keyid));
    const given = { bundle: file('bundle.json'), publicKey: file('key.pem'), subject: file('model') };
    return (await cosign.verifyAttestation({ ...given, predicateType: Predicate.manifest })).code === 0;
  }

  await check(
    `of ${all.length} forms of a signature, exactly the signed one and the one with the other S are accepted`,
    () => {
      assert.deepEqual(names(all.filter(weAccept)), names(forms.slice(0, 2)), context);
    },
  );
  await check('openssl accepts what we accept, and beyond that only what is not minimal DER', async () => {
    const theirs: Mutation[] = [];
    for (const mutation of all) if (await opensslAccepts(mutation)) theirs.push(mutation);
    assert.deepEqual(names(all.filter((one) => weAccept(one) && !theirs.includes(one))), [], context);
    assert.deepEqual(names(theirs.filter((one) => !weAccept(one) && isStrictDer(one.bytes, 32))), [], context);
  });
  await check('sigstore-js accepts what we accept, and nothing else', () => {
    assert.deepEqual(names(all.filter(sigstoreAccepts)), names(all.filter(weAccept)), context);
  });
  await check('of the ways to write it, cosign accepts what we accept, and beyond that only raw r and s', async () => {
    const theirs: Mutation[] = [];
    for (const mutation of forms) if (await cosignAccepts(mutation)) theirs.push(mutation);
    assert.deepEqual(names(theirs), names(forms.filter((one) => weAccept(one) || one.name === RAW)), context);
  });
}
