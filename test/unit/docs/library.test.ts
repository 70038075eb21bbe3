import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { newKey } from '../../support/keys.ts';
import { decisionAnswer, NO_FACTS, signedDecision, verdict } from '../cli/decisions.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const [, gates = ''] = readFileSync(join(ROOT, 'docs/library.md'), 'utf8').split('\n## Gates\n');
const MODEL = 'the bytes of a model';

const model = sha256Hex(MODEL);
const reasons = [{ code: 'training_missing', params: { model } }];
const result = { verdicts: [verdict({ verdict: 'fail', reasons })], warnings: [] };
const decision = signedDecision(newKey(), { result, input: { ...NO_FACTS, model: { sha256: model } } });
const api = createServer((_request, response) => response.end(JSON.stringify(decisionAnswer(decision))));

let folder = '';
beforeAll(async () => {
  // Inside the repository, because a package is known by its own name only to its own files.
  mkdirSync(join(ROOT, '.countersign'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.countersign', 'gates-'));
  writeFileSync(join(folder, 'model.tar.gz'), MODEL);
  await new Promise<void>((done) => api.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await new Promise((done) => api.close(done));
});

it('docs/library.md shows how to ask a gate, in an example that runs as it stands', async () => {
  const snippets = [...gates.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  expect(snippets).toHaveLength(1);
  writeFileSync(join(folder, 'example.ts'), snippets.join(''));
  const { PATH = '' } = process.env;
  const { port } = api.address() as AddressInfo;
  const { stdout } = await promisify(execFile)(process.execPath, ['example.ts'], {
    cwd: folder,
    env: {
      PATH,
      COUNTERSIGN_API: `http://127.0.0.1:${port}`,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 's',
    },
  });
  expect(stdout).toBe(
    `commit_recorded: fail, no verified manifest tells of the training that made ${model.slice(0, 12)}\nit may not enter ${sha256Hex(decision)}\n`,
  );
});
