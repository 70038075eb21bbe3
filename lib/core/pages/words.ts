import { shortened } from '../printable.ts';
import { type Content, html, type Markup } from './html.ts';
import { type Icon, icon } from './icons.ts';
import type { NamedDigest } from './model.ts';

const DAY = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' });
const MINUTE = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit' });

/** A time as people write it, such as `24 Nov 2026, 20:33 UTC`; what is no time comes back as it is. */
export function timeText(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : `${DAY.format(date)}, ${MINUTE.format(date)} UTC`;
}

export function dayText(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : DAY.format(date);
}

export function when(time: string): Markup {
  return html`<time datetime="${time}">${timeText(time)}</time>`;
}

/** Characters of a digest that people compare by eye; pages name what is decided in full. */
const SHORT_DIGEST = 12;

export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, SHORT_DIGEST);
}

export function digest(value: string): Markup {
  return html`<code>${value}</code>`;
}

/** Name and the first digits of the digest. */
export function thing({ name, sha256 }: NamedDigest, textLimit: number): Markup {
  return html`${name === null ? undefined : html`${shortened(name, textLimit)} `}<code class="soft">${shortDigest(sha256)}</code>`;
}

/** A policy by its own revision, and by its digest where the revision does not say that already. */
export function policyText(
  { revision, sha256 }: { readonly revision: string; readonly sha256: string },
  textLimit: number,
): Markup {
  const short = shortDigest(sha256);
  return html`${sha256.startsWith(revision) ? undefined : html`${shortened(revision, textLimit)} `}<code class="soft">${short}</code>`;
}

/** In a heading, where the digest follows elsewhere. */
export function nameOf({ name, sha256 }: NamedDigest): string {
  return name === null ? shortDigest(sha256) : shortened(name, 80);
}

/** Said by shape and by word; `tone` is the class of its colour. */
export function sign(name: Icon, word: string, tone: string = name): Markup {
  return html`<span class="v ${tone}">${icon(name)}${word}</span>`;
}

/** `dataset_consent` is `Dataset consent`. */
export function ruleText(rule: string): string {
  const spaced = rule.replaceAll('_', ' ');
  return spaced.slice(0, 1).toUpperCase() + spaced.slice(1);
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** A whole sentence from one of a reason, which begins small and has no end. */
export function sentence(text: string): string {
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** Under every page of a link. */
export const KEPT =
  'What is decided here becomes signed evidence and is kept for years. It names people by an id, never by name or address.';

/** What was left out of a list, and where it stands. */
export function more(
  all: readonly unknown[],
  shown: number,
  what: string,
  where = 'the evidence has them all',
): Content {
  const left = all.length - shown;
  return left > 0 ? html`<p class="soft small">${left} more ${what}: ${where}.</p>` : undefined;
}
