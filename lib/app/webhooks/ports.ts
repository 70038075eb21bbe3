import type { Attempt, Delivery } from '../../core/webhooks/delivery.ts';
import type { RecordedSubscription, SealedSecrets } from '../../core/webhooks/subscription.ts';

/** A subscription, and the secrets that lie beside it. */
export interface Subscribed {
  readonly subscription: RecordedSubscription;
  readonly sealed: SealedSecrets;
}

/** The subscriptions of the registry table. Every read is consistent. */
export interface Subscriptions {
  find(id: string): Promise<Subscribed | undefined>;
  /** All of them, in the order of their ids. */
  all(): Promise<readonly Subscribed[]>;
}

/** That a consumer wants nothing more. It stands until the subscription changes. */
export interface Stop {
  readonly webhook: string;
  /** Of the subscription, as it was sent to. */
  readonly revision: number;
  readonly at: string;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined;
}

/** Deliveries in the workflow table, which forgets them after some weeks. */
export interface Deliveries {
  /**
   * Writes a delivery on condition that it stands at the revision before.
   * @returns false when it does not; nothing was written then
   */
  save(delivery: Delivery): Promise<boolean>;
  /** Pending ones whose time has come, the longest due first; one that changed this second may be told as it was. */
  due(at: Date, limit: number): Promise<readonly Delivery[]>;
  /** Those of a webhook, the newest announcement first. */
  page(webhook: string, page: { readonly limit: number; readonly after: string | undefined }): Promise<DeliveryPage>;
  /** Those of a webhook that were announced since a time, oldest first. */
  since(webhook: string, time: string, limit: number): Promise<readonly Delivery[]>;
  stop(stop: Stop): Promise<void>;
  stops(): Promise<readonly Stop[]>;
}

/** Sends to URLs that somebody else chose. */
export interface Poster {
  /** Resolves however it ends; the answer's body and headers are nobody's business. */
  post(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<Pick<Attempt, 'status' | 'reason'>>;
}
