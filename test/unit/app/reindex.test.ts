import { beforeEach, describe, expect, it } from 'vitest';
import { countersign } from '../../../lib/app/countersign.ts';
import { askGate } from '../../../lib/app/gate/ask.ts';
import { placeHold, releaseHold } from '../../../lib/app/hold-evidence.ts';
import { activateEvidenceKey, registerKey, revokeKey } from '../../../lib/app/manage-registry.ts';
import { putArtifact } from '../../../lib/app/put-artifact.ts';
import { type Archive, reindex } from '../../../lib/app/reindex.ts';
import { receiptPayload } from '../../../lib/core/countersigned.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { parseReceipt, type Receipt } from '../../../lib/core/receipt.ts';
import { PutArtifactSchema } from '../../../lib/core/requests.ts';
import { parseStatement } from '../../../lib/core/statement.ts';
import { objectsUnder } from '../../support/check-ledger.ts';
import { DAY } from '../../support/clock.ts';
import {
  ADMIN,
  type ControlPlane,
  caller,
  controlPlane,
  enrol,
  type KeyWishes,
  keyRequest,
} from '../../support/control-plane.ts';
import { newKey, type TestKey } from '../../support/keys.ts';
import { aManifest, bytesOf, digestOf, PIPELINE, signedBundle, signedPlain } from '../../support/manifests.ts';
import { Crash } from '../../support/memory/steps.ts';
import { MemoryTables } from '../../support/memory/tables.ts';
import { refusal } from '../../support/refusals.ts';

let plane: ControlPlane & { readonly key: TestKey };
let tables: MemoryTables;
beforeEach(async () => {
  plane = await controlPlane({ unsignedStages: ['ingest'] });
  tables = new MemoryTables();
});

const uniqueId = caller(PIPELINE).uniqueId;

/** Rebuilds `tables`, and tells what was left out and remarked, by object. */
async function rebuild(archive: Archive = plane.bucket) {
  const skipped: Record<string, string> = {};
  const remarks: Record<string, string> = {};
  const report = await reindex({
    archive,
    tables,
    skipped: (key, reason) => {
      skipped[key] = reason;
    },
    remarked: (key, remark) => {
      remarks[key] = remark;
    },
    progress: () => {},
  });
  expect(report).toMatchObject({ skipped: Object.keys(skipped).length, remarks: Object.keys(remarks).length });
  return { report, skipped, remarks };
}

/** What the live tables would be, made from nothing but what they hold. */
function live(): ReadonlyMap<string, unknown> {
  const { ledger, registry } = plane;
  return new Map<string, unknown>([
    ...[...ledger.records.values()].map((record): [string, unknown] => [
      `${record.kind === 'artifact' ? 'artifact' : 'evidence'} ${record.sha256}`,
      record,
    ]),
    ...[...ledger.statements].map(([identity, evidence]): [string, unknown] => [`statement ${identity}`, evidence]),
    ...[...ledger.entries.values()].flatMap((partition) =>
      [...partition.values()].map((entry): [string, unknown] => [`${entry.pk} ${entry.sk}`, entry]),
    ),
    ...[...registry.principals.values()].flatMap((principal): [string, unknown][] => [
      [`caller ${principal.unique_id}`, principal],
      [`principal ${principal.name}`, principal.unique_id],
    ]),
  ]);
}

/** Holds every item of the rebuilt tables against the live ones. */
async function expectRebuilt(): Promise<void> {
  const rest = new Map([...tables.items].map(([name, { value }]) => [name, value]));
  for (const [name, value] of live()) {
    expect(rest.get(name), name).toEqual(value);
    rest.delete(name);
  }
  // What only the ports of the live tables tell.
  for (const [name, value] of rest) {
    const [kind, id = '', at = ''] = name.split(' ');
    if (kind === 'key') expect(await plane.registry.keyAt(id, new Date(at))).toMatchObject({ keyid: id });
    else if (kind === 'owner') expect(await plane.registry.keyOwner(id)).toBe(value);
    else if (kind === 'hold') expect(await plane.holdDeps.holds.findHold(id)).toEqual(value);
    else if (name === 'evidence-key') expect(await plane.registry.evidenceKey()).toEqual(value);
    else if (kind === 'evidence-key') expect(await plane.registry.evidenceKeys()).toContainEqual(value);
    else throw new Error(`${name} is not in the live tables`);
  }
}

