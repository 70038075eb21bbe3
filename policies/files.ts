import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

export const POLICIES = import.meta.dirname;
export const BUNDLE = join(POLICIES, 'bundle');
/** What a gate asks: rule `result` of package `countersign.gate`. */
export const ENTRYPOINT = 'countersign/gate/result';

/** Folders of sources; `vendor` holds other people's packages, if there are any. */
const FOLDERS = ['lib', 'rules', 'vendor'];

/** Sources by their paths in `policies/`, sorted: what a policy bundle is made of, without its tests. */
export function sources(): Map<string, Buffer> {
  const rego = [...filesIn('.', '.rego', false), ...FOLDERS.flatMap((folder) => filesIn(folder, '.rego'))];
  const paths = [...rego.filter((path) => !path.endsWith('_test.rego')), ...filesIn('data', '.json')].toSorted();
  return new Map(paths.map((path) => [path, readFileSync(join(POLICIES, path))]));
}

function filesIn(folder: string, ending: string, recursive = true): string[] {
  if (!existsSync(join(POLICIES, folder))) return [];
  return readdirSync(join(POLICIES, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => posix.join(folder, name.replaceAll(sep, '/')));
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
  /** Lines that the tests reached, in percent: `opa test --coverage`. */
  readonly coverage: number;
}

export function digestsOf(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)]));
}

/** A policy bundle's revision: the digest of its sources' digests, as `sha256sum` lists them. */
export function revisionOf(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = Object.entries(digestsOf(files)).map(([path, digest]) => `${digest}  ${path}\n`);
  return sha256(lines.join(''));
}
