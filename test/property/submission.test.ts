import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { findSigner } from '../../lib/core/registry.ts';
import { parseSubmission, statementIdentity } from '../../lib/core/submission.ts';
import { manifests, mutatedBytes, mutatedJson, mutatedText } from '../support/arbitraries.ts';
import { asObject, newKey, signedPayload } from '../support/keys.ts';
import {
  aManifest,
  aScaiReport,
  manifestStatement,
  signedBundle,
  signedEnvelope,
  signedPlain,
  signedStatement,
  twinsOf,
} from '../support/manifests.ts';
import { aKeyRecord, aPrincipal } from '../support/records.ts';

// Many runs on a busy machine take longer than one example may.
vi.setConfig({ testTimeout: 30_000 });

const key = newKey();
const principal = aPrincipal([aKeyRecord(key)]);
const endpoint = fc.constantFrom('manifests' as const, 'attestations' as const, 'any' as const);

/** Everything that is decided about bytes before anything is read or written. */
async function judge(bytes: Buffer, at: 'manifests' | 'attestations' | 'any'): Promise<DomainError | undefined> {
  try {
    const { signature } = await parseSubmission(bytes, at);
    if (signature) findSigner(principal, signature);
    return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return error;
  }
}

const valid = [
  signedBundle(aManifest(), key),
  signedEnvelope(aManifest(), key),
  signedPlain(aManifest(), key),
  signedStatement(aScaiReport(['DATASET_CONSENT']), key),
];

describe('parseSubmission', () => {
  it('ends in a submission or a refusal for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), endpoint, async (bytes, at) => {
        expect(await judge(Buffer.from(bytes), at)).toBeInstanceOf(DomainError);
      }),
      { numRuns: 300 },
    );
  });

  it('does so for valid submissions with bytes changed', async () => {
    const changed = fc.constantFrom(...valid).chain(mutatedBytes);
    await fc.assert(
      fc.asyncProperty(changed, endpoint, async (bytes, at) => void (await judge(bytes, at))),
      { numRuns: 500 },
    );
  });

  it('does so for valid submissions with values changed, and for any JSON', async () => {
    const changed = fc.oneof(
      fc.constantFrom(...valid).chain((bytes) => mutatedJson(asObject(bytes))),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(
        changed,
        endpoint,
        async (value, at) => void (await judge(Buffer.from(JSON.stringify(value)), at)),
      ),
      { numRuns: 500 },
    );
  });

  it('does so for statements with values or characters changed and signed again', async () => {
    const statements = fc.constantFrom(manifestStatement(aManifest()), aScaiReport(['DATASET_CONSENT']));
    const payload = fc.oneof(
      statements.chain(mutatedJson).map((value) => JSON.stringify(value)),
      statements.chain((statement) => mutatedText(JSON.stringify(statement))),
    );
    await fc.assert(
      fc.asyncProperty(payload, endpoint, async (text, at) => {
        const refused = await judge(signedPayload(Buffer.from(text, 'utf8'), key), at);
        // The signature is good, so whatever is wrong is said about the statement.
        expect(refused?.code ?? '').not.toMatch(/^SIGNATURE|^BUNDLE|^ENVELOPE/);
      }),
      { numRuns: 700 },
    );
  });

  it('never takes a submission whose signed bytes were changed', async () => {
    const [bundle = Buffer.alloc(0)] = valid;
    const { dsseEnvelope } = JSON.parse(bundle.toString());
    const payload = Buffer.from(dsseEnvelope.payload, 'base64');
    await fc.assert(
      fc.asyncProperty(mutatedBytes(payload), async (changed) => {
        fc.pre(!changed.equals(payload));
        const other = { ...dsseEnvelope, payload: changed.toString('base64') };
        expect(await judge(Buffer.from(JSON.stringify(other)), 'any')).toBeInstanceOf(DomainError);
      }),
      { numRuns: 300 },
    );
  });
});

describe('whatever a manifest says', () => {
  it('each of its forms is accepted and speaks of the same digests', async () => {
    await fc.assert(
      fc.asyncProperty(manifests, async (manifest) => {
        const forms = [signedBundle, signedEnvelope, signedPlain].map((sign) =>
          parseSubmission(sign(manifest, key), 'manifests'),
        );
        const [first, ...others] = (await Promise.all(forms)).map(({ content }) => content);
        for (const other of others) expect(other).toEqual(first);
        expect(first?.predicateType).toBe(Predicate.manifest);
      }),
    );
  });

  it('its twins are one statement, of one key', async () => {
    await fc.assert(
      fc.asyncProperty(manifests, async (manifest) => {
        const bundle = signedBundle(manifest, key);
        const identities = await Promise.all(
          [bundle, ...twinsOf(bundle).map(([, twin]) => twin)].map(async (bytes) => {
            const { signature } = await parseSubmission(bytes, 'manifests');
            if (!signature) throw new Error('unsigned');
            return statementIdentity(signature.message, findSigner(principal, signature)?.keyid ?? '');
          }),
        );
        expect(new Set(identities).size).toBe(1);
      }),
    );
  });
});

describe('parsePublicKey', () => {
  it('ends in a key or a refusal for a PEM with bytes changed, and never in the same key under another keyid', () => {
    const der = key.publicKey.export({ type: 'spki', format: 'der' });
    fc.assert(
      fc.property(mutatedBytes(der), (changed) => {
        const pem = `-----BEGIN PUBLIC KEY-----\n${changed.toString('base64')}\n-----END PUBLIC KEY-----\n`;
        try {
          const parsed = parsePublicKey(pem);
          expect(parsed.keyid === key.keyid).toBe(parsed.key.equals(key.publicKey));
        } catch (error) {
          expect(error).toMatchObject({ name: 'DomainError', code: 'KEY_INVALID' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
