import { randomUUID } from 'node:crypto';
import type { EventPattern } from './pattern.ts';

export const DEFAULT_BUS = 'default';

/** What somebody tells a bus. */
export interface Announcement {
  /** @default the default bus */
  readonly bus?: string;
  readonly source: string;
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** ARNs of what it is about. */
  readonly resources?: readonly string[];
  /** @default a new one */
  readonly id?: string;
}

export type RuleTarget =
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'queue'; readonly arn: string };

export interface EventRule {
  readonly name: string;
  /** Name of the bus that it listens to. */
  readonly bus: string;
  readonly pattern: EventPattern;
  readonly targets: readonly RuleTarget[];
}

export interface EventBusOptions {
  readonly region: string;
  readonly accountId: string;
  /** Invokes a function asynchronously: it is tried again as the template says. */
  readonly invokeLater: (functionName: string, event: string, requestId: string) => void;
  readonly sendToQueue: (queueArn: string, body: string) => Promise<void>;
}

/** The buses of EventBridge with the rules of the template. Rules that tests make themselves live in the emulator. */
export class EventBus {
  readonly #options: EventBusOptions;
  readonly #rules: EventRule[] = [];

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  addRule(rule: EventRule): void {
    this.#rules.push(rule);
  }

  /** Hands the event to the targets of every rule that it fits, in the envelope that EventBridge gives it. */
  publish(announcement: Announcement): void {
    const { region, accountId } = this.#options;
    const event = {
      version: '0',
      id: announcement.id ?? randomUUID(),
      'detail-type': announcement.detailType,
      source: announcement.source,
      account: accountId,
      // Whole seconds, as on AWS.
      time: `${new Date().toISOString().slice(0, 19)}Z`,
      region,
      resources: announcement.resources ?? [],
      detail: announcement.detail,
    };
    for (const rule of this.#rules) {
      if (rule.bus === (announcement.bus ?? DEFAULT_BUS) && rule.pattern(event))
        for (const target of rule.targets) this.#deliver(target, JSON.stringify(event));
    }
  }

  #deliver(target: RuleTarget, event: string): void {
    if (target.kind === 'function') {
      this.#options.invokeLater(target.name, event, randomUUID());
      return;
    }
    this.#options.sendToQueue(target.arn, event).catch((error: unknown) => {
      console.error(`an event did not reach the queue ${target.arn}: ${error}`);
    });
  }
}
