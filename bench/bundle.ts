import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './stack.ts';

/** As cdk/constructs/bundle.ts bundles a function, so that a peer of the bench has every advantage that a function has. */
export async function bundlePeer(entry: string, outdir: string): Promise<string> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { index: entry },
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    splitting: true,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunk-[hash]',
    mainFields: ['module', 'main'],
    minify: true,
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
  return join(outdir, 'index.mjs');
}

/** A static import or re-export of a minified chunk; a lazy one has a parenthesis after `import`. */
const STATIC_IMPORT = /(?:\bfrom|\bimport)\s*["']\.\/([^"']+)["']/g;

/** The files that importing `entry` reads at once: itself and all that it imports statically. */
export function staticallyReachable(entry: string, sourceOf: (file: string) => string): Set<string> {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const [, imported] of sourceOf(file).matchAll(STATIC_IMPORT)) if (imported) reached.add(imported);
  }
  return reached;
}

/** Bytes of a bundle's code: what a cold start reads, and all of it. Source maps are not counted. */
export function bundleSize(folder: string): { readonly initial: number; readonly total: number } {
  const sources = new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.mjs'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
  const sizeOf = (names: Iterable<string>) =>
    [...names].reduce((sum, name) => sum + Buffer.byteLength(sources.get(name) ?? ''), 0);
  return {
    initial: sizeOf(staticallyReachable('index.mjs', (name) => sources.get(name) ?? '')),
    total: sizeOf(sources.keys()),
  };
}
