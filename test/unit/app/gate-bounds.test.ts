import { beforeEach, describe, expect, it } from 'vitest';
import { collectInput } from '../../../lib/app/gate/collect.ts';
import { revokeKey } from '../../../lib/app/manage-registry.ts';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { lookup } from '../../../lib/core/layout.ts';
import { ADMIN, type ControlPlane, caller, controlPlane, enrol } from '../../support/control-plane.ts';
import { NO_FACTS } from '../../support/gates.ts';
import { newKey, type TestKey } from '../../support/keys.ts';
import { aScan, aStatement, digestOf, PIPELINE, signedStatement } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';
import { stages } from '../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let scanners: Readonly<Record<'scanner' | 'other', TestKey>>;
let training: string;
beforeEach(async () => {
  plane = await controlPlane();
  scanners = { scanner: newKey(), other: newKey() };
  for (const [name, key] of Object.entries(scanners)) {
    await enrol(plane, name, key, { predicate_types: [Predicate.vulns] });
  }
  training = await post();
});

const { post } = stages(() => plane);

async function scan(by: keyof typeof scanners = 'scanner', uri = 'pkg:golang/scanner@1'): Promise<string> {
  plane.clock.advance(1000);
  const statement = aScan({ uri, at: plane.clock.now().toISOString() });
  return (await plane.submit(signedStatement(statement, scanners[by]), 'attestations', caller(by))).record.sha256;
}

const collect = async (asOf?: Date) => {
  const question = { model: digestOf('classifier'), environment: 'production', phase: 'request' } as const;
  const asked = { ...question, imageDigest: undefined, endpoint: undefined, requester: PIPELINE };
  const { attestations, superseded } = await collectInput(
    { ledger: plane.ledger, registry: plane.registry, store: plane.bucket, facts: NO_FACTS, log: plane.submitDeps.log },
    { ...asked, now: asOf ?? plane.clock.now(), asOf: asOf !== undefined },
    undefined,
  );
  return { seen: attestations.map(({ evidence }) => evidence), superseded };
};

describe('of scans, the facts of a gate', () => {
  it('hold the newest of each signer with each scanner, and count the others', async () => {
    await scan();
    await scan();
    const others = [await scan('other'), await scan('scanner', 'pkg:golang/second@1')];
    const newest = await scan();
    expect(await collect()).toEqual({ seen: [training, ...others, newest], superseded: 2 });
  });

  it('hold the newest of the instant that is judged', async () => {
    const first = await scan();
    const then = plane.clock.now();
    await scan();
    expect(await collect(then)).toEqual({ seen: [training, first], superseded: 0 });
  });

  it.each<[string, (newest: string) => unknown]>([
    [
      'has other bytes than were countersigned',
      (newest) => {
        const record = plane.ledger.records.get(newest);
        if (record) plane.ledger.records.set(newest, { ...record, inline: Buffer.from('{}') });
      },
    ],
    ['is gone', (newest) => plane.ledger.records.delete(newest)],
    [
      'was signed by a stolen key',
      async () => {
        const change = { reason: 'stolen', effective_at: '2026-01-01T00:00:00.000Z' };
        await revokeKey(plane.registryDeps, scanners.scanner.keyid, change, ADMIN);
      },
    ],
  ])('hold the earlier ones too where the newest %s', async (_, spoil) => {
    const earlier = [await scan(), await scan()];
    const newest = await scan();
    await spoil(newest);
    const { seen, superseded } = await collect();
    expect(seen).toEqual(expect.arrayContaining([training, ...earlier]));
    expect(superseded).toBe(0);
  });

  it('hold the earlier ones too where only the index says that the same signer made a newer one', async () => {
    const earlier = await scan();
    const newest = await scan('other');
    const partition = plane.ledger.entries.get(lookup.digest(digestOf('image')));
    for (const [sk, entry] of partition ?? []) partition?.set(sk, { ...entry, principal: 'scanner' });
    expect(await collect()).toEqual({ seen: [training, earlier, newest], superseded: 0 });
  });
});

describe('the bounds of a gate', () => {
  it('refuse evidence of more bytes than facts may have, before it is parsed', async () => {
    // Nothing that comes after the sizes would get along with these bytes.
    const record = plane.ledger.records.get(training);
    if (record) plane.ledger.records.set(training, { ...record, size: 8 * 1024 * 1024 });
    expect((await collect()).seen).toEqual([training]);
    if (record) plane.ledger.records.set(training, { ...record, size: 8 * 1024 * 1024 + 1 });
    await expect(collect()).rejects.toThrow(refusal('GATE_INPUT_TOO_LARGE'));
  });
});

describe('of thresholds, the facts of a gate', () => {
  it('hold all that were fixed for models of the name, though no result speaks of them', async () => {
    const owner = newKey();
    await enrol(plane, 'owner', owner, {
      predicate_types: [Predicate.scai],
      scai_attributes: ['EVALUATION_THRESHOLDS'],
    });
    const fix = async (name: string) => {
      plane.clock.advance(1000);
      const sha256 = digestOf(`thresholds of ${name} at ${plane.clock.now().toISOString()}`);
      const target = { digest: { sha256 }, annotations: { 'countersign.dev/model': name } };
      const statement = aStatement({
        subject: [{ name: 'thresholds.json', digest: { sha256 } }],
        predicateType: Predicate.scai,
        predicate: { attributes: [{ attribute: 'EVALUATION_THRESHOLDS', target, conditions: {} }] },
      });
      return (await plane.submit(signedStatement(statement, owner), 'attestations', caller('owner'))).record.sha256;
    };
    const fixed = [await fix('classifier'), await fix('classifier')];
    await fix('another');
    expect((await collect()).seen).toEqual([training, ...fixed]);
  });
});
