import { beforeEach, describe, expect, it } from 'vitest';
import { resumableSha256 } from '../../../lib/adapters/hash/resumable-sha256.ts';
import { registerKey } from '../../../lib/app/manage-registry.ts';
import type { StagingStore } from '../../../lib/app/ports.ts';
import {
  type ArtifactDeps,
  type ArtifactOutcome,
  completeUpload,
  partSize,
  presignParts,
  putArtifact,
  type VerifyJob,
} from '../../../lib/app/put-artifact.ts';
import { type VerifyDeps, verifyArtifact } from '../../../lib/app/verify-artifact.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { CompleteSchema, PartsSchema, PutArtifactSchema } from '../../../lib/core/requests.ts';
import { checkLedger, lostSignatures, objectsUnder, submitted } from '../../support/check-ledger.ts';
import { DAY } from '../../support/clock.ts';
import { ADMIN, type ControlPlane, caller, controlPlane, enrol, keyRequest } from '../../support/control-plane.ts';
import { newKey } from '../../support/keys.ts';
import { aManifest, PIPELINE, signedBundle } from '../../support/manifests.ts';
import { Crash, type Fate, type Step } from '../../support/memory/steps.ts';
import { refusal } from '../../support/refusals.ts';

const CALLER = caller(PIPELINE);
const small = Buffer.from('a report');
const large = Buffer.alloc(10_000, 'model ');

let plane: ControlPlane;
beforeEach(async () => {
  plane = await controlPlane();
});

const request = (bytes: Buffer, changes: object = {}) =>
  PutArtifactSchema.parse({ sha256: sha256Hex(bytes), size: bytes.length, media_type: 'text/plain', ...changes });
const put = (bytes: Buffer, by = CALLER): Promise<ArtifactOutcome> =>
  putArtifact(plane.artifactDeps, request(bytes), by);
const uploadedBy = (bytes: Buffer): boolean =>
  plane.bucket.upload(sha256Hex(bytes), bytes, {
    contentType: 'text/plain',
    retainUntil: new Date('2026-03-23T12:34:56Z'),
  });

