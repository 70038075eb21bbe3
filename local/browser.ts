import { createReadStream, createWriteStream } from 'node:fs';
import { access, chmod, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

/**
 * Starts the Chromium that comes inside an npm package, so that neither tests nor the tour of one machine download a browser or
 * depend on one that happens to be there. Whoever calls it closes it.
 *
 * Of the package only the binary is used: the flags that it recommends are those of a Lambda function, and switch off what a test
 * wants to see at work, such as the browser's own security.
 */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await unpacked(), chromiumSandbox: false, args: ['--disable-gpu'] });
}

/** Unpacks it once per version, beside what else is made on this machine. */
async function unpacked(): Promise<string> {
  const home = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../..');
  const { version }: { readonly version: string } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
  const folder = join(import.meta.dirname, '..', '.countersign', `chromium-${version}`);
  const binary = join(folder, 'chromium');
  if (await exists(binary)) return binary;
  await mkdir(folder, { recursive: true });
  // Two who unpack at once each rename a whole file into place.
  const partial = `${binary}.${process.pid}`;
  try {
    await pipeline(
      createReadStream(join(home, 'bin', 'chromium.br')),
      createBrotliDecompress(),
      createWriteStream(partial),
    );
    await chmod(partial, 0o700);
    await rename(partial, binary);
  } finally {
    await rm(partial, { force: true });
  }
  return binary;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
