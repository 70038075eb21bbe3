import { Agent } from './agent.ts';
import type { Stored } from './artifacts.ts';
import { EVIDENCE_KEY, publicKeyFile } from './enrol.ts';
import type { Decision } from './gate.ts';
import { FILES, type Run } from './pipeline.ts';
import type { Policy } from './policy.ts';
import type { Attestation, Scene } from './scene.ts';

interface Listing {
  readonly items: readonly { readonly evidence: string }[];
}

/** Finds the evidence again by run, model, data set and commit. @throws Error if a look-up misses some of it */
export async function findAgain(scene: Scene, run: Run, reviews: readonly Attestation[]): Promise<void> {
  const stages = [run.ingest, run.preprocess, run.training, run.evaluation, run.registration];
  const aboutModel = [run.training, run.evaluation, run.testResult, run.registration, run.modelCard];
  const wanted = [
    { by: 'run', id: run.id, finds: stages },
    { by: 'model', id: scene.digest(FILES.model), finds: aboutModel },
    { by: 'dataset', id: scene.digest(FILES.dataset), finds: [run.ingest, run.preprocess, ...reviews] },
    ...(run.commit === undefined ? [] : [{ by: 'commit', id: run.commit, finds: stages }]),
  ];
  for (const { by, id, finds } of wanted) {
    await scene.step(
      `look-up by ${by}`,
      async () => {
        const { items } = await scene.auditor.json<Listing>('show', by, id, '--limit', '10000');
        const found = new Set(items.map(({ evidence }) => evidence));
        const missing = finds.filter(({ evidence }) => !found.has(evidence));
        if (missing.length > 0) throw new Error(`it misses ${missing.map(({ bundle }) => bundle).join(', ')}`);
        return found.size;
      },
      (count) => `${count} pieces of evidence, with the ${finds.length} of this run`,
    );
  }
}

/** Finds what was decided about the model, and every step of the policies' lives, by digest. @throws Error if something is missing */
export async function findDecisions(
  scene: Scene,
  decisions: readonly Decision[],
  policies: readonly Policy[],
): Promise<void> {
  await scene.step(
    'look-up of decisions',
    async () => {
      const wanted = [
        { digest: scene.digest(FILES.model), finds: decisions.map(({ sha256 }) => sha256) },
        ...policies.map(({ sha256, events }) => ({ digest: sha256, finds: events })),
      ];
      for (const { digest, finds } of wanted) {
        const { items } = await scene.auditor.json<Listing>('show', 'decisions', digest, '--limit', '10000');
        const found = new Set(items.map(({ evidence }) => evidence));
        const missing = finds.filter((evidence) => !found.has(evidence));
        if (missing.length > 0) throw new Error(`by ${digest} it misses ${missing.join(', ')}`);
      }
      return policies.flatMap(({ events }) => events).length;
    },
    (events) => `${decisions.length} decisions by the model, ${events} steps of policies by the policy`,
  );
}

interface Lineage {
  readonly nodes: readonly { readonly sha256: string; readonly depth: number }[];
}

/** Follows the lineage from the model up to its data set, and from the data set down to the evaluation. */
export async function followLineage(scene: Scene): Promise<void> {
  const distance = async (from: string, to: string, ...direction: readonly string[]): Promise<number> => {
    const { nodes } = await scene.auditor.json<Lineage>('show', 'lineage', scene.digest(from), ...direction);
    const node = nodes.find(({ sha256 }) => sha256 === scene.digest(to));
    if (node === undefined) throw new Error(`${to} is not in the lineage of ${from}`);
    return node.depth;
  };
  await scene.step(
    'lineage',
    async () => ({
      up: await distance(FILES.model, FILES.dataset),
      down: await distance(FILES.dataset, FILES.report, '--down'),
    }),
    ({ up, down }) => `${up} steps up from the model to its data set, ${down} down from there to the evaluation`,
  );
}

/**
 * Has every statement and file verified with its receipt by somebody who has these and the public keys, and nothing else: no
 * account, not even the address of the API.
 */
export async function verifyOffline(
  scene: Scene,
  attestations: readonly Attestation[],
  artifacts: readonly Stored[],
  decisions: readonly Decision[],
): Promise<void> {
  const anybody = Agent.anybody(scene.folder);
  await scene.step(
    'offline verification',
    async () => {
      const countersigned = (receipt: string) => ['--receipt', receipt, '--evidence-key', EVIDENCE_KEY];
      const commands = [
        ...attestations.map(({ bundle, signedBy, receipt }) => [
          ...['verify', bundle, '--key', publicKeyFile(signedBy)],
          ...countersigned(receipt),
        ]),
        ['verify', ...decisions.map(({ bundle }) => bundle), '--evidence-key', EVIDENCE_KEY],
        ...artifacts.map(({ file, receipt }) => ['verify', '--artifact', file, ...countersigned(receipt)]),
      ];
      await twoAtATime(commands, (command) => anybody.countersign(...command));
    },
    () =>
      `${attestations.length} statements, ${artifacts.length} files, their receipts and ${decisions.length} decisions hold, by public keys alone`,
  );
}

/** Each command is a process of its own, which is most of its time. */
async function twoAtATime<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all([lane(), lane()]);
}
