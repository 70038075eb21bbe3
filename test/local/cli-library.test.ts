import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { cliEnv } from './support/cli.ts';
import { callApi, enrolKey } from './support/enrol.ts';

const local = inject('local');
const ROOT = resolve(import.meta.dirname, '../..');
const DOC = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');

let folder = '';

beforeAll(async () => {
  // Inside the repository, because a package is known by its own name only to its own files.
  mkdirSync(join(ROOT, '.countersign'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.countersign', 'library-'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', authority, privateKey);
  const status = (await callApi(local, 'reader', 'GET', '/v1/status')) as { evidence_key: { public_key: string } };
  writeFileSync(join(folder, 'evidence.pem'), status.evidence_key.public_key);
  writeFileSync(join(folder, 'signing.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'model.tar.gz'), 'a model');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('docs/library.md', () => {
  it('begins with an example, which runs as it stands', async () => {
    const [beginning = ''] = DOC.split('\n## ');
    const snippets = [...beginning.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
    expect(snippets).toHaveLength(1);
    writeFileSync(join(folder, 'example.ts'), snippets.join(''));
    const { PATH = '' } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, ['example.ts'], {
      cwd: folder,
      env: { PATH, ...cliEnv(local, 'training-pipeline') },
    });
    expect(stdout).toMatch(/^[0-9a-f]{64} verified\n$/);
  });

  it('lists functions that there are', async () => {
    const library: Readonly<Record<string, unknown>> = await import('countersign');
    const listed = [...DOC.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)\(/g)]);
    const missing = listed.map(([, name = '']) => name).filter((name) => typeof library[name] !== 'function');
    expect(listed.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });
});
