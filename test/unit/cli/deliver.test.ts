import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiClient } from '../../../cli/client.ts';
import { deliver } from '../../../cli/deliver.ts';
import { Shell } from '../../../cli/shell.ts';
import { verify } from '../../../cli/verify/verify.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { evidenceSummary, receiptJson } from '../../../lib/runtime/answers.ts';
import { controlPlane } from '../../support/control-plane.ts';
import { aManifest, signedBundle } from '../../support/manifests.ts';

const plane = await controlPlane();
const manifest = aManifest();
const bundle = signedBundle(manifest, plane.key);
/** The same statement under another signature: ECDSA makes a new one each time. */
const twin = signedBundle(manifest, plane.key);

const folder = mkdtempSync(join(tmpdir(), 'countersign-deliver-'));
const files = { save: join(folder, 'saved.json'), receipt: join(folder, 'receipt.json') };
afterAll(() => rmSync(folder, { recursive: true }));

const notes: string[] = [];
const shell = new Shell(new Command());
beforeEach(() => {
  notes.length = 0;
  vi.spyOn(shell, 'note').mockImplementation((message) => void notes.push(message));
});

/** The API over the control plane in memory; `stored` is what it gives as the stored bytes. */
function api(stored: () => Response): ApiClient {
  return new ApiClient({
    url: new URL('https://api.example.com/prod'),
    region: 'eu-west-1',
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
    retry: { attempts: 1, base: 1, cap: 1, total: 1 },
    world: {
      fetch: async (_url, init) => {
        if (init?.method !== 'POST') return stored();
        const { created, record } = await plane.submit(Buffer.from(init.body as Uint8Array));
        return Response.json({ ...evidenceSummary(record), created, receipt: receiptJson(record) });
      },
    },
  });
}

const verdict = async () =>
  await verify(readFileSync(files.save), {
    keys: [parsePublicKey(plane.key.pem)],
    evidenceKeys: [parsePublicKey(plane.signer.key.pem)],
    receipt: readFileSync(files.receipt),
  });

describe('a signed bundle that is delivered', () => {
  it('is saved as it was posted, with a receipt that fits it', async () => {
    const { created } = await deliver(
      shell,
      api(() => Response.error()),
      bundle,
      files,
    );
    expect({ created, saved: readFileSync(files.save) }).toEqual({ created: true, saved: bundle });
    expect(await verdict()).toMatchObject({ verdict: 'verified' });
  });

  it('is saved as it is stored when the statement was stored before, so that the receipt fits what is saved', async () => {
    const answer = () => new Response(Uint8Array.from(bundle));
    expect(await deliver(shell, api(answer), twin, files)).toMatchObject({ created: false });
    expect(readFileSync(files.save)).toEqual(bundle);
    expect(await verdict()).toMatchObject({ verdict: 'verified' });
    expect(notes).toEqual([expect.stringContaining('was stored before')]);
  });

  it('is evidence too when the stored bytes cannot be fetched, and says what to do', async () => {
    const answer = () => Response.json({ title: 'no', status: 404, code: 'NOT_FOUND' }, { status: 404 });
    expect(await deliver(shell, api(answer), twin, files)).toMatchObject({ created: false });
    expect(readFileSync(files.save)).toEqual(twin);
    expect(notes).toEqual([expect.stringContaining(`--attestation ${files.save}`)]);
  });

  it('is not replaced by bytes that are not what was stored', async () => {
    const answer = () => new Response('other bytes');
    await expect(deliver(shell, api(answer), twin, files)).rejects.toThrow('cannot be relied on');
    expect(readFileSync(files.save)).toEqual(twin);
  });
});
