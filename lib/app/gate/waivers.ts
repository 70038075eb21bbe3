import { canonicalBytes } from '../../core/canonical.ts';
import { DomainError } from '../../core/errors.ts';
import type { EventBody } from '../../core/events.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import type { GateWaiver, Known } from '../../core/gate/input.ts';
import { bearsOn, gateWaiver, type RecordedWaiver, type WaiverReach } from '../../core/waiver.ts';
import { doubt } from '../doubt.ts';
import type { Log, Registry } from '../ports.ts';
import { type JudgeDeps, ownKeys } from './judge.ts';

/** Every waiver that was asked for and whose time is not over at an instant, as the registry has it. */
export async function listedWaivers({ waivers }: Pick<Registry, 'waivers'>, at: Date): Promise<Known<RecordedWaiver>> {
  try {
    const all = await waivers(at);
    return all ? { known: true, items: all } : { known: false, code: 'LIST_TOO_LONG' };
  } catch (error) {
    if (error instanceof DomainError) return { known: false, code: error.code };
    throw error;
  }
}

export interface WaiverDeps extends Omit<JudgeDeps, 'registry'> {
  readonly registry: Pick<Registry, 'evidenceKeys'>;
  readonly log: Log;
}

/**
 * The approved waivers that may bear on what is asked, each as the event says that its row names. Which of them holds, the
 * policy decides. One batch read per 100; none where no waiver reaches this far.
 *
 * A row that nothing signed bears out makes the list unknown, so that nothing is waived: the table was tampered with.
 */
export async function provenWaivers(
  deps: WaiverDeps,
  listed: Known<RecordedWaiver>,
  reach: WaiverReach,
  active: EvidenceKey | undefined,
): Promise<Known<GateWaiver>> {
  if (!listed.known) return listed;
  const near = listed.items.filter((waiver) => waiver.approver && bearsOn(waiver, reach));
  if (near.length === 0) return { known: true, items: [] };
  const records = await deps.ledger.findMany([...new Set(near.map(({ event }) => event))]);
  const keyOf = await ownKeys(deps.registry, active)([...records.values()]);
  const unproven: string[] = [];
  for (const waiver of near) {
    const { event, ...said } = waiver;
    const says = (body: EventBody) => 'waiver' in body && canonicalBytes(body.waiver).equals(canonicalBytes(said));
    const reason = await doubt(deps.store, { event, record: records.get(event), says }, keyOf);
    if (reason !== undefined) unproven.push(`${waiver.id}: ${reason}`);
  }
  if (unproven.length === 0) return { known: true, items: near.flatMap((waiver) => gateWaiver(waiver) ?? []) };
  // The alarm on integrity failures counts lines of this name.
  deps.log.warn('INTEGRITY_FAILURE', { unproven_waivers: unproven });
  return { known: false, code: 'WAIVER_UNPROVEN' };
}
