import { DomainError } from '../core/errors.ts';
import { streamOf } from '../core/events.ts';
import type { RecordedIncident } from '../core/incident.ts';
import type { KeyHistory, RecordedKey } from '../core/key-history.ts';
import type { Principal } from '../core/registry.ts';
import { holdOf } from './hold-evidence.ts';
import { registryChange } from './manage-registry.ts';
import type { Hold, RegistryChange } from './ports.ts';
import type { readEvent } from './record-event.ts';

export type StoredEvent = ReturnType<typeof readEvent>;

/** An event and what it makes of the tables; nothing when it was interrupted and another one took its place. */
export type Replayed = { readonly event: StoredEvent } & (
  | { readonly hold: Hold }
  | { readonly incident: RecordedIncident }
  | { readonly change: RegistryChange | undefined }
);

/** Events by their subject, each stream in the order of its numbers. */
export function streamsOf(events: readonly StoredEvent[]): readonly (readonly StoredEvent[])[] {
  const streams = Map.groupBy(events, ({ body }) => streamOf(body));
  return [...streams.values()].map((stream) => stream.toSorted((a, b) => a.body.revision - b.body.revision));
}

/**
 * Makes the changes of one stream again, each from the state that the one before left.
 *
 * @throws DomainError INTEGRITY_FAILURE when a number is missing: what it said, a revocation perhaps, is not known, so none of
 * the stream is believed
 */
export function replay(stream: readonly StoredEvent[]): readonly Replayed[] {
  let principal: Principal | undefined;
  const superseded = supersededIn(stream);
  return stream.map((event, index): Replayed => {
    const { body, record } = event;
    if (body.revision !== index + 1) {
      throw new DomainError(
        'INTEGRITY_FAILURE',
        `event ${index + 1} of ${streamOf(body)} is missing, so none is applied`,
      );
    }
    if ('sha256' in body) return { event, hold: holdOf(body, record.sha256) };
    // What a promotion came to is told by its release; nothing that a gate reads is made of its events.
    if ('promotion' in body) return { event, change: undefined };
    // Each event tells all that was before it: only how it stands closes gates.
    if ('incident' in body) {
      return index === stream.length - 1
        ? { event, incident: { ...body.incident, event: record.sha256 } }
        : { event, change: undefined };
    }
    if (superseded.has(body.revision)) return { event, change: undefined };
    if (body.action === 'principal-registered' && principal) {
      throw new DomainError('INTEGRITY_FAILURE', `${streamOf(body)} is registered twice, so none of it is applied`);
    }
    const change = registryChange(body, principal, record.sha256);
    if ('principal' in change) ({ principal } = change);
    return { event, change };
  });
}

/**
 * The activations that were never in force: those between one that was and the one that it says it follows. Of the last one
 * nothing tells whether it was committed, so it counts.
 */
function supersededIn(stream: readonly StoredEvent[]): ReadonlySet<number> {
  const superseded = new Set<number>();
  let follows: number | undefined;
  for (const { body } of stream.toReversed()) {
    if (!('activation' in body)) break;
    if (follows !== undefined && body.revision > follows) superseded.add(body.revision);
    else ({ follows } = body.activation);
  }
  return superseded;
}

/** Every revision of every key that the streams tell of. */
export function keyHistory(replayed: readonly Replayed[]): KeyHistory {
  const history = new Map<string, RecordedKey[]>();
  for (const step of replayed) {
    if (!('change' in step) || step.change?.kind !== 'key-changed') continue;
    const { key, recordedAt } = step.change;
    const known = history.get(key.keyid);
    if (known) known.push({ recordedAt, key });
    else history.set(key.keyid, [{ recordedAt, key }]);
  }
  return history;
}

/** Promotions that ended otherwise than by a release. */
export function endedWithoutRelease(replayed: readonly Replayed[]): ReadonlySet<string> {
  return new Set(
    replayed.flatMap(({ event: { body } }) => (body.action === 'promotion-ended' ? [body.promotion.id] : [])),
  );
}