const widen = (revision: number, wishes: KeyWishes = {}) =>
  registerKey(plane.registryDeps, keyRequest(plane.key, PIPELINE, { role: 'trainer', ...wishes, revision }), ADMIN);
const revoke = (key = plane.key) => revokeKey(plane.registryDeps, key.keyid, { reason: 'stolen' }, ADMIN);
const post = (changes: Parameters<typeof aManifest>[0] = {}) =>
  plane.submit(signedBundle(aManifest(changes), plane.key));

/** A gate that looks at nothing: the rate chooses no run. */
async function leaveUnchecked(): Promise<void> {
  const nothing = async () => ({ known: true, items: [] }) as const;
  const asked = { model: digestOf('classifier'), environment: 'staging', phase: 'request', at: undefined } as const;
  const { kind } = await askGate(
    {
      ...plane.submitDeps,
      ledger: plane.ledger,
      facts: { waivers: nothing, findings: nothing, approvals: nothing, releases: nothing },
      policies: { inForce: () => Promise.reject(new Error('no policy is asked')) },
      sampling: { experimental: 0, staging: 0 },
    },
    { ...asked, imageDigest: undefined, endpoint: undefined, releaseCandidate: false },
    caller(PIPELINE),
  );
  expect(kind).toBe('skipped');
}

/** A deployment in which everything happened once. */
async function everything() {
  const first = await post();
  plane.clock.advance(DAY);
  await widen(1);
  await plane.submit(signedPlain(aManifest({ run_id: 'run-2', timestamp: '2026-02-22T12:00:00Z' }), plane.key));
  await plane.submit(bytesOf(aManifest({ stage: 'ingest', model: undefined })));
  const bytes = Buffer.from('an artifact');
  const request = PutArtifactSchema.parse({ sha256: sha256Hex(bytes), size: bytes.length });
  plane.bucket.upload(request.sha256, bytes, {
    contentType: request.media_type,
    retainUntil: new Date('2027-01-01'),
  });
  await putArtifact(plane.artifactDeps, request, caller(PIPELINE));
  const hold = { sha256: first.record.sha256, reason: 'litigation 7' };
  await placeHold(plane.holdDeps, hold, ADMIN);
  await releaseHold(plane.holdDeps, hold, ADMIN);
  await leaveUnchecked();
  // Two admins at once: one of their signatures is lost, and noted.
  const requests = [keyRequest(newKey(), PIPELINE), keyRequest(newKey(), PIPELINE)];
  await Promise.allSettled(requests.map((key) => registerKey(plane.registryDeps, key, ADMIN)));
  plane.signer.key = newKey();
  await activateEvidenceKey(plane.registryDeps, ADMIN);
  plane.restart();
  await post({ run_id: 'run-3' });
  plane.clock.advance(1);
  await revoke();
  return first;
}

describe('reindex', () => {
  it('makes every item again, from the bucket alone', async () => {
    await everything();
    const { report, skipped, remarks } = await rebuild();
    expect({ skipped, remarks }).toEqual({ skipped: {}, remarks: {} });
    expect(report).toEqual({
      events: 9,
      attestations: 4,
      artifacts: 1,
      decisions: 0,
      skips: 1,
      approvals: 0,
      releases: 0,
      skipped: 0,
      remarks: 0,
    });
    await expectRebuilt();
  });

  it('run again changes nothing', async () => {
    await everything();
    await rebuild();
    const before = structuredClone(tables.items);
    expect((await rebuild()).remarks).toEqual({});
    expect(tables.items).toEqual(before);
  });

  it.each([0, 1, 5, 17, 40])('that died after %d writes is completed by the next run', async (writes) => {
    await everything();
    tables.crashAfter = writes;
    await expect(rebuild()).rejects.toThrow(Crash);
    expect(tables.items.size).toBeLessThanOrEqual(writes);
    tables.crashAfter = Number.POSITIVE_INFINITY;
    expect((await rebuild()).skipped).toEqual({});
    await expectRebuilt();
  });

  it('leaves what is newer, and replaces and names what says otherwise', async () => {
    const { record } = await post();
    const [newer, tampered] = [`caller ${uniqueId}`, `evidence ${record.sha256}`];
    tables.items.set(newer, { value: 'a later state', revision: 99 });
    tables.items.set(tampered, { value: { ...record, principal: 'mallory' } });
    const { remarks } = await rebuild();
    expect(remarks).toEqual({ [`receipts/${record.sha256}.sigstore.json`]: expect.stringContaining(tampered) });
    expect(tables.current(newer)).toBe('a later state');
    expect(tables.current(tampered)).toEqual(plane.ledger.records.get(record.sha256));
  });

  it('finds what delete markers hide, and names it', async () => {
    await everything();
    const hidden = [...plane.bucket.objects.keys()].filter((key) => !key.includes('/lost/'));
    for (const key of hidden) plane.bucket.deleteMarkers.set(key, 1);
    const { skipped, remarks } = await rebuild();
    expect(skipped).toEqual({});
    expect(Object.keys(remarks).toSorted()).toEqual(hidden.toSorted());
    expect(new Set(Object.values(remarks))).toEqual(new Set(['1 delete markers lie over it']));
    await expectRebuilt();
  });

  it('stops when the bucket cannot be read, rather than leave out what is there', async () => {
    await post();
    const read: Archive['read'] = async (key, versionId) => {
      if (key.startsWith('receipts/')) throw new DomainError('DEPENDENCY_UNAVAILABLE', 'S3 is unavailable');
      return await plane.bucket.read(key, versionId);
    };
    const archive = { list: (prefix: string) => plane.bucket.list(prefix), read };
    await expect(rebuild(archive)).rejects.toThrow(refusal('DEPENDENCY_UNAVAILABLE'));
  });
});

