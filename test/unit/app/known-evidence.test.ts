import { describe, expect, it } from 'vitest';
import { CONTEXT_TTL_MS } from '../../../lib/app/context-cache.ts';
import { knownEvidence, knownEvidenceKey } from '../../../lib/app/known-evidence.ts';
import { Recent } from '../../../lib/app/recent.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import type { EvidenceRecord } from '../../../lib/core/evidence.ts';
import { testClock } from '../../support/clock.ts';
import { controlPlane } from '../../support/control-plane.ts';
import { anEvidence } from '../../support/records.ts';

const BYTES = Buffer.from('a statement');
const SHA256 = sha256Hex(BYTES);

/** A ledger with these records under this digest, and what it was asked for. */
function ledgerOf(records: readonly EvidenceRecord[]) {
  const asked: (readonly string[])[] = [];
  const findMany = async (sha256s: readonly string[]) => {
    asked.push(sha256s);
    return new Map(records.filter(({ sha256 }) => sha256s.includes(sha256)).map((record) => [record.sha256, record]));
  };
  return { asked, known: knownEvidence({ findMany }) };
}

describe('evidence that is remembered', () => {
  it('is read once, and what else is wanted with it is read alone', async () => {
    const record = anEvidence('one', { sha256: SHA256, inline: BYTES });
    const { known, asked } = ledgerOf([record]);
    expect(await known.findMany([SHA256])).toEqual(new Map([[SHA256, record]]));
    expect(await known.findMany([SHA256, 'other'])).toEqual(new Map([[SHA256, record]]));
    expect(await known.findMany([SHA256])).toEqual(new Map([[SHA256, record]]));
    expect(asked).toEqual([[SHA256], ['other']]);
  });

  it.each([
    ['is not there', []],
    ['lies elsewhere', [anEvidence('one', { sha256: SHA256 })]],
    ['has other bytes than its digest says', [anEvidence('one', { sha256: SHA256, inline: Buffer.from('forged') })]],
  ])('is none that %s', async (_what, records) => {
    const { known, asked } = ledgerOf(records);
    await known.findMany([SHA256]);
    await known.findMany([SHA256]);
    expect(asked).toEqual([[SHA256], [SHA256]]);
  });
});

describe('the evidence key that is remembered', () => {
  async function counted(keyArn?: string) {
    const { registry, signer: own } = await controlPlane();
    const clock = testClock();
    let asked = 0;
    const evidenceKey = async () => {
      asked += 1;
      return await registry.evidenceKey();
    };
    const signer = { sign: async () => await Promise.reject(new Error('nobody signs')), keyArn: keyArn ?? own.keyArn };
    const known = knownEvidenceKey({ ...registry, evidenceKey }, { signer, clock: clock.now });
    return { known, clock, asked: () => asked };
  }

  it('is read once until its time is over', async () => {
    const { known, clock, asked } = await counted();
    const key = await known.evidenceKey();
    clock.advance(CONTEXT_TTL_MS - 1);
    expect(await known.evidenceKey()).toBe(key);
    expect(asked()).toBe(1);
    clock.advance(1);
    await known.evidenceKey();
    expect(asked()).toBe(2);
  });

  it('is none that this deployment does not sign with, so that activating its own acts at once', async () => {
    const { known, asked } = await counted('arn:aws:kms:eu-west-1:111122223333:key/another');
    await known.evidenceKey();
    await known.evidenceKey();
    expect(asked()).toBe(2);
  });
});

describe('Recent', () => {
  it('forgets what was asked for the longest time ago', () => {
    const recent = new Recent<number>(2);
    recent.keep('a', 1);
    recent.keep('b', 2);
    recent.find('a');
    recent.keep('c', 3);
    expect([recent.find('a'), recent.find('b'), recent.find('c')]).toEqual([1, undefined, 3]);
  });
});
