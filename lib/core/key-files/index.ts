import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { parsePublicKey } from '../keys.ts';
import { COSIGN_LABELS, openCosignKey } from './cosign.ts';
import { refuse } from './refuse.ts';

interface PemBlock {
  readonly label: string;
  readonly body: string;
  readonly text: string;
}

const PKCS8 = 'PRIVATE KEY';
const ENCRYPTED_PKCS8 = 'ENCRYPTED PRIVATE KEY';
const SEC1 = 'EC PRIVATE KEY';

/** RFC 1421 header, in which SEC1 files say that they are encrypted. */
const ENCRYPTED_SEC1 = /^Proc-Type: 4,ENCRYPTED\r?$/m;

const KINDS = 'it must be ECDSA P-256, ECDSA P-384 or Ed25519';
const MAKE_ONE = 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem';

/**
 * Reads a user's private key: PKCS#8 (encrypted or not), SEC1 (likewise) or a key file of `cosign generate-key-pair`.
 * The key must be one that Countersign verifies: ECDSA P-256, ECDSA P-384 or Ed25519.
 *
 * @param pem - text of the file
 * @param password - of an encrypted file; ignored for a plain one
 * @throws DomainError KEY_INVALID, with what is wrong and what to do
 */
export function parsePrivateKey(pem: string, password?: string): KeyObject {
  const key = read(privateBlock(pem), password);
  try {
    parsePublicKey(createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString());
  } catch (cause) {
    const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'of another kind';
    refuse(`the private key is ${kind}; ${KINDS}`, MAKE_ONE, cause);
  }
  return key;
}

/** Picks the private key out of the file; `openssl ecparam -genkey` writes the curve's parameters before it. */
function privateBlock(pem: string): PemBlock {
  const blocks = pemBlocks(pem);
  const [block, ...others] = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (others.length > 0) refuse('the file holds more than one private key', 'keep each key in a file of its own');
  if (block) return block;
  if (blocks.some(({ label }) => label === 'PUBLIC KEY')) refuse('the file holds a public key, not a private one');
  return refuse('the file holds no private key in PEM form', 'it should begin with -----BEGIN PRIVATE KEY-----');
}

function pemBlocks(pem: string): PemBlock[] {
  return [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/g)].map(
    ([text, label = '', body = '']) => ({ label, body, text }),
  );
}

function read(block: PemBlock, password: string | undefined): KeyObject {
  if (COSIGN_LABELS.includes(block.label)) {
    const container = decodeBase64(block.body.replace(/\s/g, ''));
    if (!container) refuse('the body of the key file is not base64');
    // cosign makes keys with an empty password too, so that none given is a password like any other.
    return openCosignKey(container, password ?? '');
  }
  const encrypted = block.label === ENCRYPTED_PKCS8 || ENCRYPTED_SEC1.test(block.body);
  switch (block.label) {
    case PKCS8:
    case ENCRYPTED_PKCS8:
    case SEC1:
      if (encrypted && password === undefined) refuse('the private key is encrypted and no password was given');
      return decode(block.text, encrypted ? password : undefined);
    case 'OPENSSH PRIVATE KEY':
      return refuse(
        'the private key is in the format of OpenSSH, which is not read here',
        'ssh-keygen -p -m PKCS8 -f COPY rewrites an ECDSA key as PEM',
      );
    default:
      return refuse(`the file holds ${block.label}; ${KINDS}`, MAKE_ONE);
  }
}

function decode(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch (cause) {
    return passphrase === undefined
      ? refuse('the private key does not parse', undefined, cause)
      : refuse('the private key does not parse, or the password does not open it', undefined, cause);
  }
}
