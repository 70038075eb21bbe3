import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Check } from './support/checks.ts';
import { type CommandResult, refused, run, succeeded } from './support/command.ts';
import type { Evidence, Signed } from './support/evidence.ts';
import { flipBit } from './support/tamper.ts';

const FORMATS = resolve(import.meta.dirname, '../../docs/formats.md');

/** The shell lines of docs/formats.md need openssl, jq and nothing of ours. */
export async function opensslVerifies(check: Check, { manifest, receipt }: Evidence, folder: string): Promise<void> {
  const script = /<!-- example openssl -->\n```sh\n([\s\S]*?)```/.exec(await readFile(FORMATS, 'utf8'))?.[1];
  if (script === undefined) throw new Error('docs/formats.md has no example openssl');
  const env = { PATH: process.env.PATH };
  succeeded(await run('openssl', ['version'], { env }));
  succeeded(await run('jq', ['--version'], { env }));

  /** Runs the lines in a folder of their own, over the files that they name. */
  async function verify(signed: Signed): Promise<CommandResult> {
    const cwd = await mkdtemp(join(folder, 'openssl-'));
    await copyFile(signed.bundle, join(cwd, 'receipt.sigstore.json'));
    await copyFile(signed.publicKey, join(cwd, 'evidence-key.pem'));
    return run('sh', ['-eu', '-c', script ?? ''], { cwd, env });
  }

  for (const [name, signed] of Object.entries({ manifest, receipt })) {
    await check(`the shell lines of docs/formats.md verify the ${name}'s signature`, async () => {
      succeeded(await verify(signed));
    });
    for (const part of ['payload', 'sig'] as const) {
      await check(
        `the shell lines of docs/formats.md refuse the ${name} with a bit flipped in its ${part}`,
        async () => {
          refused(
            await verify({ ...signed, bundle: await flipBit(signed.bundle, part, folder) }),
            /Verification failure/,
          );
        },
      );
    }
  }
  await check("the shell lines of docs/formats.md refuse the receipt under the producer's key", async () => {
    refused(await verify({ ...receipt, publicKey: manifest.publicKey }), /Verification failure/);
  });
}
