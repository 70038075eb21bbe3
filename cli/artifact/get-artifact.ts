import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { unreliable } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { CliError, systemMessage, UnavailableError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { progressBar } from '../progress.ts';
import { DEFAULT_RETRY, nextDelay } from '../retry.ts';

/**
 * Fetches an artifact into a file, which appears only when every byte of it is there and its digest is the one asked for.
 *
 * @returns its size in bytes
 */
export async function getArtifact(
  api: ApiClient,
  sha256: string,
  output: string,
  notify: (message: string) => void = () => {},
): Promise<number> {
  const partial = `${output}.partial`;
  let waited = 0;
  try {
    for (let attempt = 1; ; attempt++) {
      const outcome = await download(await contentUrl(api, sha256), partial);
      if ('digest' in outcome) {
        if (outcome.digest !== sha256) {
          throw new CliError(`what came has the digest ${outcome.digest}, not ${sha256}`, ExitCode.REFUSED);
        }
        await rename(partial, output);
        return outcome.size;
      }
      const delay = nextDelay(DEFAULT_RETRY, { attempt, waited }, Math.random());
      if (delay === undefined) throw new UnavailableError(`${outcome.failed}; gave up after ${attempt} attempts`);
      notify(`${outcome.failed}; trying again in ${(delay / 1000).toFixed(1)} s`);
      await sleep(delay);
      waited += delay;
    }
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** A link that holds for minutes and for its bearer; it is shown to nobody. */
async function contentUrl(api: ApiClient, sha256: string): Promise<string> {
  const { headers } = await api.send({ method: 'GET', path: apiPath('/v1/artifacts/{sha256}/content', { sha256 }) });
  const location = headers.get('location');
  if (location === null) throw unreliable('it names no place to fetch the bytes from');
  return location;
}

async function download(url: string, file: string) {
  const hash = createHash('sha256');
  let size = 0;
  try {
    const response = await fetch(url);
    if (!response.ok || !response.body) return { failed: `S3 answers ${response.status}` };
    const bar = progressBar('fetching', Number(response.headers.get('content-length') ?? 0));
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        bar.add(chunk.length);
        done(null, chunk);
      },
    });
    await pipeline(response.body, tap, createWriteStream(file)).finally(() => bar.stop());
  } catch (error) {
    const disk = error instanceof Error && 'syscall' in error && 'path' in error;
    if (disk)
      throw new CliError(`${file} cannot be written: ${systemMessage(error)}`, ExitCode.USAGE, { cause: error });
    return { failed: `the download was interrupted (${systemMessage(error)})` };
  }
  return { digest: hash.digest('hex'), size };
}