describe('a stream of events with a gap', () => {
  it('is not believed at all: neither its principal, nor what its keys signed', async () => {
    const { record } = await post();
    await enrol(plane, 'other', newKey());
    await widen(1);
    await revoke();
    const stream = objectsUnder(plane, `events/principal/${uniqueId}/`);
    expect(stream).toHaveLength(4);
    plane.bucket.objects.delete(stream[2] ?? '');
    const { skipped } = await rebuild();
    const left = stream.filter((_, i) => i !== 2);
    expect(Object.keys(skipped).toSorted()).toEqual([...left, `receipts/${record.sha256}.sigstore.json`].toSorted());
    for (const key of left) expect(skipped[key]).toContain(`event 3 of principal/${uniqueId} is missing`);
    expect(tables.current(`caller ${uniqueId}`)).toBeUndefined();
    expect(tables.current('principal other')).toBe(caller('other').uniqueId);
  });
});

describe('what somebody else left in the bucket', () => {
  const leave = (key: string, bytes: Buffer) =>
    plane.bucket.place(key, bytes, { contentType: 'x', retainUntil: new Date('2036-01-01') });
  const mallory = newKey();

  it.each<[what: string, key: string, bytes: () => Buffer]>([
    [
      'a receipt that another key signed',
      `receipts/${digestOf('x')}.sigstore.json`,
      () => signedBundle(aManifest(), mallory),
    ],
    ['a receipt under the name of other evidence', `receipts/${digestOf('x')}.sigstore.json`, aReceipt],
    [
      'an event that another key signed',
      'events/principal/AROAX/000001.sigstore.json',
      () => signedBundle(aManifest(), mallory),
    ],
    ['an event under another number', `events/principal/${uniqueId}/000003.sigstore.json`, anEvent],
    ['bytes that are no key', `keys/${mallory.keyid}.pem`, () => Buffer.from('no key')],
    ['a key under the name of another', `keys/${digestOf('x')}.pem`, () => Buffer.from(mallory.pem)],
  ])('%s is left out and named, and nothing else is lost', async (_, key, bytes) => {
    await post();
    leave(key, bytes());
    const { skipped } = await rebuild();
    expect(Object.keys(skipped)).toEqual([key]);
    await expectRebuilt();
  });

  function aReceipt(): Buffer {
    const [name = ''] = objectsUnder(plane, 'receipts/');
    return plane.bucket.objects.get(name)?.bytes ?? Buffer.alloc(0);
  }

  function anEvent(): Buffer {
    const [name = ''] = objectsUnder(plane, `events/principal/${uniqueId}/`);
    return plane.bucket.objects.get(name)?.bytes ?? Buffer.alloc(0);
  }
});

