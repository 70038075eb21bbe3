import { cpSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SimulationReport } from '../../lib/core/gate/what-if-report.ts';
import { BUNDLE, revisionOf, sources } from '../../policies/files.ts';
import type { Agent } from './agent.ts';
import { type Attestation, type Scene, short } from './scene.ts';

const TRY_BUNDLE = resolve(import.meta.dirname, '../../policies/try-bundle.ts');

/** A policy in the registry. */
export interface Policy {
  readonly sha256: string;
  /** Digests of the events of its life, as far as this run made them. */
  readonly events: readonly string[];
  /** The signed test results, as far as this run made them. */
  readonly tests: readonly Attestation[];
}

/** What `countersign policy --json` prints of one. */
interface Step {
  readonly sha256: string;
  readonly state: 'proposed' | 'tested' | 'simulated' | 'approved';
  /** Null where nothing changed. */
  readonly event: string | null;
}

/** The committed rules, from their author to an approver who puts them in force. What was done on this stack already stays. */
export async function enactRules(scene: Scene): Promise<Policy> {
  const proposed = await propose(scene, 'policy', scene.policyAuthor, BUNDLE, 'the first rules');
  const { sha256 } = proposed;
  if (proposed.state === 'approved') {
    return policyOf(sha256, [proposed, await activate(scene, 'policy in force', sha256)]);
  }
  const { attestation, tested } = await test(scene, 'policy test', sha256);
  await simulate(scene, 'policy simulated', sha256);
  const steps = [proposed, tested, await approve(scene, 'policy approved', sha256)];
  return policyOf(sha256, [...steps, await activate(scene, 'policy in force', sha256)], attestation);
}

/**
 * A stricter policy: a training that does not name the image it ran in is incomplete. Whoever wrote it has both roles, and still
 * cannot approve it.
 */
export async function enactStricterRules(scene: Scene, changeRequest: string): Promise<Policy> {
  const folder = writeStricterBundle(scene, changeRequest);
  const proposed = await propose(scene, 'stricter policy', scene.policyLead, folder, changeRequest);
  const { sha256 } = proposed;
  const { attestation, tested } = await test(scene, 'stricter policy test', sha256);
  await simulate(scene, 'what the stricter policy would have decided', sha256);
  await scene.step(
    'approval by its author',
    () => scene.policyLead.refused('DUTIES_NOT_SEPARATE', 'policy', 'approve', sha256),
    (refusal) => refusal,
  );
  const steps = [proposed, tested, await approve(scene, 'approval by another', sha256)];
  return policyOf(sha256, [...steps, await activate(scene, 'stricter policy in force', sha256)], attestation);
}

/** Puts the policy before back in force. @throws Error when that is not `wanted` */
export async function rollBack(scene: Scene, wanted: Policy): Promise<string> {
  const reason = 'it refuses models that were trained before the rule was made known';
  const { event } = await scene.step(
    'rollback',
    async () => {
      const args = ['policy', 'rollback', '--reason', reason];
      const now = await scene.policyApprover.json<{ sha256: string; event: string }>(...args);
      if (now.sha256 !== wanted.sha256) throw new Error(`${now.sha256} is in force, not ${wanted.sha256}`);
      return now;
    },
    ({ sha256 }) => `${short(sha256)} is in force again, because ${reason}`,
  );
  return event;
}

async function propose(
  scene: Scene,
  name: string,
  author: Agent,
  folder: string,
  changeRequest: string,
): Promise<Step> {
  return await scene.step(
    name,
    () => author.json<Step>('policy', 'propose', folder, '--change-request', changeRequest),
    ({ sha256 }) => `${short(sha256)} is proposed: ${changeRequest}`,
  );
}

