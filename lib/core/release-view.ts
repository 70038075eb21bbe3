import type { ReleaseView, TimelinePage } from './pages/model.ts';
import type { RecordedRelease } from './release.ts';

/**
 * The page that shows what served on an endpoint.
 *
 * @param releases - newest first
 */
export function timelineOf(
  endpoint: string,
  releases: readonly RecordedRelease[],
  { at, more }: Pick<TimelinePage, 'at' | 'more'>,
): TimelinePage {
  return { endpoint, environment: releases[0]?.environment ?? null, at, releases: releases.map(viewOf), more };
}

function viewOf(release: RecordedRelease): ReleaseView {
  const { served, requested_by, confirmed_by, approvals, evidence, kind } = release;
  const people = [requested_by, confirmed_by].flatMap((one) => (one ? [one.principal ?? one.unique_id] : []));
  return {
    kind: kindOf(release),
    at: release.released_at,
    model: served && { name: null, sha256: served.model },
    image: served?.image ?? null,
    requester: people.join(', '),
    approvedBy: approvals.map(({ person, role }) => ({ person, role })),
    evidence,
    reason: reasonOf(release),
    emergency: kind !== 'promotion',
  };
}

function kindOf({ kind, served, unreleased_config }: RecordedRelease): ReleaseView['kind'] {
  if (kind !== 'rollback') return 'released';
  return (served ?? unreleased_config) ? 'rolled_back' : 'removed';
}

function reasonOf({ reason, unreleased_config }: RecordedRelease): string {
  return unreleased_config === null ? reason : `${reason} (${unreleased_config} serves, which no release put there)`;
}
