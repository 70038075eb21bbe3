import type { RecordedApproval } from '../../core/approvals/approval.ts';
import type { Link } from '../../core/approvals/link.ts';
import type { Json } from '../../core/json.ts';
import type { RenderedMail } from '../../core/mail/model.ts';
import type { Ask, Promotion } from '../../core/promotion.ts';
import type { GateRows } from '../gate/record.ts';
import type { Page } from '../ports.ts';

export interface Links {
  /** Consistent read. */
  find(id: string): Promise<Link | undefined>;
  /** Writes a link on condition that it stands at the revision before; false when it does not. */
  save(link: Link): Promise<boolean>;
}

/** A link and all that it is about, for who knows already of which promotion it is. */
export interface Visits {
  /**
   * One consistent read.
   * @param roles - whose asks are read
   */
  find(
    link: string,
    promotion: string,
    roles: readonly string[],
  ): Promise<{
    readonly link: Link | undefined;
    readonly promotion: Promotion | undefined;
    readonly asks: readonly Ask[];
  }>;
}

/** What a decision is made on the condition of: nothing of it changed since it was read. */
export interface Standing {
  readonly promotion: Promotion;
  /** Of the other roles: nobody decides for two of them. At revision 0 where nothing is asked yet. */
  readonly others: readonly Pick<Ask, 'promotion' | 'role' | 'revision'>[];
}

export interface Approvals {
  /**
   * Writes what a role is asked, and links that are to be mailed, in one transaction: whoever stops the promotion, or asks anew, from
   * then on finds the ask.
   * @param links - 90 at most
   * @returns false, having written nothing, when the promotion stands elsewhere than it was read, or the ask changed
   */
  ask(ask: Ask, links: readonly Link[], promotion: Promotion): Promise<boolean>;
  /**
   * Writes a link that holds what was decided, and an ask that says so, in one transaction: nobody else decides from then on.
   * @returns false, having written nothing, when the promotion stands elsewhere, or an ask or the link changed
   */
  claim(ask: Ask, link: Link, standing: Standing): Promise<boolean>;
  /**
   * Writes the evidence of what was decided, its row, and the answered ask in one transaction.
   * @param ask - undefined: it is answered otherwise by now, or a newer round has replaced it
   * @returns false, having written nothing, when the evidence is there already, or the ask changed
   */
  give(rows: GateRows, approval: RecordedApproval, ask: Ask | undefined): Promise<boolean>;
  /**
   * Writes the evidence that an approval ends, and the end into its row and ask, in one transaction.
   * @param ask - undefined: a newer round replaces it
   * @returns false, having written nothing, when the approval has ended, or the ask changed
   */
  end(rows: GateRows, approval: RecordedApproval, ask: Ask | undefined): Promise<boolean>;
  /** All of a model, oldest first, as the table has them, which is no proof. Consistent. */
  of(model: string): Promise<readonly RecordedApproval[]>;
}

/** What people decided, as the table has it, which is no proof. */
export interface Decided {
  /** By one person, newest first, as old as an index is. */
  by(
    person: string,
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<Page<RecordedApproval>>;
}

export interface Mailer {
  /**
   * Hands one mail to one address over.
   * @param about - of `mailTags`: it comes back with the news that it could not be delivered
   * @returns false when it is refused for good, as for an address that cannot be
   */
  send(to: string, mail: RenderedMail, about: Readonly<Record<string, string>>): Promise<boolean>;
}

/** Bytes that nobody can guess. */
export type RandomBytes = (count: number) => Buffer;

/** One sign-in at a provider: everything that it is bound to. */
export interface SignInTerms {
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636): without it nobody redeems the code, and it is the browser's. */
  readonly verifier: string;
}

/** What a browser came back with. Hostile. */
export interface SignInAnswer {
  readonly code: string;
  readonly state: string;
  /** Who says to have answered (RFC 9207); undefined when nobody said. */
  readonly iss: string | undefined;
}

export type Redeemed =
  /** The token's claims were checked, and that it has not expired; who signed it was not. */
  | { readonly ok: true; readonly idToken: string; readonly jwks: Json }
  /** `unanswered`: the provider is down, slow, or answers with what is no answer. */
  | { readonly ok: false; readonly because: 'refused' | 'unanswered' };

/** An OpenID provider, and what we are to it. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Address at which a browser signs in for these terms; undefined when the provider does not answer. */
  authorize(terms: SignInTerms): Promise<URL | undefined>;
  /** Redeems a code, once, and fetches the keys that the provider has at that time. */
  redeem(answer: SignInAnswer, terms: SignInTerms): Promise<Redeemed>;
}