describe('an artifact that one PUT can carry', () => {
  it('is unverified until it lies there, and evidence with the next call', async () => {
    expect(await put(small)).toMatchObject({
      status: 'unverified',
      put: { url: `memory:artifacts/sha256/${sha256Hex(small).slice(0, 2)}/${sha256Hex(small)}` },
    });
    expect(await plane.ledger.find(sha256Hex(small))).toBeUndefined();
    expect(uploadedBy(small)).toBe(true);
    const stored = await put(small);
    expect(stored).toMatchObject({
      status: 'verified',
      created: true,
      record: { kind: 'artifact', form: 'artifact', size: 8, media_type: 'text/plain' },
    });
    expect(await put(small)).toMatchObject({ status: 'verified', created: false });
    expect(submitted(plane)).toHaveLength(1);
    checkLedger(plane);
  });

  it('is found under its digest', async () => {
    uploadedBy(small);
    await put(small);
    const { items } = await plane.ledger.list(`digest#${sha256Hex(small)}`, { limit: 10 });
    expect(items).toMatchObject([{ evidence: sha256Hex(small), part: 'mention' }]);
  });

  it('asks again for its upload as long as nothing lies there', async () => {
    await put(small);
    expect(await put(small)).toMatchObject({ status: 'unverified' });
    expect(objectsUnder(plane, 'receipts/')).toEqual([]);
  });

  it('is refused from a caller that is not registered', async () => {
    await expect(put(small, caller('nobody'))).rejects.toThrow(refusal('PRINCIPAL_UNKNOWN'));
  });

  it('is not countersigned when other bytes lie under its digest', async () => {
    const sha256 = sha256Hex(small);
    plane.bucket.place(`artifacts/sha256/${sha256.slice(0, 2)}/${sha256}`, Buffer.from('other bytes'), {
      contentType: 'text/plain',
      retainUntil: new Date('2027-01-01'),
    });
    await expect(put(small)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
    expect(submitted(plane)).toEqual([]);
  });

  it('is not believed when S3 has no digest of the whole object: the verifier has to tell', async () => {
    const sha256 = sha256Hex(small);
    const options = { contentType: 'text/plain', retainUntil: new Date('2027-01-01') };
    plane.bucket.place(`artifacts/sha256/${sha256.slice(0, 2)}/${sha256}`, small, options, false);
    expect(await put(small)).toMatchObject({ status: 'unverified', multipart: { sha256 } });
    expect(submitted(plane)).toEqual([]);
  });

  it.each<[Step, Fate]>([
    ['sign', 'lost'],
    ['sign', 'done'],
    ['put-receipt', 'lost'],
    ['put-receipt', 'done'],
    ['commit', 'lost'],
    ['commit', 'done'],
  ])('is completed by the same call after a crash at %s (%s)', async (step, fate) => {
    uploadedBy(small);
    plane.steps.crashAt(step, fate);
    await expect(put(small)).rejects.toThrow(Crash);
    checkLedger(plane);
    plane.restart();
    expect(await put(small)).toMatchObject({ status: 'verified', created: !(step === 'commit' && fate === 'done') });
    expect([submitted(plane).length, objectsUnder(plane, 'receipts/').length]).toEqual([1, 1]);
    checkLedger(plane);
  });

  it('asked for by many at once is one evidence with one receipt', async () => {
    uploadedBy(small);
    const answers = await Promise.all(Array.from({ length: 50 }, () => put(small)));
    expect(answers.filter((answer) => answer.status === 'verified' && answer.created)).toHaveLength(1);
    expect(new Set(answers.map((answer) => answer.status === 'verified' && answer.record.receipt)).size).toBe(1);
    expect(objectsUnder(plane, 'receipts/').length - lostSignatures(plane).length).toBe(1);
    checkLedger(plane);
  });

  it('is stored on what is registered now when the registration changed under it', async () => {
    uploadedBy(small);
    plane.steps.before('commit', () => registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN));
    expect(await put(small)).toMatchObject({ status: 'verified', created: true });
    checkLedger(plane);
  });

  it('is to be sent again when the registration keeps changing', async () => {
    uploadedBy(small);
    const change = () => registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN);
    plane.steps.before('commit', async () => {
      await change();
      plane.steps.before('commit', change);
    });
    await expect(put(small)).rejects.toThrow(refusal('REVISION_CONFLICT'));
    expect(await put(small)).toMatchObject({ status: 'verified', created: true });
    checkLedger(plane);
  });
});

describe('an artifact that is evidence already', () => {
  const lockOf = (key: string): Date | undefined => plane.bucket.objects.get(key)?.retainUntil;
  const object = `artifacts/sha256/${sha256Hex(small).slice(0, 2)}/${sha256Hex(small)}`;
  const receipt = `receipts/artifacts/${sha256Hex(small)}.sigstore.json`;
  const keep = (environment: string, by = CALLER): Promise<ArtifactOutcome> =>
    putArtifact(plane.artifactDeps, request(small, { environment }), by);
  const inDays = (days: number): Date => new Date(plane.clock.now().getTime() + days * DAY);

  beforeEach(async () => {
    await enrol(plane, 'release', newKey());
    uploadedBy(small);
    await keep('experimental');
  });

  it('is kept for longer when that is asked for, receipt and all, and stays evidence of who stored it first', async () => {
    const lockedUntil = inDays(3650);
    expect(await keep('production', caller('release'))).toMatchObject({
      status: 'verified',
      created: false,
      record: { principal: PIPELINE, environment: 'experimental' },
      lockedUntil,
    });
    expect([lockOf(object), lockOf(receipt)]).toEqual([lockedUntil, lockedUntil]);
    checkLedger(plane);
  });

  it('is not kept for shorter, and says what holds', async () => {
    await keep('production');
    const held = inDays(3650);
    plane.clock.advance(DAY);
    expect(await keep('staging')).toMatchObject({ created: false, lockedUntil: held });
    expect([lockOf(object), lockOf(receipt)]).toEqual([held, held]);
  });

  it('is kept for the longest that many ask for at once', async () => {
    const wishes = ['staging', 'production', 'experimental', 'staging', 'production'];
    const answers = await Promise.all(wishes.map(async (environment) => await keep(environment)));
    expect(answers.map((answer) => answer.status)).toEqual(wishes.map(() => 'verified'));
    expect([lockOf(object), lockOf(receipt)]).toEqual([inDays(3650), inDays(3650)]);
  });

  it.each<Fate>(['lost', 'done'])(
    'is kept for longer by the same call after a crash (%s) between its locks',
    async (fate) => {
      plane.steps.crashAt('extend-retention', fate);
      await expect(keep('production')).rejects.toThrow(Crash);
      expect(await keep('production')).toMatchObject({ lockedUntil: inDays(3650) });
      expect([lockOf(object), lockOf(receipt)]).toEqual([inDays(3650), inDays(3650)]);
    },
  );

  it('is kept for longer by registered callers only', async () => {
    await expect(keep('production', caller('nobody'))).rejects.toThrow(refusal('PRINCIPAL_UNKNOWN'));
    expect(lockOf(object)).toEqual(inDays(30));
  });
});

