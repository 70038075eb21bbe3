import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Predicate } from '../../lib/contracts/predicates.ts';
import type { Check } from './support/checks.ts';
import { refused, succeeded } from './support/command.ts';
import type { Cosign } from './support/cosign.ts';
import { type Evidence, manifestAbout, publicPem, sealManifest } from './support/evidence.ts';
import { flipBit } from './support/tamper.ts';

/** What was posted and what was answered, held against the program that others verify with. */
export async function cosignVerifies(
  check: Check,
  cosign: Cosign,
  { manifest, receipt }: Evidence,
  folder: string,
): Promise<void> {
  const other = join(folder, 'another-file');
  await writeFile(other, randomUUID());
  const signatureFails = /invalid signature|could not verify|failed to verify|not verify/i;

  for (const [name, signed] of Object.entries({ manifest, receipt })) {
    await check(`cosign verify-blob-attestation accepts the ${name}, ${cosign.offline}`, async () => {
      succeeded(await cosign.verifyAttestation(signed));
    });
    for (const part of ['payload', 'sig'] as const) {
      await check(`cosign refuses the ${name} with a bit flipped in its ${part}`, async () => {
        const bundle = await flipBit(signed.bundle, part, folder);
        refused(await cosign.verifyAttestation({ ...signed, bundle }), signatureFails);
      });
    }
    await check(`cosign refuses the ${name} for another file`, async () => {
      refused(await cosign.verifyAttestation({ ...signed, subject: other }), /digest/);
    });
    await check(`cosign refuses the ${name} as a statement of another type`, async () => {
      refused(await cosign.verifyAttestation({ ...signed, predicateType: Predicate.scai }), /predicate/i);
    });
  }
  await check('cosign verify-blob-attestation accepts a manifest under an Ed25519 key', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const bundle = join(folder, 'ed25519.sigstore.json');
    const publicKey = join(folder, 'ed25519.pem');
    await writeFile(publicKey, publicPem(privateKey));
    await writeFile(bundle, sealManifest(manifestAbout(await readFile(manifest.subject)), privateKey));
    succeeded(await cosign.verifyAttestation({ ...manifest, bundle, publicKey }));
  });
  await check("cosign refuses the receipt under the producer's key", async () => {
    refused(await cosign.verifyAttestation({ ...receipt, publicKey: manifest.publicKey }), signatureFails);
  });
}
