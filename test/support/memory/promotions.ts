import type { GateRows } from '../../../lib/app/gate/record.ts';
import type {
  Asks,
  Endpoints,
  Lease,
  Promotions,
  StatedPromotions,
  Tokens,
  Waiting,
  Waits,
} from '../../../lib/app/promotion/ports.ts';
import { endpointKey, isSameEndpoint } from '../../../lib/core/layout.ts';
import { type Ask, isOver, type Promotion } from '../../../lib/core/promotion.ts';
import type { MemoryLedger } from './ledger.ts';
import type { MemoryReleases } from './releases.ts';
import { InvariantBroken, type Steps } from './steps.ts';

/** The workflow table's promotions and what is asked in them: revisions count up by one. */
export class MemoryPromotions implements Promotions {
  readonly promotions = new Map<string, Promotion>();
  readonly asked = new Map<string, Ask>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly find: Promotions['find'] = (id) =>
    this.#steps.read(() => {
      const promotion = this.promotions.get(id);
      const asks = [...this.asked.values()].filter((ask) => ask.promotion === id);
      return promotion && structuredClone({ promotion, asks });
    });

  readonly save: Promotions['save'] = (promotion) => this.#steps.take('save-promotion', () => this.write(promotion));

  /** The part of a transaction that concerns a promotion. @returns false when it does not stand at the revision before */
  write(promotion: Promotion): boolean {
    const before = this.promotions.get(promotion.id);
    if ((before?.revision ?? 0) !== promotion.revision - 1) return false;
    if (before && isOver(before) && before.state !== promotion.state) {
      throw new InvariantBroken(`${promotion.id} has ended as ${before.state}`);
    }
    this.promotions.set(promotion.id, structuredClone(promotion));
    return true;
  }

  readonly open: Promotions['open'] = () =>
    this.#steps.read(() => [...this.promotions.values()].filter((one) => !isOver(one)));

  readonly ended: Promotions['ended'] = (endpoint) =>
    this.#steps.read(() =>
      [...this.promotions.values()]
        .filter((one) => isSameEndpoint(one.endpoint, endpoint) && isOver(one))
        .toSorted((a, b) => ((a.ended_at ?? '') < (b.ended_at ?? '') ? 1 : -1)),
    );

  readonly asks: Pick<Asks, 'save'> = {
    save: (ask) =>
      this.#steps.take('save-ask', () => {
        const key = `${ask.promotion}/${ask.role}`;
        if ((this.asked.get(key)?.revision ?? 0) !== ask.revision - 1) return false;
        this.asked.set(key, structuredClone(ask));
        return true;
      }),
  };
}

/** Promotions and the evidence of what they became, over the tables of both. */
export class MemoryStatedPromotions implements StatedPromotions {
  readonly #steps: Steps;
  readonly #promotions: MemoryPromotions;
  readonly #ledger: MemoryLedger;
  readonly #releases: MemoryReleases;

  constructor(steps: Steps, promotions: MemoryPromotions, ledger: MemoryLedger, releases: MemoryReleases) {
    this.#steps = steps;
    this.#promotions = promotions;
    this.#ledger = ledger;
    this.#releases = releases;
  }

  readonly save: StatedPromotions['save'] = (promotion, evidence) =>
    this.#steps.take('state-promotion', () => this.#write(promotion, evidence));

  readonly seal: StatedPromotions['seal'] = (promotion, evidence, release, model) =>
    this.#steps.take('seal-release', () => {
      const isWritten = this.#write(promotion, evidence);
      if (isWritten) this.#releases.write(release, model);
      return isWritten;
    });

  #write(promotion: Promotion, { record, entries }: GateRows): boolean {
    if (!this.#promotions.write(promotion)) return false;
    if (!this.#ledger.holds(record)) this.#ledger.write(record, entries);
    return true;
  }
}

/** Leases, and those who wait for one. */
export class MemoryEndpoints implements Endpoints {
  readonly leases = new Map<string, Lease>();
  readonly queue = new Map<string, Waiting & { readonly endpoint: string }>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly find: Endpoints['find'] = (endpoint) =>
    this.#steps.read(() => {
      const waiting = [...this.queue.values()]
        .filter((one) => isSameEndpoint(one.endpoint, endpoint))
        .toSorted((a, b) => (a.requested_at + a.promotion < b.requested_at + b.promotion ? -1 : 1))
        .map(({ endpoint: _, ...one }) => one);
      return structuredClone({ lease: this.leases.get(endpointKey(endpoint)), waiting });
    });

  readonly take: Endpoints['take'] = (lease, before) =>
    this.#steps.take('take-lease', () => {
      const now = this.leases.get(endpointKey(lease.endpoint));
      if (now?.revision !== before?.revision || now?.promotion !== before?.promotion) return false;
      this.leases.set(endpointKey(lease.endpoint), lease);
      return true;
    });

  readonly renew: Endpoints['renew'] = async (endpoint, promotion, until) => {
    const lease = this.leases.get(endpointKey(endpoint));
    if (lease?.promotion !== promotion) return false;
    if (lease.until < until) this.leases.set(endpointKey(endpoint), { ...lease, until, revision: lease.revision + 1 });
    return true;
  };

  readonly giveBack: Endpoints['giveBack'] = (endpoint, promotion) =>
    this.#steps.take('give-back', () => {
      if (this.leases.get(endpointKey(endpoint))?.promotion === promotion) this.leases.delete(endpointKey(endpoint));
    });

  readonly enqueue: Endpoints['enqueue'] = (endpoint, waiting) =>
    this.#steps.take('enqueue', () => void this.queue.set(waiting.promotion, { ...waiting, endpoint }));

  readonly dequeue: Endpoints['dequeue'] = (_endpoint, { promotion }) =>
    this.#steps.take('dequeue', () => void this.queue.delete(promotion));
}

/** Seals by writing the context beside the token, and opens in that context only. */
export const memoryTokens: Tokens = {
  seal: async (token, context) => JSON.stringify([token, context]),
  open: async (sealed, context) => {
    const [token, sealedFor]: [string, object] = JSON.parse(sealed);
    if (JSON.stringify(sealedFor) === JSON.stringify(context)) return token;
    throw new InvariantBroken(`a token is opened for ${JSON.stringify(context)}`);
  },
};

/** Waits that were ended, by their tokens; each ends once. */
export class MemoryWaits implements Waits {
  /** Null of one that succeeded. */
  readonly ended = new Map<string, string | null>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly succeed: Waits['succeed'] = (token) => this.#end(token, null);
  readonly fail: Waits['fail'] = (token, error) => this.#end(token, error);

  #end(token: string, error: string | null): Promise<boolean> {
    return this.#steps.take('end-wait', () => {
      if (this.ended.has(token)) return false;
      this.ended.set(token, error);
      return true;
    });
  }
}
