import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPolicy } from '@open-policy-agent/opa-wasm';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { SourceRecord } from '../../../policies/files.ts';
import { BUNDLE, digestsOf, POLICIES, revisionOf, sha256, sources } from '../../../policies/files.ts';
import { ATTESTATIONS, DIGESTS, PASSING } from './fixture.ts';
import { DATA, WASM } from './policy.ts';

const REBUILD = 'run `npm run policies:build`';
const record: SourceRecord = JSON.parse(readFileSync(join(POLICIES, 'sources.json'), 'utf8'));
const files = sources();
const rego = [...files].filter(([path]) => path.endsWith('.rego'));

/** The METADATA block that stands directly above a package. */
function metadataOf(source: string): unknown {
  const block = /^# METADATA\n((?:#.*\n)+)package /m.exec(source)?.[1] ?? '';
  return parse(block.replaceAll(/^# ?/gm, ''));
}

describe('the committed policy bundle', () => {
  it('was compiled from the sources as they are', () => {
    expect(digestsOf(files), REBUILD).toEqual(record.sources);
    expect(sha256(WASM), REBUILD).toBe(record.wasm);
  });

  it('names the digest of its sources as its revision', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(BUNDLE, '.manifest'), 'utf8'));
    expect(manifest).toEqual({ revision: revisionOf(files), roots: ['countersign'], rego_version: 1 });
  });

  it('holds the text of every source, its data and the compiled policy, and nothing else', () => {
    const entries = readdirSync(BUNDLE, { recursive: true, withFileTypes: true });
    const members = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const texts = rego.map(([path]) => join(BUNDLE, path));
    const others = ['.manifest', 'data.json', 'policy.wasm'].map((name) => join(BUNDLE, name));
    expect(members.toSorted()).toEqual([...texts, ...others].toSorted());
    for (const [path, text] of rego) expect(readFileSync(join(BUNDLE, path)).equals(text), path).toBe(true);
  });

  it('has the catalogue that the METADATA of the rules says', () => {
    const rules = rego.filter(([path]) => path.startsWith('rules/'));
    const said = rules.map(([path, text]) => {
      const { scope, title, description, custom } = Object(metadataOf(text.toString('utf8')));
      expect(scope, path).toBe('package');
      const id = path.slice('rules/'.length, -'.rego'.length);
      return [id, { title, description: description.trim().replaceAll('\n', ' '), ...custom }];
    });
    expect(DATA.countersign.catalog).toEqual(Object.fromEntries(said));
  });

  it('has the data that stands beside the rules', () => {
    const data = [...files].filter(([path]) => path.startsWith('data/'));
    const config = data.map(([path, text]) => [
      path.slice('data/'.length, -'.json'.length),
      JSON.parse(text.toString()),
    ]);
    expect(DATA.countersign.config).toEqual(Object.fromEntries(config));
  });

  it('asks its host for no built-in', async () => {
    // OPA, "WebAssembly": `builtins` gives the address of what is not compiled in, `opa_json_dump` that of its JSON.
    const { wasmInstance, mem } = await loadPolicy(WASM);
    const { builtins, opa_json_dump: dump } = wasmInstance.exports;
    const bytes = Buffer.from(mem.buffer);
    const start = dump(builtins());
    expect(bytes.toString('utf8', start, bytes.indexOf(0, start))).toBe('{}');
  });

  it('is tested on the facts that these tests begin with', () => {
    const evidence = Object.fromEntries(Object.entries(ATTESTATIONS).map(([name, one]) => [name, one.evidence]));
    const facts: unknown = JSON.parse(readFileSync(join(POLICIES, 'testing/facts.json'), 'utf8'));
    expect(facts, REBUILD).toEqual({ facts: { digests: DIGESTS, evidence, passing: PASSING } });
  });
});
