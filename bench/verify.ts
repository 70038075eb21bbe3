import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { parseBundle } from '../lib/core/bundle.ts';
import { preAuthEncoding } from '../lib/core/dsse.ts';
import { parseStrictJson } from '../lib/core/json.ts';
import { verifySignature } from '../lib/core/keys.ts';
import { findSigner, type Principal } from '../lib/core/registry.ts';
import { parseSubmission } from '../lib/core/submission.ts';
import { type Figure, figure } from './figure.ts';
import { Producer } from './producer.ts';
import { median } from './statistics.ts';

const WARM_UP = 2000;
const ROUNDS = 10;
const PER_ROUND = 500;

/**
 * From the bytes of a bundle to a verified signature, by us and by the reference implementation, in turn and in one process.
 * What the intake does beyond that before it writes (it reads the statement and the manifest) is reported beside it: the
 * reference implementation hands the payload on unread.
 */
export async function verify(): Promise<readonly Figure[]> {
  const producer = new Producer('training-pipeline');
  const bytes = producer.manifest('verify');
  const bundle = async (): Promise<void> => {
    const { payloadType, payload, signature } = parseBundle(parseStrictJson(bytes));
    const verdict = verifySignature(producer.publicKey, preAuthEncoding(payloadType, payload), signature);
    if (verdict !== 'valid') throw new Error(`the signature is ${verdict}`);
  };
  const principal = principalOf(producer);
  const submission = async (): Promise<void> => {
    const { signature } = await parseSubmission(bytes, 'manifests');
    if (!signature || !findSigner(principal, signature)) throw new Error('the signature was not recognised');
  };
  const verifier = new Verifier(
    toTrustMaterial(NO_AUTHORITIES, () => ({ publicKey: producer.publicKey.key, validFor: () => true })),
    { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
  );
  const reference = async (): Promise<void> => {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(bytes.toString('utf8')))));
  };

  const contestants = [bundle, submission, reference];
  for (const contestant of contestants) await timed(contestant, WARM_UP);
  const samples = contestants.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) {
      samples[index]?.push(...(await timed(contestant, PER_ROUND)));
    }
  }
  const [ofBundle = 0, ofSubmission = 0, ofReference = 0] = samples.map(median);
  const against = { name: '@sigstore/verify', value: ofReference };
  return [
    figure('verify-p50', ofBundle, 'ms', { against, target: { of: 'ratio', bound: '<=', limit: 1.2 } }),
    figure('verify-and-read-p50', ofSubmission, 'ms', { against }),
  ];
}

const NO_AUTHORITIES = { mediaType: '', tlogs: [], ctlogs: [], timestampAuthorities: [], certificateAuthorities: [] };

async function timed(work: () => Promise<void>, times: number): Promise<number[]> {
  const samples: number[] = [];
  for (let done = 0; done < times; done++) {
    const from = performance.now();
    await work();
    samples.push(performance.now() - from);
  }
  return samples;
}

function principalOf({ principal, publicKey }: Producer): Principal {
  const key = {
    keyid: publicKey.keyid,
    public_key: publicKey.pem,
    algorithm: publicKey.algorithm,
    principal,
    role: 'producer',
    stages: ['training'],
    predicate_types: [],
    scai_attributes: [],
    not_before: '2026-01-01T00:00:00.000Z',
    not_after: '2100-01-01T00:00:00.000Z',
    revision: 1,
    registered_at: '2026-01-01T00:00:00.000Z',
  };
  const role = { unique_id: 'AROAEXAMPLE', arn: 'arn:aws:iam::111122223333:role/training', account: '111122223333' };
  return { name: principal, ...role, revision: 1, keys: [key] };
}
