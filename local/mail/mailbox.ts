import type { EventBus } from '../events/bus.ts';
import { type FeedbackKind, feedbackEvent } from './feedback.ts';
import { bareAddress, type SendEmail } from './send-email.ts';

/** A mail that SES has taken. */
export interface Mail {
  /** SES's message id. */
  readonly id: string;
  readonly sent_at: string;
  readonly from: string;
  /** Everybody it goes to, copies included, as addressed. */
  readonly to: readonly string[];
  readonly subject: string;
  /** Text part; empty if there is none. */
  readonly text: string;
  /** HTML part; empty if there is none. */
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface MailboxOptions {
  readonly region: string;
  readonly accountId: string;
  readonly bus: EventBus;
}

/** Enough for the longest load run; beyond it the oldest mails go. */
const KEPT_MAILS = 5_000;

/** Where the mails of the local SES end, and what becomes of those that are not wanted. */
export class Mailbox {
  readonly #options: MailboxOptions;
  /** Kinds of feedback that a configuration set reports to the bus, by its name. */
  readonly #configurationSets = new Map<string, Set<FeedbackKind>>();
  /** The configuration set that mails of an identity have unless they name one. */
  readonly #defaultSets = new Map<string, string>();
  /** How an address answers mails, in lower case. */
  readonly #feedback = new Map<string, FeedbackKind>();
  #mails: Mail[] = [];

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  addConfigurationSet(name: string): void {
    this.#configurationSets.set(name, new Set());
  }

  hasConfigurationSet(name: string): boolean {
    return this.#configurationSets.has(name);
  }

  /** From now on, the bus is told of such feedback on mails of the configuration set. */
  report(configurationSet: string, kinds: readonly FeedbackKind[]): void {
    for (const kind of kinds) this.#configurationSets.get(configurationSet)?.add(kind);
  }

  /** @param identity - an address or a domain. */
  setDefault(identity: string, configurationSet: string): void {
    this.#defaultSets.set(identity.toLowerCase(), configurationSet);
  }

  /** From now on, mails to the address are taken, and come back or are complained of. */
  answerWith(kind: FeedbackKind, address: string): void {
    this.#feedback.set(address.toLowerCase(), kind);
  }

  /** Oldest first. */
  get mails(): readonly Mail[] {
    return this.#mails;
  }

  /** @param id - what SES has answered. */
  take(request: SendEmail, id: string): void {
    const { ToAddresses = [], CcAddresses = [], BccAddresses = [] } = request.Destination;
    const { Subject, Body, Headers = [] } = request.Content.Simple;
    const mail: Mail = {
      id,
      sent_at: new Date().toISOString(),
      from: request.FromEmailAddress,
      to: [...ToAddresses, ...CcAddresses, ...BccAddresses],
      subject: Subject.Data,
      text: Body.Text?.Data ?? '',
      html: Body.Html?.Data ?? '',
      headers: {
        From: request.FromEmailAddress,
        To: ToAddresses.join(', '),
        ...(CcAddresses.length === 0 ? {} : { Cc: CcAddresses.join(', ') }),
        ...(request.ReplyToAddresses === undefined ? {} : { 'Reply-To': request.ReplyToAddresses.join(', ') }),
        Subject: Subject.Data,
        ...Object.fromEntries(Headers.map(({ Name, Value }) => [Name, Value])),
      },
    };
    this.#mails.push(mail);
    if (this.#mails.length > KEPT_MAILS) this.#mails.shift();
    this.#giveFeedback(mail, request);
  }

  #giveFeedback(mail: Mail, request: SendEmail): void {
    const configurationSet = request.ConfigurationSetName ?? this.#defaultSetOf(mail.from);
    if (configurationSet === undefined) return;
    for (const recipient of mail.to.map(bareAddress)) {
      const kind = this.#feedback.get(recipient.toLowerCase());
      if (kind === undefined || !this.#configurationSets.get(configurationSet)?.has(kind)) continue;
      const { bus, ...place } = this.#options;
      const tags = Object.fromEntries((request.EmailTags ?? []).map(({ Name, Value }) => [Name, [Value]]));
      bus.publish(feedbackEvent(kind, { ...place, mail, recipient, configurationSet, tags, at: new Date() }));
    }
  }

  /** That of the address itself, else of its domain or the nearest one above it. */
  #defaultSetOf(from: string): string | undefined {
    const address = bareAddress(from).toLowerCase();
    const labels = address.slice(address.indexOf('@') + 1).split('.');
    const domains = labels.map((_, at) => labels.slice(at).join('.'));
    return [address, ...domains].map((identity) => this.#defaultSets.get(identity)).find((set) => set !== undefined);
  }
}
