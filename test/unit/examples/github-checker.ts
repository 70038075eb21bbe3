import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

type Checker = Pick<typeof import('@actions/languageservice'), 'validate'> &
  Pick<typeof import('vscode-languageserver-textdocument'), 'TextDocument'>;

/**
 * GitHub's own checker of workflows and actions. The package is made for bundlers: it imports JSON without the attribute that
 * Node asks for. So it is bundled first.
 */
export function githubChecker(): Checker {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-checker-'));
  const outfile = join(folder, 'checker.cjs');
  try {
    const contents = `
      export { validate } from '@actions/languageservice';
      export { TextDocument } from 'vscode-languageserver-textdocument';`;
    const stdin = { contents, resolveDir: import.meta.dirname };
    buildSync({ stdin, outfile, bundle: true, format: 'cjs', platform: 'node' });
    return createRequire(import.meta.url)(outfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