it('an artifact that two adopt at once with different wishes is one evidence, kept for the longer', async () => {
  uploadedBy(small);
  const wishes = ['production', 'staging'].map((environment) => request(small, { environment }));
  const answers = await Promise.all(wishes.map((wish) => putArtifact(plane.artifactDeps, wish, CALLER)));
  expect(answers.map((answer) => answer.status === 'verified' && answer.created).toSorted()).toEqual([false, true]);
  const [stored] = objectsUnder(plane, 'artifacts/');
  expect(plane.bucket.objects.get(stored ?? '')?.retainUntil).toEqual(
    new Date(plane.clock.now().getTime() + 3650 * DAY),
  );
  checkLedger(plane);
});

describe('partSize', () => {
  it.each([
    [1, 64],
    [640_000, 64],
    [640_001, 65],
    [5 * 1024 * 1024, 525],
  ])('of %d MiB is %d MiB: at most 10,000 parts', (size, part) => {
    expect(partSize(size * 1024 * 1024)).toBe(part * 1024 * 1024);
    expect(Math.ceil((size * 1024 * 1024) / partSize(size * 1024 * 1024))).toBeLessThanOrEqual(10_000);
  });
});

/** Uploads in two parts. @returns what closes the upload */
async function uploadParts(announced: Buffer, sent: Buffer): Promise<() => Promise<ArtifactOutcome>> {
  const sha256 = sha256Hex(announced);
  const begun = await putArtifact(plane.artifactDeps, request(announced), CALLER);
  if (!('multipart' in begun)) throw new Error('one PUT was enough');
  const { id, name } = begun.multipart;
  const upload = { id, name };
  const range = PartsSchema.parse({ upload, from: 1, to: 2 });
  expect(await presignParts(plane.artifactDeps, sha256, range, CALLER)).toHaveLength(2);
  await expect(presignParts(plane.artifactDeps, sha256, range, caller('nobody'))).rejects.toThrow(
    refusal('PRINCIPAL_UNKNOWN'),
  );
  const halves = [sent.subarray(0, 4000), sent.subarray(4000)];
  const parts = halves.map((half, i) => ({ part_number: i + 1, etag: plane.staging.putPart(id, i + 1, half) }));
  const complete = CompleteSchema.parse({ upload, parts, media_type: 'application/gzip', environment: 'production' });
  return () => completeUpload(plane.artifactDeps, sha256, complete, CALLER);
}

/** Uploads, and has it verified later. */
async function stage(announced: Buffer, sent: Buffer): Promise<VerifyJob> {
  const close = await uploadParts(announced, sent);
  expect(await close()).toEqual({ status: 'unverified', verifying: sent.length });
  const job = plane.jobs.pop();
  if (!job) throw new Error('the verifier was not started');
  return job;
}

/** Runs a job as Lambda does: an event that failed is delivered again. */
async function run(
  job: VerifyJob,
  { timeLeft = 900_000, ...deps }: Partial<Omit<VerifyDeps, 'timeLeft'>> & { readonly timeLeft?: number } = {},
): Promise<string> {
  return await verifyArtifact(
    { ...plane.artifactDeps, openHash: resumableSha256, ...deps, timeLeft: () => timeLeft },
    job,
  );
}