describe('a receipt that does not agree with the registry as it was', () => {
  /** Puts another receipt in the place of the first, signed by the evidence key itself. */
  async function reissue(sha256: string, change: (receipt: Receipt) => Receipt): Promise<string> {
    const name = `receipts/${sha256}.sigstore.json`;
    const object = plane.bucket.objects.get(name);
    const evidenceKey = await plane.registry.evidenceKey();
    if (!object || !evidenceKey) throw new Error('there is nothing to reissue');
    const { dsseEnvelope } = JSON.parse(object.bytes.toString());
    const statement = parseStatement(JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString()));
    const signed = await countersign(plane.submitDeps, receiptPayload(change(parseReceipt(statement))), evidenceKey);
    plane.bucket.objects.set(name, { ...object, bytes: signed.bytes });
    return name;
  }

  const keyed = (receipt: Receipt, changes: Partial<NonNullable<Receipt['verified_key']>>): Receipt => ({
    ...receipt,
    verified_key: receipt.verified_key && { ...receipt.verified_key, ...changes },
  });

  it.each<[name: string, change: (receipt: Receipt) => Receipt, says: RegExp]>([
    ['names a revision that was never recorded', (r) => keyed(r, { revision: 7 }), /revision 7 .* not on record/],
    ['names a revision of later', (r) => keyed(r, { revision: 2 }), /revision 2 .* not on record/],
    [
      'was received before its key was registered',
      (r) => ({ ...r, received_at: '2026-02-20T00:00:00.000Z' }),
      /revision 1 .* not on record/,
    ],
    [
      'was received after its key expired',
      (r) => ({ ...r, received_at: '2036-01-01T00:00:00.000Z' }),
      /revoked|expired/,
    ],
    [
      'names a principal that the key is not of',
      (r) => ({ ...r, principal: { ...r.principal, name: 'other' } }),
      /registered for training-pipeline/,
    ],
    ['says that nobody signed', (r) => ({ ...r, verified_key: null, flags: ['unsigned'] }), /another statement/],
    ['names another object', (r) => ({ ...r, storage: { ...r.storage, key: 'attestations/x' } }), /./],
    ['names other bytes', (r) => ({ ...r, evidence: { ...r.evidence, sha256: digestOf('x') } }), /other evidence/],
  ])('%s: it is left out and named', async (_, change, says) => {
    const { record } = await post();
    plane.clock.advance(DAY);
    await widen(1);
    const name = await reissue(record.sha256, change);
    expect((await rebuild()).skipped).toEqual({ [name]: expect.stringMatching(says) });
    expect(tables.current(`evidence ${record.sha256}`)).toBeUndefined();
  });

  it('names a revision that had no authority for it: it is left out and named', async () => {
    await enrol(plane, 'other', newKey());
    const key = newKey();
    const wishes: KeyWishes = { stages: ['ingest'] };
    await registerKey(plane.registryDeps, keyRequest(key, PIPELINE, wishes), ADMIN);
    await registerKey(plane.registryDeps, keyRequest(key, PIPELINE, { revision: 1 }), ADMIN);
    plane.restart();
    const { record } = await plane.submit(signedBundle(aManifest(), key));
    const name = await reissue(record.sha256, (receipt) => keyed(receipt, { revision: 1 }));
    expect((await rebuild()).skipped).toEqual({
      [name]: expect.stringContaining('may not sign for the stage training'),
    });
  });
});

describe('a key that changed while evidence was received', () => {
  it('and still allows it: the evidence is indexed as it was accepted, by the revision that intake knew', async () => {
    plane.steps.before('commit', () => widen(1));
    const { record } = await post();
    expect(record.key_revision).toBe(1);
    expect((await rebuild()).skipped).toEqual({});
    await expectRebuilt();
  });

  it('and was revoked: what was refused at its commit is not indexed from its receipt', async () => {
    plane.steps.before('commit', () => revoke());
    await expect(post()).rejects.toThrow(refusal('KEY_REVOKED'));
    const [receipt = ''] = objectsUnder(plane, 'receipts/');
    expect((await rebuild()).skipped).toEqual({ [receipt]: expect.stringContaining('was revoked') });
    await expectRebuilt();
  });

  it.each([
    ['widened', () => widen(1), []],
    ['revoked', () => revoke(), [expect.stringContaining('was revoked')]],
  ])(
    'and was %s by an event that waits for its commit: the event counts from its own time',
    async (_, change, left) => {
      plane.steps.crashAt('apply', 'lost');
      await expect(change()).rejects.toThrow(Crash);
      plane.clock.advance(DAY);
      await post();
      expect(Object.values((await rebuild()).skipped)).toEqual(left);
    },
  );
});