/** Fetches what was proposed, asks it every question with a known answer, and hands the signed result in. */
async function test(scene: Scene, name: string, sha256: string): Promise<{ attestation: Attestation; tested: Step }> {
  const file = name.replaceAll(' ', '-');
  const [bundle, result] = [`${file}.tar.gz`, `${file}.json`];
  const told = await scene.prepare(name, async () => {
    await scene.signatories['policy-tests'].countersign('policy', 'show', sha256, '--bundle', bundle);
    return await scene.run(process.execPath, TRY_BUNDLE, bundle, '--result', result);
  });
  const args = ['attest', '--predicate', result, '--type', 'test-result', '--subject', `policy=${bundle}`];
  const attestation = await scene.attest(name, 'policy-tests', args, () => told);
  const tested = await scene.prepare(name, () =>
    scene.policyAuthor.json<Step>('policy', 'test', sha256, '--evidence', attestation.evidence),
  );
  return { attestation, tested };
}

/** Whoever approves sees what it would have decided, up to this moment: the gates that it is about have just decided. */
async function simulate(scene: Scene, name: string, sha256: string): Promise<void> {
  await scene.step(
    name,
    () => {
      const now = new Date().toISOString();
      return scene.policyAuthor.json<Pick<SimulationReport, 'counts' | 'flips'>>(
        'policy',
        'simulate',
        sha256,
        '--to',
        now,
      );
    },
    ({ counts, flips }) => {
      const by = new Set(flips.flatMap(({ rules }) => rules.map(({ rule }) => rule)));
      const told = `of ${counts.decisions} decisions ${counts.would_fail} would fail, ${counts.would_pass} would pass`;
      return by.size === 0 ? told : `${told}, by ${[...by].join(', ')}`;
    },
  );
}

async function approve(scene: Scene, name: string, sha256: string): Promise<Step> {
  return await scene.step(
    name,
    () => scene.policyApprover.json<Step>('policy', 'approve', sha256),
    () => 'the policy approver approves what was tested',
  );
}

async function activate(scene: Scene, name: string, sha256: string): Promise<Step> {
  return await scene.step(
    name,
    () => scene.policyApprover.json<Step>('policy', 'activate', sha256),
    () => `${short(sha256)} decides from now on`,
  );
}

function policyOf(sha256: string, steps: readonly Step[], ...tests: readonly Attestation[]): Policy {
  return { sha256, events: steps.flatMap(({ event }) => event ?? []), tests };
}

/** The parts of the committed bundle that the stricter one changes. */
interface Data {
  readonly countersign: { readonly catalog: object; readonly config: { readonly manifests: Manifests } };
}
interface Manifests {
  readonly required_fields: { readonly training: readonly (readonly string[])[] };
}

/** Only data changes, which the compiled policy takes when it is evaluated: no compiler is needed. @returns the folder */
function writeStricterBundle(scene: Scene, changeRequest: string): string {
  const folder = 'stricter-policy';
  rmSync(scene.path(folder), { recursive: true, force: true });
  cpSync(BUNDLE, scene.path(folder), { recursive: true });
  const stricter = <T extends Manifests>(manifests: T): T => ({
    ...manifests,
    required_fields: {
      ...manifests.required_fields,
      training: [...manifests.required_fields.training, ['image_digest']],
    },
  });
  const { countersign, ...rest } = scene.read<Data>(`${folder}/data.json`);
  const config = { ...countersign.config, manifests: stricter(countersign.config.manifests) };
  scene.write(`${folder}/data.json`, { ...rest, countersign: { ...countersign, config } });

  const files = sources();
  const manifests = JSON.parse(String(files.get('data/manifests.json')));
  files.set('data/manifests.json', Buffer.from(`${JSON.stringify(stricter(manifests), null, 2)}\n`));
  const manifest = scene.read<object>(`${folder}/.manifest`);
  // The change request makes it a bundle of this run's own, which goes through its life once.
  const metadata = { change_request: changeRequest };
  scene.write(`${folder}/.manifest`, { ...manifest, revision: revisionOf(files), metadata });
  return folder;
}
