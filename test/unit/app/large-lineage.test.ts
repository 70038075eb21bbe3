import { beforeEach, describe, expect, it } from 'vitest';
import { readPolicyBundle } from '../../../lib/adapters/opa/bundle.ts';
import { packPolicyBundle } from '../../../lib/adapters/opa/pack.ts';
import { loadPolicy, POLICY_LIMITS } from '../../../lib/adapters/opa/policy.ts';
import { evaluateGate } from '../../../lib/app/gate/evaluate.ts';
import type { GateFinding } from '../../../lib/core/gate/input.ts';
import { type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { asked, NO_FACTS } from '../../support/gates.ts';
import type { TestKey } from '../../support/keys.ts';
import { digestOf, NOW, PIPELINE } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';
import { resource, stages } from '../../support/stages.ts';
import { POLICY_FOLDER } from '../cli/decisions.ts';

const bundle = await readPolicyBundle(await packPolicyBundle(POLICY_FOLDER));
/** How fast this machine is, is not what is asked here. */
const main = await loadPolicy(bundle, { ...POLICY_LIMITS, timeoutMs: 60_000 });

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane();
});
const { post } = stages(() => plane);

const MODEL = digestOf('classifier');
/** What one manifest takes beside its output and the image. */
const INPUTS = 62;

/** Asks with the bounds that a deployment has. */
function ask(findings: readonly GateFinding[] = []) {
  const facts = { ...NO_FACTS, findings: async () => ({ known: true, items: findings }) as const };
  const policies = { inForce: async () => ({ main, enforced: [], shadows: [] }) };
  return evaluateGate({ ...plane.submitDeps, ledger: plane.ledger, facts, policies }, asked(MODEL), caller(PIPELINE));
}

/** A model of 5,000 data sets, each of them made from others as far as they go. */
async function manyDatasets(): Promise<void> {
  const names = Array.from({ length: 5000 }, (_, index) => `dataset ${index}`);
  const inputsOf = (node: number) => names.slice(node * INPUTS, (node + 1) * INPUTS).map(resource);
  await post({ dataset: undefined, inputs: inputsOf(0) });
  for (let node = 1; node * INPUTS < names.length; node++) {
    const made = { inputs: inputsOf(node), outputs: [resource(`dataset ${node - 1}`)] };
    await post({ stage: 'preprocess', dataset: undefined, model: undefined, ...made });
  }
}

describe('a gate on a model of 5,000 data sets', () => {
  it('fails it, because nobody can say that its lineage is sound', { timeout: 60_000 }, async () => {
    await manyDatasets();
    const { passed, input, result } = await ask();
    expect(passed).toBe(false);
    expect(input.lineage).toMatchObject({ complete: false, code: 'LINEAGE_TOO_LARGE' });
    const incomplete = { code: 'lineage_incomplete', params: { code: 'LINEAGE_TOO_LARGE' } };
    const undetermined = result.verdicts.filter(({ verdict }) => verdict === 'undetermined');
    expect(undetermined.flatMap(({ reasons }) => reasons)).toContainEqual(incomplete);
    expect(result.verdicts.find(({ rule }) => rule === 'lineage_complete')?.verdict).not.toBe('pass');
  });
});

describe('a gate on more facts than it takes', () => {
  const finding = (id: string): GateFinding => ({ id, severity: 'low', about: MODEL, opened_at: NOW });

  it('refuses to decide, and stores nothing', async () => {
    await post();
    const before = plane.bucket.objects.size;
    await expect(ask([finding('x'.repeat(6 * 1024 * 1024))])).rejects.toThrow(refusal('GATE_INPUT_TOO_LARGE'));
    expect(plane.bucket.objects.size).toBe(before);
    // The same without them is decided.
    await ask([finding('x')]);
    expect(plane.bucket.objects.size).toBeGreaterThan(before);
  });
});
