import type { Command } from 'commander';
import * as z from 'zod/mini';
import { SHA256_HEX } from '../../lib/core/digest.ts';
import { type RecordedRelease, RecordedReleaseSchema } from '../../lib/core/release.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { UsageError } from '../errors.ts';
import { instant } from '../options.ts';
import { releaseAtLines, releaseList } from '../releases/lines.ts';
import { Shell, writeBytes } from '../shell.ts';

interface ReleasesOptions {
  readonly at?: string;
  readonly html?: string;
}

export function addReleases(program: Command): void {
  program
    .command('releases')
    .description('what was released on an endpoint, or of a model: when, by whom, under which decision')
    .argument('<endpoint>', 'SageMaker endpoint, or the SHA-256 of a model')
    .option('--at <time>', 'what was released there then, such as 2027-02-21T12:34:56Z', instant)
    .option('--html <file>', 'also write the time line as a page, with a picture of it')
    .addHelpText(
      'after',
      `
Releases come newest first. Each is a signed statement: \`countersign show evidence\` fetches it by the digest at the end of its line.

Examples:
  countersign releases fraud
  countersign releases fraud --at 2027-02-21T12:00:00Z
  countersign releases fraud --html timeline.html`,
    )
    .action(async (of: string, { at, html }: ReleasesOptions, command: Command) => {
      const shell = new Shell(command);
      const isModel = SHA256_HEX.test(of);
      if (isModel && (at !== undefined || html !== undefined)) {
        throw new UsageError('--at and --html are about an endpoint, not a model');
      }
      if (html !== undefined) {
        const page = apiPath('/v1/releases/{endpoint}/timeline', { endpoint: of });
        await writeBytes(html, await shell.api().bytes(page));
      }
      const path = isModel
        ? apiPath('/v1/models/{sha256}/releases', { sha256: of })
        : apiPath('/v1/releases/{endpoint}', { endpoint: of });
      if (at !== undefined) {
        const answer = await shell.api().json({ method: 'GET', path, query: { at } });
        shell.result(answer, releaseAtLines(answer));
        return;
      }
      const releases = await allReleases(shell.api(), path);
      shell.result({ releases }, releaseList(releases));
    });
}

const PageSchema = z.object({ releases: z.array(RecordedReleaseSchema), next: z.nullable(z.string()) });

async function allReleases(api: ApiClient, path: string): Promise<readonly RecordedRelease[]> {
  const releases: RecordedRelease[] = [];
  let cursor: string | null = null;
  do {
    const query: Readonly<Record<string, string>> = cursor === null ? {} : { cursor };
    const page: z.output<typeof PageSchema> = readAnswer(PageSchema, await api.json({ method: 'GET', path, query }));
    releases.push(...page.releases);
    cursor = page.next;
  } while (cursor !== null);
  return releases;
}
