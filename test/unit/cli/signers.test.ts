import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliError, UsageError } from '../../../cli/errors.ts';
import { openSigner } from '../../../cli/signers/index.ts';
import { keySigner } from '../../../cli/signers/key-file.ts';
import { parseKmsUri } from '../../../cli/signers/kms.ts';
import { signMessage, signPayload } from '../../../cli/signers/signer.ts';
import { KEY_ALGORITHMS, parsePublicKey, verifySignature } from '../../../lib/core/keys.ts';
import { newKey } from '../../support/keys.ts';
import { messageOf, openBundle } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const MESSAGE = Buffer.from('a message');
const COSIGN_KEY = new URL('../../fixtures/cosign/throw-away.key', import.meta.url).pathname;

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-signers-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a key file', () => {
  it.each(KEY_ALGORITHMS)('signs with %s', async (algorithm) => {
    const { privateKey, pem } = newKey(algorithm);
    writeFileSync(at('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const signer = await openSigner(at('key.pem'));
    expect(signer).toMatchObject({ publicKeyPem: pem, algorithm });
    expect(verifySignature(parsePublicKey(pem), MESSAGE, await signMessage(signer, MESSAGE))).toBe('valid');
  });

  it('is named by COUNTERSIGN_KEY where no option names one', async () => {
    const signer = await openSigner(undefined, { env: { COUNTERSIGN_KEY: at('key.pem') } });
    expect(signer.algorithm).toBe('ed25519');
    await expect(openSigner(undefined, { env: {} })).rejects.toBeInstanceOf(UsageError);
  });

  it.each(['COUNTERSIGN_KEY_PASSWORD', 'COSIGN_PASSWORD'])('of cosign is opened with %s', async (variable) => {
    const signer = await openSigner(COSIGN_KEY, { env: { [variable]: 'throw-away' } });
    expect(signer.algorithm).toBe('ecdsa-p256-sha256');
  });

  it('that is encrypted asks for its password, and only then', async () => {
    const asked: string[] = [];
    const askPassword = async (file: string) => {
      asked.push(file);
      return 'throw-away';
    };
    await openSigner(COSIGN_KEY, { env: {}, askPassword });
    await openSigner(at('key.pem'), { env: {}, askPassword });
    expect(asked).toEqual([COSIGN_KEY]);
  });

  it('says which variable has the password where nobody can be asked', async () => {
    const { privateKey } = newKey();
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
    writeFileSync(at('encrypted.pem'), pem);
    await expect(openSigner(at('encrypted.pem'), { env: {} })).rejects.toMatchObject({
      exitCode: 2,
      hint: 'set COUNTERSIGN_KEY_PASSWORD (or COSIGN_PASSWORD)',
    });
  });

  it('that is missing, or of a kind that is not known, is the fault of the command line', async () => {
    await expect(openSigner(at('nothing.pem'), { env: {} })).rejects.toBeInstanceOf(UsageError);
    await expect(openSigner('gcpkms://projects/x', { env: {} })).rejects.toBeInstanceOf(UsageError);
  });
});

describe('a key file that cannot be used', () => {
  const refused = async (content: string | Buffer) => {
    writeFileSync(at('unusable.pem'), content);
    return await openSigner(at('unusable.pem'), { env: { COUNTERSIGN_KEY_PASSWORD: 'x' } }).catch((error) => error);
  };

  it.each([
    ['no PEM', 'hello'],
    ['bytes', Buffer.from([0, 255, 1])],
    ['nothing', ''],
    ['a public key', newKey().pem],
    ['a PEM of rubbish', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
  ])('because it holds %s, is the fault of the command line, and is named', async (_what, content) => {
    const error = await refused(content);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`${at('unusable.pem')} cannot be used`),
    });
  });
});

