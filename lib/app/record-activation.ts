import { DomainError } from '../core/errors.ts';
import type { ActivationEvent } from '../core/events.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import type { Activation } from '../core/policy.ts';
import type { CountersignDeps } from './countersign.ts';
import { type Changed, registryChange } from './manage-registry.ts';
import type { Ledger, Registry } from './ports.ts';
import { type RecordedEvent, storeEvent } from './record-event.ts';

export interface RecordActivationDeps extends CountersignDeps {
  readonly registry: Pick<Registry, 'apply' | 'evidenceKeys'>;
  readonly ledger: Pick<Ledger, 'commit'>;
}

/**
 * Stores the event of an activation and puts it in force.
 *
 * Crash after the event's put: an activation that nobody was told of and that never comes into force, because gates go on to
 * decide by the one before, and what they decided must stay true of that time. Whoever meets it makes it evidence without its
 * change, after which its own commit is refused however late it comes, and takes the next number.
 *
 * @param wanted - numbered after the activation that it follows
 * @param newest - the activation that nothing has taken the place of yet, read consistently
 * @throws DomainError REVISION_CONFLICT when another one came first
 */
export async function recordActivation(
  deps: RecordActivationDeps,
  wanted: ActivationEvent,
  newest: () => Promise<Activation | undefined>,
  key: EvidenceKey,
): Promise<Changed<Activation>> {
  const { sha256, follows } = wanted.activation;
  let activation = wanted.activation;
  let event = await storeEvent(deps, wanted, sha256, key);
  while (event.resumed) {
    await supersede(deps, event, follows, newest);
    activation = { ...activation, revision: activation.revision + 1 };
    event = await storeEvent(deps, { ...wanted, revision: activation.revision, activation }, sha256, key);
  }
  const { record, entries } = event;
  const change = registryChange({ ...wanted, revision: activation.revision, activation }, undefined, record.sha256);
  const outcome = await deps.registry.apply(record, entries, change);
  // 'exists' may be our own commit, sent again after its answer was lost.
  const isMade = outcome === 'committed' || (await newest())?.revision === activation.revision;
  if (!isMade) throw anotherCame();
  return { created: true, value: activation, event: record.sha256 };
}

async function supersede(
  { ledger }: RecordActivationDeps,
  { record, entries }: RecordedEvent,
  follows: number,
  newest: () => Promise<Activation | undefined>,
): Promise<void> {
  if ((await ledger.commit(record, entries, undefined)) === 'committed') return;
  // It was committed already: in force, or by somebody who superseded it and has not come further yet.
  if (((await newest())?.revision ?? 0) !== follows) throw anotherCame();
}

function anotherCame(): DomainError {
  return new DomainError('REVISION_CONFLICT', 'another activation came first; this one was not made', {
    hint: '`countersign policy list` shows what is in force',
    retryAfterMs: 1000,
  });
}
