import type { Stored } from './artifacts.ts';
import { assure } from './assurances.ts';
import { askGate, type Decision, replay } from './gate.ts';
import { findDecisions } from './inspect.ts';
import type { Run } from './pipeline.ts';
import { enactStricterRules, type Policy, rollBack } from './policy.ts';
import type { Attestation, Scene } from './scene.ts';

interface Candidate {
  readonly python: string;
  readonly run: Run;
  /** The policy in force. */
  readonly policy: Policy;
}

/** What became evidence on the way into production. */
export interface Promoted {
  readonly attestations: readonly Attestation[];
  readonly artifacts: readonly Stored[];
  readonly decisions: readonly Decision[];
  /** `sha256:<hex>` of the serving image; undefined where the gate stays shut. */
  readonly image: string | undefined;
}

/**
 * The model before the gate: refused, let through once all is attested that was missing, refused again by a stricter policy,
 * and let through after that policy was rolled back.
 */
export async function promote(scene: Scene, { python, run, policy }: Candidate): Promise<Promoted> {
  const { commit } = run;
  const first = await askGate(scene, { name: 'gate', policy: policy.sha256, expected: 'FAILED' });
  if (commit === undefined) {
    scene.log('the gate stays shut: the rules want the commit, and this is no git checkout');
    return { attestations: policy.tests, artifacts: [], decisions: [first], image: undefined };
  }
  const { attestations, artifacts, image } = await assure(scene, { python, run, commit });
  const passing = { image, policy: policy.sha256, expected: 'PASSED' } as const;
  const second = await askGate(scene, { ...passing, name: 'gate with all of it' });
  await replay(scene, second);

  const stricter = await enactStricterRules(scene, `trainings name their image (${run.id})`);
  const refused = { image, policy: stricter.sha256, expected: 'FAILED' } as const;
  const third = await askGate(scene, { ...refused, name: 'gate by the stricter policy' });
  const rollback = await rollBack(scene, policy);
  const fourth = await askGate(scene, { ...passing, name: 'gate after the rollback' });
  const decisions = [first, second, third, fourth];
  await findDecisions(scene, decisions, [{ ...policy, events: [...policy.events, rollback] }, stricter]);
  return { attestations: [...attestations, ...policy.tests, ...stricter.tests], artifacts, decisions, image };
}
