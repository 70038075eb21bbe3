import { describe, expect, it } from 'vitest';
import { readPolicyBundle } from '../../../lib/adapters/opa/bundle.ts';
import { packPolicyBundle } from '../../../lib/adapters/opa/pack.ts';
import { type TermsDeps, termsInForce } from '../../../lib/app/terms-in-force.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import type { Activation, PolicyRecord } from '../../../lib/core/policy.ts';
import { waiverTerms } from '../../../lib/core/waiver-terms.ts';
import { NOW } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';
import { POLICY_FOLDER } from '../cli/decisions.ts';

const bundle = await packPolicyBundle(POLICY_FOLDER);
const sha256 = sha256Hex(bundle);
const ACTIVE = { sha256 } as Activation;
const POLICY = { sha256, version_id: 'v1' } as PolicyRecord;

const deps = (changes: { readonly active?: Activation | undefined; readonly bytes?: Buffer } = {}): TermsDeps => ({
  registry: {
    activations: async () => ('active' in changes ? [changes.active ?? []].flat() : [ACTIVE]),
    policy: async () => POLICY,
  },
  store: {
    read: async () => ({
      bytes: changes.bytes ?? bundle,
      versionId: 'v1',
      retainUntil: new Date(NOW),
      lastModified: new Date(NOW),
      metadata: {},
    }),
  },
  clock: () => new Date(NOW),
  readTerms: async (bytes) => waiverTerms((await readPolicyBundle(bytes)).data),
});

describe('the terms of waivers', () => {
  it('are those of the policy in force', async () => {
    const { waivable, maxDays } = await termsInForce(deps());
    expect(waivable.get('explainability_report')).toBe(true);
    expect(waivable.get('signature_verified')).toBe(false);
    expect(waivable.get('no_such_rule')).toBeUndefined();
    expect(maxDays).toBe(90);
  });

  it.each([
    ['no policy is in force', { active: undefined }],
    ['its bytes are others', { bytes: Buffer.from('others') }],
  ])('are not guessed when %s', async (_, changes) => {
    await expect(termsInForce(deps(changes))).rejects.toThrow(refusal('POLICY_UNAVAILABLE'));
  });

  it("are no exceptions at all of somebody else's policy without a catalogue", () => {
    for (const data of [{}, { countersign: { catalog: [] } }, { countersign: { catalog: { rule: {} } } }]) {
      expect(waiverTerms(data).waivable.size).toBe(0);
    }
    const bounded = { countersign: { config: { waivers: { max_days: 14 } } } };
    expect(waiverTerms(bounded)).toEqual({ waivable: new Map(), maxDays: 14 });
  });
});
