import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Check } from './support/checks.ts';
import { refused, run, succeeded } from './support/command.ts';
import { ACTIONLINT, goTool, pythonWith } from './support/tools.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');

/** The workflow of examples/github-actions. Programs of the host that actionlint would call if they are there stay out. */
export async function githubWorkflow(check: Check, folder: string): Promise<void> {
  const actionlint = await goTool(ACTIONLINT);
  const lint = (file: string) =>
    run(actionlint, ['-no-color', '-shellcheck=', '-pyflakes=', file], {
      env: { PATH: process.env.PATH, HOME: folder },
    });
  const workflow = join(EXAMPLES, 'github-actions', 'train.yml');

  await check('actionlint finds nothing in the GitHub workflow', async () => {
    succeeded(await lint(workflow));
  });
  await check('actionlint finds an expression that GitHub does not know in the same workflow', async () => {
    const broken = join(folder, 'train.yml');
    await writeFile(broken, (await readFile(workflow, 'utf8')).replace('vars.AWS_REGION', 'variables.AWS_REGION'));
    refused(await lint(broken), /undefined variable "variables"/);
  });
}

/** Files, and a field of each that the schemas must miss when it is misspelt. */
const KUBERNETES = [
  ['job.yaml', 'backoffLimit'],
  ['sidecar.yaml', 'backoffLimit'],
  ['admission.yaml', 'matchConditions'],
] as const;

/** The manifests of examples/kubernetes, by a validator that carries the API's schemas (kubeconform would fetch them). */
export async function kubernetesManifests(check: Check, folder: string): Promise<void> {
  const python = await pythonWith('kubernetes');
  const validate = (file: string) =>
    run(python, ['-m', 'kubernetes_validate', '--strict', file], { env: { PATH: process.env.PATH, HOME: folder } });

  for (const [name, field] of KUBERNETES) {
    const manifest = join(EXAMPLES, 'kubernetes', name);
    await check(`the Kubernetes API's schemas take examples/kubernetes/${name}`, async () => {
      succeeded(await validate(manifest));
    });
    await check(`the Kubernetes API's schemas refuse ${name} with a misspelt field`, async () => {
      const broken = join(folder, name);
      const text = await readFile(manifest, 'utf8');
      await writeFile(broken, text.replace(`${field}:`, `${field}x:`));
      refused(await validate(broken), new RegExp(`${field}x`));
    });
  }
}

/** The DAG of examples/airflow, loaded as Airflow's scheduler does, without a database. */
export async function airflowDag(check: Check, folder: string): Promise<void> {
  const python = await pythonWith('airflow');
  const load = async (dags: string): Promise<unknown> => {
    const env = { PATH: process.env.PATH, AIRFLOW_HOME: join(folder, 'airflow'), PYTHONDONTWRITEBYTECODE: '1' };
    const said = succeeded(await run(python, [join(import.meta.dirname, 'airflow_dags.py'), dags], { env }));
    // Airflow logs to standard output too; what we print comes last.
    return JSON.parse(said.trim().split('\n').at(-1) ?? '');
  };

  await check('Airflow loads the DAG, with evaluation after training', async () => {
    const dags = { countersigned_training: { training: ['evaluation'], evaluation: [] } };
    assert.deepEqual(await load(join(EXAMPLES, 'airflow')), { errors: {}, dags });
  });
}