describe('a signer', () => {
  it('that makes signatures which do not verify is found out before anything is sent', async () => {
    const broken = { ...keySigner(newKey().privateKey), sign: async () => newKey().sign(MESSAGE) };
    await expect(signMessage(broken, MESSAGE)).rejects.toThrow(refusal('SIGNATURE_INVALID'));
  });

  it('signs a payload as the very bytes that it was given', async () => {
    const key = newKey();
    const payload = Buffer.from('{ "_type" : "with spaces" }');
    const bundle = await signPayload(keySigner(key.privateKey), payload);
    const { payload: carried, signature } = openBundle(bundle);
    expect(carried).toEqual(payload);
    expect(verifySignature(parsePublicKey(key.pem), messageOf(bundle), signature)).toBe('valid');
  });
});

describe('exec:', () => {
  const program = (name: string, body: string): string => {
    writeFileSync(at(name), `#!${process.execPath}\n${body}`);
    chmodSync(at(name), 0o755);
    return `exec:${at(name)}`;
  };
  const signing = (hash: string) => `
    const { createPrivateKey, createPublicKey, sign } = require('node:crypto');
    const { readFileSync } = require('node:fs');
    const key = createPrivateKey(readFileSync(${JSON.stringify(at('exec.pem'))}));
    const request = JSON.parse(readFileSync(0, 'utf8'));
    if (request.version !== 1) process.exit(9);
    const answer = request.operation === 'public-key'
      ? { public_key: createPublicKey(key).export({ type: 'spki', format: 'pem' }) }
      : { signature: sign('${hash}', Buffer.from(request.message, 'base64'), key).toString('base64') };
    process.stdout.write(JSON.stringify(answer));`;

  beforeAll(() => writeFileSync(at('exec.pem'), newKey().privateKey.export({ type: 'pkcs8', format: 'pem' })));

  it('signs with a program of the user', async () => {
    const signer = await openSigner(program('good.cjs', signing('sha256')));
    const signature = await signMessage(signer, MESSAGE);
    expect(verifySignature(parsePublicKey(signer.publicKeyPem), MESSAGE, signature)).toBe('valid');
  });

  it('finds out a program that hashes another way', async () => {
    const signer = await openSigner(program('wrong.cjs', signing('sha384')));
    await expect(signMessage(signer, MESSAGE)).rejects.toThrow(refusal('SIGNATURE_INVALID'));
  });

  it.each([
    ['refuses', 'process.exit(3)', 'it ended with exit code 3'],
    ['does not answer JSON', 'console.log("hello")', 'its answer is not JSON'],
    ['answers something else', 'console.log("{}")', 'does not fit the protocol'],
    ['does not stop talking', 'process.stdout.write("x".repeat(1e6))', 'it answered more than'],
  ])('says that the program %s', async (name, body, message) => {
    const failure = await openSigner(program(`${name.replaceAll(' ', '-')}.cjs`, body)).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CliError);
    expect(failure).toMatchObject({ message: expect.stringContaining(message) });
  });

  it('says that there is no such program', async () => {
    await expect(openSigner('exec:/no/such/program')).rejects.toBeInstanceOf(UsageError);
    await expect(openSigner('exec:')).rejects.toBeInstanceOf(UsageError);
  });
});

describe('awskms://', () => {
  const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

  it.each([
    ['awskms:///alias/producer', { id: 'alias/producer', endpoint: undefined, region: undefined }],
    [
      'awskms:///1234abcd-12ab-34cd-56ef-1234567890ab',
      { id: '1234abcd-12ab-34cd-56ef-1234567890ab', endpoint: undefined, region: undefined },
    ],
    [`awskms:///${ARN}`, { id: ARN, endpoint: undefined, region: 'eu-central-1' }],
    [
      'awskms://localhost:4566/alias/producer',
      { id: 'alias/producer', endpoint: 'https://localhost:4566', region: undefined },
    ],
  ])('%s is read as cosign reads it', (uri, expected) => {
    expect(parseKmsUri(uri)).toEqual(expected);
  });

  it.each(['awskms://', 'awskms:///', 'awskms://alias/producer', 'awskms:///producer'])('%s is refused', (uri) => {
    expect(() => parseKmsUri(uri)).toThrow(UsageError);
  });
});
