import { isDeepStrictEqual } from 'node:util';
import type { Hold, RegistryChange } from '../../../lib/app/ports.ts';
import type { TableWriter } from '../../../lib/app/reindex.ts';
import type { EvidenceRecord, IndexEntry } from '../../../lib/core/evidence.ts';
import { activationStream } from '../../../lib/core/layout.ts';
import { Crash } from './steps.ts';

interface Item {
  readonly value: unknown;
  /** Of an item that holds a current state. */
  readonly revision?: number;
}

/** Tables by the names of their items, as a rebuild fills them: what is newer stays, what says otherwise is replaced. */
export class MemoryTables implements TableWriter {
  readonly items = new Map<string, Item>();
  /** Writes after which the process dies. */
  crashAfter = Number.POSITIVE_INFINITY;

  readonly evidence: TableWriter['evidence'] = async (record: EvidenceRecord, entries: readonly IndexEntry[]) =>
    this.#write([
      [`${record.kind === 'artifact' ? 'artifact' : 'evidence'} ${record.sha256}`, { value: record }],
      ...(record.statement_identity === undefined
        ? []
        : [[`statement ${record.statement_identity}`, { value: record.sha256 }] as const]),
      ...entries.map((entry) => [`${entry.pk} ${entry.sk}`, { value: entry }] as const),
    ]);

  readonly registry: TableWriter['registry'] = async (change: RegistryChange) => {
    switch (change.kind) {
      case 'principal-created': {
        const { principal } = change;
        return this.#write([
          [`caller ${principal.unique_id}`, { value: principal, revision: principal.revision }],
          [`principal ${principal.name}`, { value: principal.unique_id }],
        ]);
      }
      case 'key-changed': {
        const { principal, key, recordedAt } = change;
        return this.#write([
          [`caller ${principal.unique_id}`, { value: principal, revision: principal.revision }],
          [`key ${key.keyid} ${recordedAt} ${key.revision}`, { value: key }],
          [`owner ${key.keyid}`, { value: principal.name }],
        ]);
      }
      case 'evidence-key-activated':
        return this.#write([
          ['evidence-key', { value: change.key, revision: change.key.revision }],
          [`evidence-key ${change.key.keyid}`, { value: change.key }],
        ]);
      case 'policy-changed':
        return this.#write([
          [`policy ${change.policy.sha256}`, { value: change.policy, revision: change.policy.revision }],
        ]);
      case 'waiver-changed':
        return this.#write([
          [`waiver ${change.waiver.id}`, { value: change.waiver, revision: change.waiver.revision }],
        ]);
      case 'approver-changed': {
        const { approver, contact } = change;
        const { id, revision } = approver;
        const beside = contact || approver.contact_sha256 === null;
        return this.#write([
          [`approver ${id}`, { value: approver, revision }],
          ...(beside ? [[`contact ${id}`, { value: contact, revision }] as const] : []),
        ]);
      }
      case 'webhook-changed': {
        const { webhook, sealed } = change;
        const { id, revision } = webhook;
        return this.#write([
          [`webhook ${id}`, { value: webhook, revision }],
          ...(sealed ? [[`secrets ${id}`, { value: sealed, revision }] as const] : []),
        ]);
      }
      case 'policy-activated': {
        const { activation } = change;
        const name = activationStream(activation.slot?.name);
        return this.#write([
          [name, { value: activation, revision: activation.revision }],
          [`${name} ${activation.revision}`, { value: activation }],
        ]);
      }
    }
  };

  readonly hold: TableWriter['hold'] = async (hold: Hold) =>
    this.#write([[`hold ${hold.sha256}`, { value: hold, revision: hold.revision }]]);

  readonly incident: TableWriter['incident'] = async (incident) =>
    this.#write([[`incident ${incident.id}`, { value: incident, revision: incident.revision }]]);

  readonly approval: TableWriter['approval'] = async (approval) =>
    this.#write([[`approval ${approval.evidence}`, { value: approval }]]);

  readonly release: TableWriter['release'] = async (release) =>
    this.#write([[`release ${release.endpoint} ${release.released_at}`, { value: release }]]);

  /** A current state, by its name. */
  current(name: string): unknown {
    return this.items.get(name)?.value;
  }

  #write(items: readonly (readonly [name: string, item: Item])[]): string[] {
    return items.flatMap(([name, given]) => {
      const item = structuredClone(given);
      const standing = this.items.get(name);
      if ((standing?.revision ?? 0) > (item.revision ?? 0) || isDeepStrictEqual(standing, item)) return [];
      if (this.crashAfter-- <= 0) throw new Crash('the rebuild died');
      this.items.set(name, item);
      return standing && standing.revision === item.revision ? [name] : [];
    });
  }
}
