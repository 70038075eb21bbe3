import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { compileCycloneDx, VALIDATOR_FILE } from '../../generated/cyclonedx-validator.ts';

describe('the generated CycloneDX validator', () => {
  it('is what the official schema compiles to', async () => {
    // Compared as a whole and not by toBe: a diff of half a megabyte helps nobody.
    const same = (await compileCycloneDx()) === readFileSync(VALIDATOR_FILE, 'utf8');
    expect(same, 'run: node test/generated/cyclonedx-validator.ts').toBe(true);
  });

  it('stays out of the bundle until a CycloneDX predicate comes, and works from there', async () => {
    const outdir = mkdtempSync(join(tmpdir(), 'countersign-bundle-'));
    onTestFinished(() => rmSync(outdir, { recursive: true }));
    const entry = fileURLToPath(new URL('../../../lib/core/predicates/index.ts', import.meta.url));
    const { metafile } = await build({
      entryPoints: { entry },
      outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      minify: true,
      metafile: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
    });
    const chunks = Object.entries(metafile.outputs);
    const holding = chunks.filter(([, { inputs }]) =>
      Object.keys(inputs).some((path) => path.endsWith('cyclonedx-1.7.js')),
    );
    const started = chunks
      .find(([path]) => path.endsWith('entry.mjs'))?.[1]
      .imports.filter(({ kind }) => kind === 'import-statement');
    expect(holding).toHaveLength(1);
    expect(started?.map(({ path }) => path)).not.toContain(holding[0]?.[0]);

    const bundled: typeof import('../../../lib/core/predicates/index.ts') = await import(
      /* @vite-ignore */ pathToFileURL(join(outdir, 'entry.mjs')).href
    );
    const bom = { bomFormat: 'CycloneDX', specVersion: '1.7' };
    await expect(bundled.validatePredicate(Predicate.cyclonedx, bom, [])).resolves.toMatchObject({ mentions: [] });
  });
});
