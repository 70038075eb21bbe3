import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { FunctionName } from '../names.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the output would lie in the repository. Source maps name sources relative to it, so it must not vary. */
const NOMINAL_OUTPUT = join(ROOT, 'dist/functions');

/** A CommonJS package inside an ES module bundle calls `require`, which ES modules do not have. */
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);";

/** Removed when this process ends; by then CDK has copied what it needs. */
const scratch = mkdtempSync(join(tmpdir(), 'countersign-bundles-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

const bundled = new Map<FunctionName, string>();

/** The folder of a function's bundle, built once per process. */
export function bundleOf(name: FunctionName): string {
  const folder = bundled.get(name) ?? bundleFunction(name);
  bundled.set(name, folder);
  return folder;
}

/**
 * Bundles `functions/<name>.ts` into a fresh temporary folder: `index.mjs` exporting `handler`, its lazily imported
 * chunks and their source maps. The same sources give the same bytes, so CDK sees a change only where there is one.
 *
 * @returns the folder
 * @throws Error with esbuild's messages when the sources do not bundle
 */
export function bundleFunction(name: FunctionName): string {
  const { outputFiles } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: { index: `functions/${name}.ts` },
    outdir: join(NOMINAL_OUTPUT, name),
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // A lazy import stays a file of its own, which a cold start that does not need it does not read.
    splitting: true,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunk-[hash]',
    // The ES module flavour of a package is the one that can be shaken; the SDK's is half the size of its CommonJS.
    mainFields: ['module', 'main'],
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    banner: { js: REQUIRE_BANNER },
    logLevel: 'silent',
  });
  const folder = mkdtempSync(join(scratch, `${name}-`));
  for (const file of outputFiles) writeFileSync(join(folder, basename(file.path)), file.contents);
  return folder;
}
