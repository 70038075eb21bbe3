import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify';
import { BUNDLE_MEDIA_TYPE } from '../../lib/core/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE } from '../../lib/core/dsse.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import type { Check } from './support/checks.ts';
import { run, succeeded } from './support/command.ts';
import type { Evidence } from './support/evidence.ts';
import { flipBit } from './support/tamper.ts';
import { pythonWith } from './support/tools.ts';

const NO_AUTHORITIES = { mediaType: '', tlogs: [], ctlogs: [], timestampAuthorities: [], certificateAuthorities: [] };
const NO_THRESHOLDS = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };

/**
 * Verifies by sigstore-js, which looks up the key by the bundle's hint.
 *
 * @throws VerificationError when the signature does not hold, or the hint names another key
 */
export function verifyBySigstore(bundle: unknown, publicKeyPem: string): void {
  const { keyid, pem } = parsePublicKey(publicKeyPem);
  const trusted = toTrustMaterial(NO_AUTHORITIES, (hint) => {
    if (hint !== keyid)
      throw new VerificationError({ code: 'PUBLIC_KEY_ERROR', message: `no key has the hint ${hint}` });
    return { publicKey: createPublicKey(pem), validFor: () => true };
  });
  new Verifier(trusted, NO_THRESHOLDS).verify(toSignedEntity(bundleFromJSON(bundle)));
}

/** Sigstore's own libraries, in two languages. */
export async function sigstoreReads(check: Check, { manifest, receipt }: Evidence, folder: string): Promise<void> {
  const python = await pythonWith('evidence');
  const script = join(import.meta.dirname, 'sigstore_bundle.py');
  for (const [name, signed] of Object.entries({ manifest, receipt })) {
    const publicKey = await readFile(signed.publicKey, 'utf8');

    await check(`sigstore-js reads and verifies the ${name}`, async () => {
      verifyBySigstore(JSON.parse(await readFile(signed.bundle, 'utf8')), publicKey);
    });
    for (const part of ['payload', 'sig'] as const) {
      await check(`sigstore-js refuses the ${name} with a bit flipped in its ${part}`, async () => {
        const flipped: unknown = JSON.parse(await readFile(await flipBit(signed.bundle, part, folder), 'utf8'));
        assert.throws(() => verifyBySigstore(flipped, publicKey), {
          name: 'VerificationError',
          code: 'SIGNATURE_ERROR',
        });
      });
    }
    await check(`Sigstore's Python models read the ${name}, with the hint and the type that it has`, async () => {
      const read = succeeded(await run(python, [script, signed.bundle], { env: { PATH: process.env.PATH } }));
      assert.deepEqual(JSON.parse(read), {
        media_type: BUNDLE_MEDIA_TYPE,
        hint: parsePublicKey(publicKey).keyid,
        payload_type: IN_TOTO_PAYLOAD_TYPE,
        predicate_type: signed.predicateType,
      });
    });
  }
}
