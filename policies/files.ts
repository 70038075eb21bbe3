import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const POLICIES = import.meta.dirname;
export const BUNDLE = join(POLICIES, 'bundle');
/** What a gate asks: rule `result` of package `countersign.gate`. */
export const ENTRYPOINT = 'countersign/gate/result';

/** Sources by their paths in `policies/`, sorted: what a policy bundle is made of, without its tests. */
export function sources(): Map<string, Buffer> {
  const rego = ['.', 'lib', 'rules'].flatMap((folder) => filesIn(folder, '.rego')).filter((path) => !isTest(path));
  const paths = [...rego, ...filesIn('data', '.json')].toSorted();
  return new Map(paths.map((path) => [path, readFileSync(join(POLICIES, path))]));
}

export function isTest(path: string): boolean {
  return path.endsWith('_test.rego');
}

export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(POLICIES, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => (folder === '.' ? name : `${folder}/${name}`));
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What `sources.json` records, so that a bundle that was not rebuilt is noticed without OPA. */
export interface SourceRecord {
  /** Version of OPA that compiled them. */
  readonly opa: string;
  /** SHA-256 by path. */
  readonly sources: Readonly<Record<string, string>>;
  /** SHA-256 of the compiled policy. */
  readonly wasm: string;
}

export function digestsOf(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)]));
}

/** A policy bundle's revision: the digest of its sources' digests, as `sha256sum` lists them. */
export function revisionOf(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = Object.entries(digestsOf(files)).map(([path, digest]) => `${digest}  ${path}\n`);
  return sha256(lines.join(''));
}
