import { canonicalBytes } from '../../core/canonical.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceRecord } from '../../core/evidence.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import type { GateRelease, Known } from '../../core/gate/input.ts';
import type { PublicKey } from '../../core/keys.ts';
import { gateReleases, parseRelease, type RecordedRelease } from '../../core/release.ts';
import type { Releases } from '../promotion/releases.ts';
import { bytesOf, ownKeys } from './judge.ts';
import type { WaiverDeps } from './waivers.ts';

/** How far back a gate looks: as many ways back are enough. */
const GATE_RELEASES = 20;

/** The newest releases of an endpoint, as the workflow table has them. */
export async function listedReleases(
  releases: Pick<Releases, 'list'>,
  endpoint: string,
  notAfter: Date | undefined,
): Promise<Known<RecordedRelease>> {
  try {
    const { items } = await releases.list(endpoint, { limit: GATE_RELEASES, notAfter: notAfter?.toISOString() });
    return { known: true, items };
  } catch (error) {
    if (error instanceof DomainError) return { known: false, code: error.code };
    throw error;
  }
}

/**
 * The releases that a rollback may lead to, each as its signed statement says, and each named by the one after it: a row that
 * was made up, changed or taken out of the middle makes the list unknown. One batch read; none where nothing was released.
 *
 * @param listed - newest first, as the workflow table has them
 */
export async function provenReleases(
  deps: WaiverDeps,
  listed: Known<RecordedRelease>,
  active: EvidenceKey | undefined,
): Promise<Known<GateRelease>> {
  if (!listed.known || listed.items.length === 0) return listed.known ? { known: true, items: [] } : listed;
  const records = await deps.ledger.findMany(listed.items.map(({ evidence }) => evidence));
  const keyOf = await ownKeys(deps.registry, active)([...records.values()]);
  const unproven: string[] = [];
  for (const [index, release] of listed.items.entries()) {
    const later = listed.items[index - 1];
    const reason =
      later && later.previous !== release.evidence
        ? 'the release after it names another one'
        : await doubt(deps, release, records.get(release.evidence), keyOf);
    if (reason !== undefined) unproven.push(`${release.promotion}: ${reason}`);
  }
  if (unproven.length === 0) return { known: true, items: gateReleases(listed.items) };
  // The alarm on integrity failures counts lines of this name.
  deps.log.warn('INTEGRITY_FAILURE', { unproven_releases: unproven });
  return { known: false, code: 'RELEASE_UNPROVEN' };
}

/** @returns why the statement does not bear the row out; undefined when it does */
async function doubt(
  { store }: Pick<WaiverDeps, 'store'>,
  { evidence, ...row }: RecordedRelease,
  record: EvidenceRecord | undefined,
  keyOf: (keyid: string) => PublicKey | undefined,
): Promise<string | undefined> {
  const bytes = record && (await bytesOf(store, record));
  if (!bytes || sha256Hex(bytes) !== evidence) return 'its statement cannot be had';
  try {
    const { release } = parseRelease(openCountersigned(bytes, keyOf).statement);
    return canonicalBytes(release).equals(canonicalBytes(row)) ? undefined : 'its statement says otherwise';
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}
