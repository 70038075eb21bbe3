import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePython } from '../../local/python.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'examples', 'sagemaker-pipelines');

describe('the SageMaker pipeline', () => {
  let folder: string;
  let python: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-sagemaker-'));
    // botocore, which the Python client needs too, carries the service model.
    const requirements = join(ROOT, 'examples', 'python-client', 'requirements.txt');
    python = await ensurePython(join(ROOT, '.countersign', 'venv-python-client'), requirements, () => {});
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function check(change: (definition: string) => string): Promise<string> {
    const file = join(folder, 'pipeline.json');
    await writeFile(file, change(await readFile(join(EXAMPLE, 'pipeline.json'), 'utf8')));
    return (await promisify(execFile)(python, [join(EXAMPLE, 'check.py'), file])).stdout;
  }

  it('makes calls that SageMaker takes', async () => {
    expect(await check((definition) => definition)).toBe('CreatePipeline: valid\nCreateProcessingJob: valid\n');
  });

  it('would be refused with a misspelt field or a parameter that is not declared', async () => {
    const misspelt = check((definition) => definition.replace('InstanceCount', 'InstanceCounts'));
    await expect(misspelt).rejects.toThrow(/Unknown parameter .*InstanceCounts/);
    const undeclared = check((definition) => definition.replace('Parameters.Role', 'Parameters.Rule'));
    await expect(undeclared).rejects.toThrow('Parameters.Rule refers to nothing');
  });
});
