import { Agent } from './agent.ts';
import { EVIDENCE_KEY } from './enrol.ts';
import { FILES } from './pipeline.ts';
import { type Scene, short } from './scene.ts';

/** Where the model is to serve. */
export const ENDPOINT = 'breast-cancer';

/** Longer lines of a refusal are cut: the whole of it is in the decision. */
const WIDTH = 200;

/** The part of a decision that `countersign gate --format json` tells. */
interface Report {
  readonly decision: string;
  readonly result: 'PASSED' | 'FAILED';
  readonly policy: { readonly sha256: string };
  readonly verdicts: readonly { readonly rule: string; readonly verdict: string }[];
}

/** What a gate decided. */
export interface Decision {
  /** Digest of the signed decision. */
  readonly sha256: string;
  /** Its Sigstore bundle, in the working folder. */
  readonly bundle: string;
}

interface Question {
  /** Of the step; its files are named by it. */
  readonly name: string;
  /** `sha256:<hex>` of the serving image; undefined where nobody names one. */
  readonly image?: string;
  /** The policy that must have decided. */
  readonly policy: string;
  readonly expected: 'PASSED' | 'FAILED';
}

/**
 * The promoter asks whether the model may enter production, and believes only what the evidence key signed. What a refusal says
 * is told line by line, as the command prints it.
 *
 * @throws Error when the gate decides otherwise than expected, or by another policy
 */
export async function askGate(scene: Scene, { name, image, policy, expected }: Question): Promise<Decision> {
  const file = name.replaceAll(' ', '-');
  const bundle = `${file}.decision.sigstore.json`;
  const report = `${file}.decision.json`;
  const { decided, lines } = await scene.step(
    name,
    async () => {
      const { code, stdout, stderr } = await scene.promoter.try(
        ...['gate', '--model', FILES.model, '--environment', 'production', '--endpoint', ENDPOINT],
        ...(image === undefined ? [] : ['--image-digest', image]),
        ...['--evidence-key', EVIDENCE_KEY, '--format', 'json', '--output', report, '--save', bundle],
      );
      if (code !== (expected === 'PASSED' ? 0 : 1) || stderr !== '') {
        throw new Error(`it should have ${expected}; it exited ${code}\n${stderr}${stdout}`);
      }
      const made = scene.read<Report>(report);
      if (made.result !== expected || made.policy.sha256 !== policy) throw new Error(`it says ${JSON.stringify(made)}`);
      return { decided: made, lines: stdout.split('\n') };
    },
    ({ decided: { result, verdicts, decision } }) =>
      `${result} for production, ${counted(verdicts)} (decision ${short(decision)})`,
  );
  for (const line of refusalIn(lines)) scene.log(`  ${line.length > WIDTH ? `${line.slice(0, WIDTH)}…` : line}`);
  return { sha256: decided.decision, bundle };
}

function counted(verdicts: Report['verdicts']): string {
  const groups = Map.groupBy(verdicts, ({ verdict }) => verdict);
  return [...groups].map(([verdict, those]) => `${those.length} ${verdict.replace('_', ' ')}`).join(', ');
}

/** Of the table: the rules that keep the gate shut, and what would fix it, which ends with an empty line. */
function refusalIn(lines: readonly string[]): string[] {
  const begin = lines.indexOf('What would fix it:');
  const fixes = begin < 0 ? [] : lines.slice(begin, lines.indexOf('', begin));
  return [...lines.filter((line) => /^(FAIL|\?\?) /.test(line)), ...fixes];
}

/** The auditor fetches all that a decision rests on; then anybody decides again from these files, without account and network. */
export async function replay(scene: Scene, { sha256, bundle }: Decision): Promise<void> {
  await scene.step(
    'replay',
    async () => {
      await scene.auditor.countersign('gate', '--replay', sha256, '--keep', 'decision');
      const anybody = Agent.anybody(scene.folder);
      // The decision is the one that the promoter was given, the facts and the policy are those that are stored.
      return await anybody.json<{ checks: readonly object[] }>(
        ...['gate', '--replay', bundle, '--evidence-key', EVIDENCE_KEY],
        ...['--input', 'decision/input.json', '--policy', 'decision/policy.tar.gz'],
      );
    },
    ({ checks }) => `decided again offline, identical in all ${checks.length} checks`,
  );
}
