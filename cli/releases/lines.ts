import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { type RecordedRelease, RecordedReleaseSchema } from '../../lib/core/release.ts';
import { readAnswer } from '../answers.ts';
import { table } from '../shell.ts';

const AtSchema = z.object({
  at: z.string(),
  release: z.nullable(RecordedReleaseSchema),
  until: z.nullable(z.string()),
});

/** What was released at a time. */
export function releaseAtLines(answer: JsonObject): readonly string[] {
  const { at, release, until } = readAnswer(AtSchema, answer);
  if (!release) return [`at ${at}, nothing had been released there`];
  const { served, approvals, policies, waivers, request_decision, release_decision } = release;
  return table([
    ['at', at],
    ['what', whatOf(release)],
    ['model', served?.model],
    ['image', served && printable(served.image)],
    ['card', served?.card],
    ['from', release.released_at],
    ['until', until ?? 'now'],
    ['environment', release.environment],
    ['asked by', peopleOf(release)],
    ['reason', printable(release.reason)],
    ...approvals.map(
      ({ role, person, decided_at }) => ['approved', `${role}: ${printable(person)} at ${decided_at}`] as const,
    ),
    ['request gate', request_decision?.evidence],
    ['release gate', release_decision?.evidence],
    ...policies.map(({ slot, sha256 }) => ['policy', `${slot} ${sha256}`] as const),
    ['waivers', waivers.join(', ')],
    ['restores', release.restores],
    ['promotion', release.promotion],
    ['evidence', release.evidence],
  ]);
}

/** A line per release, newest first. */
export function releaseList(releases: readonly RecordedRelease[]): readonly string[] {
  return releases.map((one) =>
    [
      one.released_at,
      whatOf(one).padEnd(11),
      one.served ? one.served.model.slice(0, 12) : '-'.padEnd(12),
      one.endpoint,
      `by ${peopleOf(one)}`,
      one.evidence,
    ].join('  '),
  );
}

function whatOf({ kind, served, unreleased_config }: RecordedRelease): string {
  if (kind === 'break_glass') return 'break glass';
  if (kind === 'promotion') return 'released';
  if (served) return 'rolled back';
  return unreleased_config === null ? 'removed' : `put back ${printable(unreleased_config)}`;
}

function peopleOf({ requested_by, confirmed_by }: RecordedRelease): string {
  const people = [requested_by, confirmed_by].flatMap((one) => (one ? [one.principal ?? one.arn] : []));
  return people.map(printable).join(', ');
}
