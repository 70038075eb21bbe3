import type { Directory } from '../../../lib/app/directory/ports.ts';
import type { RegistryChange } from '../../../lib/app/ports.ts';
import type { Contact, ListedApprover, RecordedApprover } from '../../../lib/core/approver.ts';
import type { Steps } from './steps.ts';

/** The people of the registry table; contacts lie apart, as they do there. */
export class MemoryDirectory implements Directory {
  readonly records = new Map<string, RecordedApprover>();
  readonly contacts = new Map<string, Contact>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly find: Directory['find'] = (id) => this.#steps.read(() => this.#listed().find(isOf(id)));

  readonly everybody: Directory['everybody'] = () => this.#steps.read(() => this.#listed());

  readonly page: Directory['page'] = ({ limit, after = '' }) =>
    this.#steps.read(() => {
      const left = this.#listed().filter(({ approver }) => approver.id > after);
      const approvers = left.slice(0, limit).map(({ approver }) => approver);
      return { approvers, next: left.length >= limit ? approvers.at(-1)?.id : undefined };
    });

  fits({ id, revision }: RecordedApprover): boolean {
    return (this.records.get(id)?.revision ?? 0) === revision - 1;
  }

  write({ approver, contact }: Extract<RegistryChange, { kind: 'approver-changed' }>): void {
    this.records.set(approver.id, structuredClone(approver));
    if (contact) this.contacts.set(approver.id, structuredClone(contact));
    else if (approver.contact_sha256 === null) this.contacts.delete(approver.id);
  }

  #listed(): ListedApprover[] {
    const inOrder = [...this.records.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return structuredClone(inOrder.map((approver) => ({ approver, contact: this.contacts.get(approver.id) })));
  }
}

function isOf(id: string) {
  return ({ approver }: ListedApprover): boolean => approver.id === id;
}
