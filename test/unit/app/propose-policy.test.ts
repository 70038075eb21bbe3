import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPolicyBundle } from '../../../lib/adapters/opa/bundle.ts';
import { packPolicyBundle } from '../../../lib/adapters/opa/pack.ts';
import { loadPolicy } from '../../../lib/adapters/opa/policy.ts';
import { type PolicyDeps, proposePolicy } from '../../../lib/app/manage-policies.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { controlPlane } from '../../support/control-plane.ts';
import { AUTHOR } from '../../support/policies.ts';
import { refusal } from '../../support/refusals.ts';
import { POLICY_FOLDER } from '../cli/decisions.ts';

const OUTSIDE = readFileSync(new URL('../../fixtures/policies/outside.tar.gz', import.meta.url));

describe('a compiled bundle that is proposed', () => {
  it('is refused, and nothing of it kept, when it calls what no gate answers', async () => {
    const plane = await controlPlane();
    const deps: PolicyDeps = {
      ...plane.submitDeps,
      inspectPolicy: async (bytes) => await loadPolicy(await readPolicyBundle(bytes)),
    };
    const propose = (bytes: Buffer) =>
      proposePolicy(deps, { bundle: bytes.toString('base64'), change_request: 'https://tracker.example/1' }, AUTHOR);
    const before = plane.bucket.objects.size;
    await expect(propose(OUTSIDE)).rejects.toThrow(refusal('POLICY_BUILT_IN_UNKNOWN'));
    expect(plane.bucket.objects.size).toBe(before);
    expect(await plane.registry.policy(sha256Hex(OUTSIDE))).toBeUndefined();
    const ours = await packPolicyBundle(POLICY_FOLDER);
    expect((await propose(ours)).value).toMatchObject({ sha256: sha256Hex(ours), state: 'proposed' });
  });
});
