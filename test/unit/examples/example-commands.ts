import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples');

/** One `countersign …` of an example: where it stands, and its arguments. */
export type ExampleCommand = readonly [example: string, args: readonly string[]];

/** Every `countersign …` that the examples for other tools run. */
export function exampleCommands(): ExampleCommand[] {
  return [...githubActions(), ...kubernetes('job.yaml'), ...kubernetes('sidecar.yaml'), ...sagemaker(), ...airflow()];
}

function read(...path: readonly string[]): string {
  return readFileSync(join(EXAMPLES, ...path), 'utf8');
}

interface Action {
  readonly runs: { readonly steps: readonly { readonly run: string }[] };
}
interface Workflow {
  readonly jobs: {
    readonly train: { readonly steps: readonly { readonly with?: { readonly evidence?: string } }[] };
  };
}

/** The action's script, with the options that the workflow hands to it. */
function githubActions(): ExampleCommand[] {
  const { runs }: Action = parse(read('github-actions', 'action.yml'));
  const { jobs }: Workflow = parse(read('github-actions', 'train.yml'));
  const options = jobs.train.steps.map((step) => step.with?.evidence).find((evidence) => evidence !== undefined) ?? '';
  return runs.steps.flatMap(({ run }) =>
    inScript('github-actions', run.replace(/"\$\{evidence\[@\]\}"/, options.replaceAll('\n', ' '))),
  );
}

interface Workload {
  readonly spec?: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}
interface Container {
  readonly command: readonly string[];
}

function kubernetes(file: string): ExampleCommand[] {
  return parseAllDocuments(read('kubernetes', file)).flatMap((document) => {
    const { spec }: Workload = document.toJS();
    return (spec?.template.spec.containers ?? []).flatMap(({ command: [program, ...args] }) =>
      program === 'countersign' ? [[file, args] as const] : inScript(file, args.join('\n')),
    );
  });
}

interface Pipeline {
  readonly Steps: readonly { readonly Arguments: { readonly AppSpecification: AppSpecification } }[];
}
interface AppSpecification {
  readonly ContainerEntrypoint: readonly string[];
  readonly ContainerArguments: readonly (string | { readonly Get: string })[];
}

function sagemaker(): ExampleCommand[] {
  const { Steps }: Pipeline = JSON.parse(read('sagemaker-pipelines', 'pipeline.json'));
  return Steps.map(({ Arguments: { AppSpecification } }) => {
    const [, ...args] = [...AppSpecification.ContainerEntrypoint, ...AppSpecification.ContainerArguments];
    return ['sagemaker-pipelines', args.map((word) => (typeof word === 'string' ? word : `{${word.Get}}`))];
  });
}

/** The tasks begin with one common part. */
function airflow(): ExampleCommand[] {
  const dag = read('airflow', 'training_dag.py');
  const common = /^RUN = "countersign (.*)"$/m.exec(dag)?.[1] ?? '';
  return [...dag.matchAll(/f"\{RUN\} ([^"]*)"/g)].map(([, own]) => ['airflow', words(`${common} ${own}`)]);
}

function inScript(example: string, script: string): ExampleCommand[] {
  return [...script.matchAll(/^\s*(?:exec )?countersign (.*)$/gm)].map(([, args = '']) => [example, words(args)]);
}

/** Words of a shell command, without their quotes. */
function words(line: string): string[] {
  const found = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return found.map((word) => word.replaceAll(/["']/g, ''));
}
