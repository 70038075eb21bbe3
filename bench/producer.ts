import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Predicate } from '../lib/contracts/predicates.ts';
import { bundleBytes } from '../lib/core/bundle.ts';
import { canonicalBytes } from '../lib/core/canonical.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../lib/core/dsse.ts';
import { keyProofPayload } from '../lib/core/key-proof.ts';
import { type PublicKey, parsePublicKey } from '../lib/core/keys.ts';
import { type Manifest, ManifestSchema, manifestSubjects } from '../lib/core/manifest.ts';
import { statementJson } from '../lib/core/statement.ts';

/** What of a manifest the figures vary; all else is the same in each. */
export interface ManifestIds {
  readonly run: string;
  readonly model: string;
  readonly commit: string;
}

/** A training pipeline with a P-256 key. Its manifests are as large as real ones: parameters, metrics, image, commit. */
export class Producer {
  readonly principal: string;
  readonly publicKey: PublicKey;
  readonly #privateKey: KeyObject;

  /** @param pem - the private key, so that another process can be the same producer; made new unless given */
  constructor(principal: string, pem?: string) {
    this.principal = principal;
    this.#privateKey =
      pem === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : createPrivateKey(pem);
    this.publicKey = parsePublicKey(
      createPublicKey(this.#privateKey).export({ type: 'spki', format: 'pem' }).toString(),
    );
  }

  get pem(): string {
    return this.#privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** What the key admin registers. */
  keyProof(): Buffer {
    return this.#bundle(keyProofPayload(this.publicKey.keyid, this.principal));
  }

  /** A signed manifest as a Sigstore bundle, about 2.4 KB. The same ids at another time are another statement. */
  manifest(name: string, ids: Partial<ManifestIds> = {}): Buffer {
    const manifest = ManifestSchema.parse({
      run_id: ids.run ?? `run-${name}`,
      stage: 'training',
      dataset: { id: 'transactions-2026-10', sha256: digestOf('dataset') },
      model: { id: `fraud-${name}`, sha256: ids.model ?? digestOf(`model ${name}`) },
      image_digest: `sha256:${digestOf('image')}`,
      commit_sha: ids.commit ?? digestOf(`commit ${name}`).slice(0, 40),
      principal: this.principal,
      timestamp: new Date().toISOString(),
      model_card: { sha256: digestOf(`card ${name}`) },
      parameters: { trees: 400, depth: 8, learning_rate: 0.05, objective: 'binary:logistic', seed: 20261121 },
      metrics: { auc: 0.9731, precision: 0.912, recall: 0.884, log_loss: 0.1127, rows: 2_400_000 },
      inputs: [
        {
          name: 'features.parquet',
          sha256: digestOf(`features ${name}`),
          media_type: 'application/vnd.apache.parquet',
        },
      ],
      environment: 'experimental',
      job: {
        command: ['python', 'train.py', '--config', 'configs/fraud.yaml', '--output', 'model/'],
        exit_code: 0,
        started_at: '2026-11-21T08:00:00Z',
        finished_at: '2026-11-21T08:41:12Z',
      },
    });
    return this.sign(manifest);
  }

  /** Any manifest as a Sigstore bundle. */
  sign(manifest: Manifest): Buffer {
    const statement = statementJson(manifestSubjects(manifest), Predicate.manifest, manifest);
    return this.#bundle(canonicalBytes(JSON.parse(JSON.stringify(statement))));
  }

  /** That the tests of a policy bundle passed. */
  testResult(bundle: string): Buffer {
    const digest = { sha256: bundle };
    const result = { result: 'PASSED', configuration: [{ name: 'opa test', digest }] };
    return this.#bundle(
      canonicalBytes(statementJson([{ name: 'bundle.tar.gz', digest }], Predicate.testResult, result)),
    );
  }

  /** The same statement with a new signature: other bytes, the same evidence. ECDSA signatures are never twice the same. */
  twin(bundle: Buffer): Buffer {
    const { dsseEnvelope }: { dsseEnvelope: { payload: string } } = JSON.parse(bundle.toString('utf8'));
    return this.#bundle(Buffer.from(dsseEnvelope.payload, 'base64'));
  }

  #bundle(payload: Buffer): Buffer {
    const signature = sign('sha256', preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload), this.#privateKey);
    return bundleBytes(payload, signature, this.publicKey.keyid);
  }
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
