import { verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { bundleBytes } from '../../lib/core/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../lib/core/dsse.ts';
import { parsePublicKey, verifySignature } from '../../lib/core/keys.ts';
import { mutatedBytes } from '../support/arbitraries.ts';
import { derVariants } from '../support/der-variants.ts';
import { twinSignature } from '../support/ecdsa.ts';
import { newKey } from '../support/keys.ts';
import { verifyWithSigstore } from '../support/sigstore.ts';

// Many runs on a busy machine take longer than one example may.
vi.setConfig({ testTimeout: 30_000 });

const key = newKey();
const publicKey = parsePublicKey(key.pem);

/** Payloads with a signature that is good, is good in another way, or is damaged in one of many ways. */
const signed = fc.uint8Array({ maxLength: 64 }).chain((bytes) => {
  const payload = Buffer.from(bytes);
  const signature = key.sign(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload));
  const signatures = fc.oneof(
    fc.constant(signature),
    fc.constant(twinSignature(signature)),
    fc.constantFrom(...derVariants(signature).map(([, variant]) => variant)),
    mutatedBytes(signature),
    mutatedBytes(twinSignature(signature)),
  );
  return fc.tuple(fc.constant(payload), signatures);
});

const accepts = (act: () => unknown): boolean => {
  try {
    return act() !== false;
  } catch {
    return false;
  }
};

describe('verifySignature', () => {
  it('says valid exactly where OpenSSL does: strictness costs no signature that it takes', () => {
    fc.assert(
      fc.property(signed, ([payload, signature]) => {
        const message = preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload);
        const openssl = accepts(() => verify('sha256', message, key.publicKey, signature));
        expect(verifySignature(publicKey, message, signature) === 'valid').toBe(openssl);
      }),
      { numRuns: 1000 },
    );
  });

  it('says valid exactly where sigstore-js does, over whole bundles', () => {
    fc.assert(
      fc.property(signed, ([payload, signature]) => {
        const bundle = bundleBytes(payload, signature, key.keyid);
        const message = preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload);
        const sigstore = accepts(() => verifyWithSigstore(bundle, key.pem));
        // sigstore-js reads no bundle with an empty signature or payload at all.
        if (payload.length > 0) expect(verifySignature(publicKey, message, signature) === 'valid').toBe(sigstore);
      }),
      { numRuns: 500 },
    );
  });
});
