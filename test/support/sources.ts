import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Source {
  /** Path from the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file in a folder of the repository; none when there is no such folder. */
export function sourcesIn(folder: string): readonly Source[] {
  let names: string[];
  try {
    names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** A comment, or a string (kept, so that `//` inside one is no comment). */
const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

export function withoutComments(text: string): string {
  return text.replace(COMMENT_OR_STRING, (found) => (found.startsWith('/') ? ' ' : found));
}

/** Code alone: what stands in strings and comments can break no rule about behaviour. */
export function withoutStrings(text: string): string {
  return text.replace(COMMENT_OR_STRING, (found) => (found.startsWith('`') ? found : ' '));
}

/** Specifiers of every import and re-export, type imports and dynamic imports included. */
export function importsOf(text: string): readonly string[] {
  const specifier = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(['"])([@\w./:-]+)\1/g;
  return [...withoutComments(text).matchAll(specifier)].map((match) => match[2] ?? '');
}

/** A relative import as a path from the repository's root; a package or builtin as it is written. */
export function resolveImport(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return relative(ROOT, resolve(ROOT, dirname(from), specifier));
}

export function isRelative(specifier: string): boolean {
  return specifier.startsWith('.');
}

/** The package that a bare specifier belongs to. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

export function runtimeDependencies(): ReadonlySet<string> {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  return new Set(Object.keys(manifest.dependencies));
}
