import type { Approvals, Links, Visits } from '../../../lib/app/approvals/ports.ts';
import type { GateRows } from '../../../lib/app/gate/record.ts';
import type { Asks, Promotions } from '../../../lib/app/promotion/ports.ts';
import type { RecordedApproval } from '../../../lib/core/approvals/approval.ts';
import type { Link } from '../../../lib/core/approvals/link.ts';
import { isSameEndpoint } from '../../../lib/core/layout.ts';
import { type Ask, isOver, type Promotion } from '../../../lib/core/promotion.ts';
import type { MemoryLedger } from './ledger.ts';
import type { Steps } from './steps.ts';

/** The workflow table as approvals use it: promotions with their asks, links, and what people decided. */
export class MemoryApprovals implements Approvals {
  readonly promotions = new Map<string, Promotion>();
  readonly asks = new Map<string, Ask>();
  readonly links = new Map<string, Link>();
  readonly rows = new Map<string, RecordedApproval>();
  readonly #steps: Steps;
  readonly #ledger: MemoryLedger;

  constructor(steps: Steps, ledger: MemoryLedger) {
    this.#steps = steps;
    this.#ledger = ledger;
  }

  readonly promotionPort: Pick<Promotions, 'ended' | 'find' | 'save'> = {
    find: (id) =>
      this.#steps.read(() => {
        const promotion = this.promotions.get(id);
        const asks = [...this.asks.values()].filter((ask) => ask.promotion === id);
        return promotion && structuredClone({ promotion, asks });
      }),
    save: (promotion) =>
      this.#steps.take('save-promotion', () => this.#write(this.promotions, promotion.id, promotion)),
    ended: (endpoint) =>
      this.#steps.read(() =>
        [...this.promotions.values()].filter((one) => isSameEndpoint(one.endpoint, endpoint) && isOver(one)),
      ),
  };

  readonly askPort: Pick<Asks, 'save'> = {
    save: (ask) => this.#steps.take('save-ask', () => this.#write(this.asks, nameOf(ask), ask)),
  };

  readonly linkPort: Links = {
    find: (id) => this.#steps.read(() => structuredClone(this.links.get(id))),
    save: (link) => this.#steps.take('save-link', () => this.#write(this.links, link.id, link)),
  };

  readonly visits: Visits = {
    find: (link, id, roles) =>
      this.#steps.read(() => {
        const asks = roles.flatMap((role) => this.asks.get(nameOf({ promotion: id, role })) ?? []);
        return structuredClone({ link: this.links.get(link), promotion: this.promotions.get(id), asks });
      }),
  };

  readonly ask: Approvals['ask'] = (ask, links, promotion) =>
    this.#steps.take('ask-people', () => {
      if (!this.#stillAsks(promotion) || !this.#write(this.asks, nameOf(ask), ask)) return false;
      for (const link of links) this.#write(this.links, link.id, link);
      return true;
    });

  readonly claim: Approvals['claim'] = (ask, link, { promotion, others }) =>
    this.#steps.take('claim-approval', () => {
      const holds =
        this.#stillAsks(promotion) &&
        isNext(this.asks.get(nameOf(ask)), ask) &&
        isNext(this.links.get(link.id), link) &&
        others.every((other) => (this.asks.get(nameOf(other))?.revision ?? 0) === other.revision);
      if (!holds) return false;
      this.#write(this.asks, nameOf(ask), ask);
      return this.#write(this.links, link.id, link);
    });

  readonly give: Approvals['give'] = (rows, approval, ask) =>
    this.#steps.take('give-approval', () => {
      const holds = ask === undefined || isNext(this.asks.get(nameOf(ask)), ask);
      if (!holds || this.rows.has(approval.evidence) || !this.#commit(rows)) return false;
      this.rows.set(approval.evidence, structuredClone(approval));
      return ask === undefined || this.#write(this.asks, nameOf(ask), ask);
    });

  readonly end: Approvals['end'] = (rows, approval, ask) =>
    this.#steps.take('end-approval', () => {
      const isStanding = this.rows.get(approval.evidence)?.ended_at === null;
      const holds = ask === undefined || isNext(this.asks.get(nameOf(ask)), ask);
      if (!isStanding || !holds || !this.#commit(rows)) return false;
      this.rows.set(approval.evidence, structuredClone(approval));
      return ask === undefined || this.#write(this.asks, nameOf(ask), ask);
    });

  readonly of: Approvals['of'] = (model) =>
    this.#steps.read(() => structuredClone([...this.rows.values()].filter((row) => row.model === model)));

  #stillAsks({ id, state, round, request_decision }: Promotion): boolean {
    const standing = this.promotions.get(id);
    return (
      standing?.state === state &&
      standing.round === round &&
      standing.abort === null &&
      standing.request_decision?.evidence === request_decision?.evidence
    );
  }

  #commit({ record, entries }: GateRows): boolean {
    if (this.#ledger.holds(record)) return false;
    this.#ledger.write(record, entries);
    return true;
  }

  #write<T extends { readonly revision: number }>(table: Map<string, T>, name: string, item: T): boolean {
    if (!isNext(table.get(name), item)) return false;
    table.set(name, structuredClone(item));
    return true;
  }
}

interface Revised {
  readonly revision: number;
}

function isNext(standing: Revised | undefined, { revision }: Revised): boolean {
  return (standing?.revision ?? 0) === revision - 1;
}

function nameOf({ promotion, role }: Pick<Ask, 'promotion' | 'role'>): string {
  return `${promotion} ${role}`;
}