describe('an artifact that goes through staging', () => {
  it('is hashed, copied and countersigned; what was staged is gone', async () => {
    const job = await stage(large, large);
    expect(await put(large)).toMatchObject({ status: 'unverified' });
    expect(await run(job)).toBe('verified');
    expect(await plane.ledger.findArtifact(sha256Hex(large))).toMatchObject({
      kind: 'artifact',
      size: 10_000,
      media_type: 'application/gzip',
      environment: 'production',
    });
    expect(plane.staging.objects.size).toBe(0);
    expect(await put(large)).toMatchObject({ status: 'verified', created: false });
    checkLedger(plane);
  });

  it('is refused and discarded when its bytes have another digest, and says which', async () => {
    const forged = Buffer.alloc(10_000, 'forged ');
    const job = await stage(large, forged);
    expect(await run(job)).toBe('mismatch');
    expect(await plane.artifactDeps.uploads.findUpload(job.sha256, job.name)).toMatchObject({
      state: 'mismatch',
      actual: sha256Hex(forged),
    });
    expect(objectsUnder(plane, 'artifacts/')).toEqual([]);
    expect(plane.staging.objects.size).toBe(0);
    expect(plane.logged).toContainEqual(expect.objectContaining({ event: 'artifact-mismatch' }));
    expect(await put(large)).toMatchObject({ status: 'unverified', parts: 1 });
    checkLedger(plane);
  });

  /** A run that has time for one step only, and those that it hands on to. @returns how many there were */
  async function runs(job: VerifyJob, staging: StagingStore = plane.artifactDeps.staging): Promise<number> {
    const little = { timeLeft: 1000, staging };
    let outcome = await run(job, little);
    for (let count = 1; ; count++) {
      const next = plane.jobs.pop();
      if (outcome === 'verified' && !next) return count;
      if (outcome !== 'handed-on' || !next) throw new Error(`run ${count} ended as ${outcome}`);
      // The job travels as JSON from one process to the next.
      outcome = await run(JSON.parse(JSON.stringify(next)), little);
    }
  }

  it('is hashed by runs that have little time a slice each, none of them twice', async () => {
    const job = await stage(large, large);
    const slice = 256 * 1024 * 1024;
    // Ten slices of 256 MiB, of which only the first thousand bytes are there, and are copied.
    const read: number[] = [];
    const { staging } = plane.artifactDeps;
    const stream: StagingStore['stream'] = async (upload, etag, start) => {
      read.push(start / slice);
      return await staging.stream(upload, etag, (start / slice) * 1000, (start / slice + 1) * 1000);
    };
    const copyParts: StagingStore['copyParts'] = async (upload, copy) =>
      (await staging.copyParts(upload, copy)) === undefined ? undefined : upload.size;
    const finishCopy: StagingStore['finishCopy'] = (upload, copy) =>
      staging.finishCopy({ ...upload, size: large.length }, copy);
    plane.staging.copyBytes = large.length;
    expect(await runs({ ...job, size: 10 * slice }, { ...staging, stream, copyParts, finishCopy })).toBe(12);
    expect(read).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('is copied by runs that have little time a few parts each, none of them twice', async () => {
    const job = await stage(large, large);
    plane.staging.copyBytes = 1000;
    // One run hashes, ten copy, and the last finishes and countersigns.
    expect(await runs(job)).toBe(12);
    expect(plane.steps.taken.filter((step) => step === 'copy-parts')).toHaveLength(10);
    expect(plane.steps.taken.filter((step) => step === 'begin-copy')).toHaveLength(1);
    expect(plane.staging.bytesRead).toBe(large.length);
    checkLedger(plane);
  });

  it('says how far its verification came', async () => {
    const job = await stage(large, large);
    const standing = async () => await plane.artifactDeps.uploads.findUpload(job.sha256, job.name);
    expect(await standing()).toMatchObject({ state: 'verifying', verified_bytes: 0 });
    await run(job, { timeLeft: 1000 });
    expect(await standing()).toMatchObject({ state: 'verifying', verified_bytes: large.length });
    await run(plane.jobs.pop() ?? job, { timeLeft: 1000 });
    expect(await standing()).toMatchObject({ state: 'copying', copy: { bytes: plane.staging.copyBytes } });
  });

  it('whose copy expired before it was finished is copied anew', async () => {
    const job = await stage(large, large);
    plane.staging.copyBytes = 4000;
    await run(job, { timeLeft: 1000 });
    const second = plane.jobs.pop() ?? job;
    await run(second, { timeLeft: 1000 });
    plane.staging.expireCopies();
    const third = plane.jobs.pop() ?? job;
    await expect(run(third)).rejects.toThrow(refusal('DEPENDENCY_UNAVAILABLE'));
    expect(await run(third)).toBe('verified');
    checkLedger(plane);
  });

  it('that was replaced while it was hashed is not taken for what was hashed', async () => {
    const job = await stage(large, large);
    plane.steps.before('copy-parts', async () => void plane.staging.place(job, Buffer.alloc(10_000, 'swapped ')));
    await expect(run(job)).rejects.toThrow('PreconditionFailed');
    expect(objectsUnder(plane, 'artifacts/')).toEqual([]);
    expect(submitted(plane)).toEqual([]);
  });

  const steps = [
    'save-upload',
    'begin-copy',
    'copy-parts',
    'finish-copy',
    'sign',
    'put-receipt',
    'commit',
    'discard',
  ] as const;
  it.each(steps.flatMap((step) => (['lost', 'done'] as const).map((fate) => [step, fate] as const)))(
    'is completed by the second delivery after a crash at %s (%s)',
    async (step, fate) => {
      const job = await stage(large, large);
      plane.steps.crashAt(step, fate);
      await expect(run(job)).rejects.toThrow(Crash);
      checkLedger(plane);
      plane.restart();
      expect(await run(job)).toBe('verified');
      expect([submitted(plane).length, objectsUnder(plane, 'receipts/').length, plane.staging.objects.size]).toEqual([
        1, 1, 0,
      ]);
      checkLedger(plane);
    },
  );

  it.each([1, 2, 3, 4, 5, 6])(
    'is completed by the second delivery after a crash before it wrote down where it stands for time %d',
    async (saves) => {
      const job = await stage(large, large);
      let left = saves;
      const uploads: ArtifactDeps['uploads'] = {
        findUpload: plane.artifactDeps.uploads.findUpload,
        saveUpload: async (upload) => {
          if (--left === 0) throw new Crash('not saved');
          await plane.artifactDeps.uploads.saveUpload(upload);
        },
      };
      await expect(run(job, { uploads })).rejects.toThrow(Crash);
      plane.restart();
      expect(await run(job)).toBe('verified');
      expect([submitted(plane).length, objectsUnder(plane, 'artifacts/').length]).toEqual([1, 1]);
      checkLedger(plane);
    },
  );

  describe('for which something lies at its final key that S3 has no digest of', () => {
    const key = `artifacts/sha256/${sha256Hex(large).slice(0, 2)}/${sha256Hex(large)}`;
    const lay = (bytes: Buffer) =>
      plane.bucket.place(key, bytes, { contentType: 'text/plain', retainUntil: new Date('2026-03-01') }, false);

    it('is evidence when those are the right bytes, which are hashed where they lie', async () => {
      const job = await stage(large, large);
      lay(large);
      expect(await run(job)).toBe('verified');
      expect(plane.steps.taken).not.toContain('begin-copy');
      expect(plane.bucket.objects.get(key)?.retainUntil).toEqual(new Date(plane.clock.now().getTime() + 3650 * DAY));
      checkLedger(plane);
    });

    it('is hashed there by as many runs as it takes', async () => {
      const job = await stage(large, large);
      lay(large);
      expect(await runs(job)).toBe(3);
      checkLedger(plane);
    });

    it('is not evidence when those are other bytes, however many times it is tried', async () => {
      const job = await stage(large, large);
      lay(Buffer.alloc(10_000, 'squatter '));
      await expect(run(job)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
      await expect(run(job)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
      expect(await plane.artifactDeps.uploads.findUpload(job.sha256, job.name)).toMatchObject({ state: 'occupied' });
      expect(plane.logged).toContainEqual(expect.objectContaining({ event: 'artifact-occupied' }));
      expect(submitted(plane)).toEqual([]);
    });

    it('is not evidence when other bytes come there while it is copied', async () => {
      const job = await stage(large, large);
      plane.steps.before('finish-copy', async () => void lay(Buffer.alloc(10_000, 'squatter ')));
      await expect(run(job)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
      expect(submitted(plane)).toEqual([]);
    });
  });

  it("whose bytes are other than announced says nothing of somebody else's upload of the same digest", async () => {
    const honest = await stage(large, large);
    const forged = await stage(large, Buffer.alloc(10_000, 'forged '));
    expect(await run(forged)).toBe('mismatch');
    const { uploads } = plane.artifactDeps;
    expect(await uploads.findUpload(honest.sha256, honest.name)).toMatchObject({ state: 'verifying' });
    expect(await uploads.findUpload(forged.sha256, forged.name)).toMatchObject({ state: 'mismatch' });
    expect(await run(honest)).toBe('verified');
    checkLedger(plane);
  });

  it.each<[Step, Fate]>([
    ['complete-upload', 'done'],
    ['save-upload', 'lost'],
    ['save-upload', 'done'],
    ['start-verifier', 'lost'],
    ['start-verifier', 'done'],
  ])('is closed by the same call after a crash at %s (%s)', async (step, fate) => {
    const closing = await uploadParts(large, large);
    plane.steps.crashAt(step, fate);
    await expect(closing()).rejects.toThrow(Crash);
    plane.jobs.length = 0;
    expect(await closing()).toEqual({ status: 'unverified', verifying: large.length });
    const [job] = plane.jobs;
    expect(job && (await run(job))).toBe('verified');
    checkLedger(plane);
  });

  it('is not verified twice when its uploader closes it again', async () => {
    const closing = await uploadParts(large, large);
    await closing();
    const job = plane.jobs.pop();
    expect(job && (await run(job, { timeLeft: 1000 }))).toBe('handed-on');
    plane.jobs.length = 0;
    await closing();
    expect(plane.jobs).toEqual([]);
  });

  it('whose job is delivered twice is verified once', async () => {
    const job = await stage(large, large);
    expect(await run(job)).toBe('verified');
    expect(await run(job)).toBe('verified');
    expect(submitted(plane)).toHaveLength(1);
    checkLedger(plane);
  });

  it('is refused with parts that are not those that were sent', async () => {
    const begun = await putArtifact(plane.artifactDeps, request(large), CALLER);
    if (!('multipart' in begun)) throw new Error('one PUT was enough');
    const { id, name } = begun.multipart;
    const complete = (upload: object) => CompleteSchema.parse({ upload, parts: [{ part_number: 1, etag: '"x"' }] });
    await expect(completeUpload(plane.artifactDeps, sha256Hex(large), complete({ id, name }), CALLER)).rejects.toThrow(
      refusal('UPLOAD_INCOMPLETE', '/parts'),
    );
    await expect(
      completeUpload(plane.artifactDeps, sha256Hex(large), complete({ id: 'x', name }), CALLER),
    ).rejects.toThrow(refusal('UPLOAD_NOT_FOUND', '/upload'));
    expect(plane.jobs).toEqual([]);
  });
});

describe("an artifact that holds the very bytes of another principal's manifest", () => {
  it('is evidence of its own: the manifest is still accepted, with a receipt of its own', async () => {
    const plane = await controlPlane();
    const bundle = signedBundle(aManifest(), plane.key);
    const sha256 = sha256Hex(bundle);
    const request = {
      sha256,
      size: bundle.length,
      media_type: 'application/json',
      environment: 'experimental' as const,
    };
    await enrol(plane, 'other-pipeline', newKey());
    const options = { contentType: 'application/json', retainUntil: new Date(plane.clock.now().getTime() + 30 * DAY) };
    plane.bucket.upload(sha256, bundle, options);
    const artifact = await putArtifact(
      { ...plane.artifactDeps, singlePutMax: 1_000_000 },
      request,
      caller('other-pipeline'),
    );
    expect(artifact).toMatchObject({ status: 'verified', record: { kind: 'artifact', principal: 'other-pipeline' } });
    const { created, record } = await plane.submit(bundle);
    expect({ created, kind: record.kind, principal: record.principal }).toEqual({
      created: true,
      kind: 'attestation',
      principal: PIPELINE,
    });
    checkLedger(plane);
  });
});
