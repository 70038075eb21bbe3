import type { ListedApprover, RecordedApprover } from '../../core/approver.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import type { EventBody } from '../../core/events.ts';
import { approverStream, objectKey } from '../../core/layout.ts';
import { doubt } from '../doubt.ts';
import { ownKeys, type VerifyDeps } from '../gate/judge.ts';
import type { Log, Registry } from '../ports.ts';
import type { Directory } from './ports.ts';

export interface ApproversOfDeps {
  readonly directory: Pick<Directory, 'everybody'>;
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys'>;
  readonly ledger: VerifyDeps['ledger'];
  readonly store: VerifyDeps['store'];
  readonly log: Log;
}

/**
 * Those of the directory who are wanted, each as their newest signed event says: whoever could write an address into the table
 * would get the links. Who is not borne out is left out, and the log says so.
 *
 * One query, one batch read of the events, and per person who is wanted one read that finds nothing.
 */
export async function approversOf(
  { directory, registry, ledger, store, log }: ApproversOfDeps,
  isWanted: (approver: RecordedApprover) => boolean,
): Promise<readonly ListedApprover[]> {
  const listed = (await directory.everybody()).filter(({ approver }) => isWanted(approver));
  if (listed.length === 0) return [];
  const records = await ledger.findMany(listed.map(({ approver }) => approver.event));
  const keyOf = await ownKeys(registry, await registry.evidenceKey())([...records.values()]);
  const reasons = await Promise.all(
    listed.map(async ({ approver: { event, ...said } }) => {
      const says = (body: EventBody) =>
        'approver' in body && canonicalBytes(body.approver).equals(canonicalBytes(said));
      const newest = { id: said.id, revision: said.revision };
      return (
        (await doubt(store, { event, record: records.get(event), says }, keyOf)) ?? (await outdated(store, newest))
      );
    }),
  );
  const unproven = listed.flatMap(({ approver }, index) =>
    reasons[index] === undefined ? [] : [`${approver.id}: ${reasons[index]}`],
  );
  // The alarm on integrity failures counts lines of this name.
  if (unproven.length > 0) log.warn('INTEGRITY_FAILURE', { unproven_approvers: unproven });
  return listed.filter((_one, index) => reasons[index] === undefined);
}

/** A row that was put back to an earlier state has an event that is true, and is followed by another in the bucket. */
async function outdated(
  store: VerifyDeps['store'],
  { id, revision }: { readonly id: string; readonly revision: number },
): Promise<string | undefined> {
  const next = await store.read(objectKey.event(approverStream(id), revision + 1));
  return next && 'a later event says otherwise';
}
