import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { findSigner, type Principal } from '../lib/core/registry.ts';
import { parseSubmission } from '../lib/core/submission.ts';
import { type Figure, figure } from './figure.ts';
import { Producer } from './producer.ts';
import { median } from './statistics.ts';

const WARM_UP = 2000;
const ROUNDS = 10;
const PER_ROUND = 500;

/** From bytes to a verified signature, by us and by the reference implementation, in turn and in one process. */
export async function verify(): Promise<readonly Figure[]> {
  const producer = new Producer('training-pipeline');
  const bytes = producer.manifest('verify');
  const ours = async (): Promise<void> => {
    const { signature } = await parseSubmission(bytes, 'manifests');
    if (!signature || !findSigner(principal, signature)) throw new Error('the signature was not recognised');
  };
  const principal = principalOf(producer);
  const verifier = new Verifier(
    toTrustMaterial(NO_AUTHORITIES, () => ({ publicKey: producer.publicKey.key, validFor: () => true })),
    { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
  );
  const theirs = async (): Promise<void> => {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(bytes.toString('utf8')))));
  };

  await timed(ours, WARM_UP);
  await timed(theirs, WARM_UP);
  const [own, reference]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    own.push(...(await timed(ours, PER_ROUND)));
    reference.push(...(await timed(theirs, PER_ROUND)));
  }
  return [
    figure('verify-p50', median(own), 'ms', {
      against: { name: '@sigstore/verify', value: median(reference) },
      target: { of: 'ratio', bound: '<=', limit: 1.2 },
    }),
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
