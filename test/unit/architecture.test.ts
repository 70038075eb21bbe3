import { describe, expect, it } from 'vitest';
import {
  importsOf,
  isRelative,
  packageOf,
  resolveImport,
  runtimeDependencies,
  sourcesIn,
  withoutStrings,
} from '../support/sources.ts';

/** Folders that each folder may import from, itself included. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'lib/contracts': ['lib/contracts'],
  'lib/core': ['lib/contracts', 'lib/core'],
  'lib/app': ['lib/contracts', 'lib/core', 'lib/app'],
  'lib/adapters': ['lib/contracts', 'lib/core', 'lib/app', 'lib/adapters'],
  'lib/runtime': ['lib/contracts', 'lib/core', 'lib/app', 'lib/adapters', 'lib/runtime'],
  functions: ['lib'],
  cli: ['lib', 'cli'],
  cdk: ['lib/contracts', 'cdk'],
  local: ['lib/contracts', 'local'],
};

/** `npm start` runs the example through what it started; nothing else of local/ knows the example. */
const EXCEPTIONS: readonly string[] = ['local/start.ts imports ../examples/breast-cancer/run.ts'];

/** Folders that the evidence depends on: they run in a Lambda or on a producer's machine. */
const PRODUCT = ['lib', 'functions', 'cli'];

/** Builtins that neither do I/O nor read a clock. */
const PURE_BUILTINS: Readonly<Record<string, readonly string[]>> = {
  'lib/contracts': [],
  'lib/core': ['node:crypto'],
  'lib/app': ['node:crypto'],
};

/** Packages that compute and nothing else. */
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'lib/contracts': [],
  'lib/core': ['zod', 'canonicalize', 'ajv', 'ajv-formats', '@noble/ciphers'],
  'lib/app': [],
};

const violations = (folder: string, allowed: (specifier: string, from: string) => boolean): string[] =>
  sourcesIn(folder).flatMap(({ path, text }) =>
    importsOf(text)
      .filter((specifier) => !allowed(specifier, path))
      .map((specifier) => `${path} imports ${specifier}`),
  );

describe('import directions', () => {
  it.each(Object.entries(MAY_IMPORT))('%s imports only what lies below it', (folder, below) => {
    const allowed = (specifier: string, from: string): boolean =>
      !isRelative(specifier) || below.some((other) => resolveImport(from, specifier).startsWith(`${other}/`));
    expect(violations(folder, allowed).filter((violation) => !EXCEPTIONS.includes(violation))).toEqual([]);
  });

  it('covers every folder of lib', () => {
    const covered = (path: string): boolean => Object.keys(MAY_IMPORT).some((folder) => path.startsWith(`${folder}/`));
    const sources = sourcesIn('lib');
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.filter(({ path }) => !covered(path)).map(({ path }) => path)).toEqual([]);
  });

  it.each(Object.keys(PURE_BUILTINS))('%s knows no SDK, no I/O and no clock', (folder) => {
    const allowed = (specifier: string): boolean =>
      isRelative(specifier) ||
      (PURE_BUILTINS[folder] ?? []).includes(specifier) ||
      (PURE_PACKAGES[folder] ?? []).includes(packageOf(specifier));
    expect(violations(folder, allowed)).toEqual([]);
  });

  it.each(PRODUCT)('%s runs on dependencies, not on development dependencies', (folder) => {
    const dependencies = runtimeDependencies();
    // Types of the Lambda events are erased before anything runs.
    const allowed = (specifier: string): boolean =>
      isRelative(specifier) ||
      specifier.startsWith('node:') ||
      specifier === 'aws-lambda' ||
      dependencies.has(packageOf(specifier));
    expect(violations(folder, allowed)).toEqual([]);
  });

  it.each([...PRODUCT, 'cdk', 'local', 'examples', 'bench'])('%s imports no test and no AGPL simulator', (folder) => {
    const allowed = (specifier: string, from: string): boolean =>
      !specifier.startsWith('@cloud-copilot/') && !resolveImport(from, specifier).startsWith('test/');
    expect(violations(folder, allowed)).toEqual([]);
  });
});

/** What would make the same values give another answer. */
const IMPURE = [
  /\bnew Date\(\s*\)/,
  /(?<!new )\bDate\(/,
  /\bDate\.now\b/,
  /\bMath\.random\b/,
  /\bperformance\b/,
  /\bprocess\b/,
  /\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/,
  /\bfetch\s*\(/,
  /\brandomBytes\b|\brandomUUID\b|\brandomInt\b|\bgetRandomValues\b|\bgenerateKeyPair/,
];

const impurities = (text: string): string[] =>
  IMPURE.flatMap((pattern) => pattern.exec(withoutStrings(text))?.[0] ?? []);

describe('the pure core', () => {
  it.each(['lib/contracts', 'lib/core'])('%s reads no clock, no environment and no randomness', (folder) => {
    const found = sourcesIn(folder).flatMap(({ path, text }) => impurities(text).map((what) => `${path}: ${what}`));
    expect(found).toEqual([]);
  });

  it('lib/app takes time and chance as arguments too', () => {
    const found = sourcesIn('lib/app').flatMap(({ path, text }) => impurities(text).map((what) => `${path}: ${what}`));
    expect(found).toEqual([]);
  });
});

describe('functions', () => {
  it('are at most 40 lines each: parse, call one use case, answer', () => {
    const sources = sourcesIn('functions');
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter(({ text }) => text.split('\n').length > 41).map(({ path }) => path)).toEqual([]);
  });
});

describe('the reader of sources', () => {
  it.each([
    ["import { a } from './a.ts';", ['./a.ts']],
    ["import type { A } from '../a.ts';", ['../a.ts']],
    ['import "node:fs";', ['node:fs']],
    ["export * from './a.ts';", ['./a.ts']],
    ["const a = await import('node:net');", ['node:net']],
    ["type A = import('./a.ts').A;", ['./a.ts']],
    ["import {\n  a,\n  b,\n} from 'zod';", ['zod']],
    ["// import './a.ts'\n/* from 'b' */", []],
    ["const url = 'https://x'; import './a.ts';", ['./a.ts']],
  ])('finds the imports of %j', (text, found) => {
    expect(importsOf(text)).toEqual(found);
  });

  it.each([
    ['const now = new Date();', 1],
    ['const now = Date.now();', 1],
    ['const then = new Date(text);', 0],
    ["const home = process.env['HOME'];", 1],
    ["throw new Error('the process.env of it');", 0],
    ['/** Date.now() */', 0],
    ['const id = randomUUID();', 1],
  ])('judges the purity of %j', (text, count) => {
    expect(impurities(text)).toHaveLength(count);
  });
});
