import { type Content, html, type Markup } from '../pages/html.ts';
import { shortened, visible } from '../printable.ts';
import { letter as withLink } from './generated/letter.ts';
import { note as withoutLink } from './generated/note.ts';
import { subjectLine } from './headers.ts';
import type { RenderedMail } from './model.ts';

/** What a mail says, before it becomes text and HTML that say the same. */
export interface Letter {
  readonly subject: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** Somebody's own words. */
  readonly quote?: string;
  /** Shown large. */
  readonly code?: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly lists: readonly { readonly heading: string; readonly items: readonly Item[] }[];
  readonly button: { readonly label: string; readonly link: string } | null;
  readonly foot: string;
}

export interface Item {
  readonly text: string;
  readonly link?: string;
}

/** Characters of one text, and items of one list: a mail is read on a phone, and the page has the rest. */
const MAX_TEXT = 600;
const MAX_ITEMS = 30;

export function renderLetter(letter: Letter): RenderedMail {
  const { subject, title, paragraphs, button, foot } = letter;
  const values = {
    title: harmless(title),
    preview: harmless(paragraphs[0] ?? ''),
    body: bodyHtml(letter),
    foot,
  };
  const page = button ? withLink({ ...values, ...button }) : withoutLink(values);
  return { subject: subjectLine(harmless(subject)), text: bodyText(letter), html: page.toString() };
}

/** What browsers take for the dot of a host, before a letter: no top-level domain begins with a digit, and numbers stay numbers. */
const HOST_DOT = /[.\u3002\uff0e\uff61](?=\p{L})/gu;

/** The colon of a scheme (`https:`, `mailto:`, `tel:`), and not that of a time or of `sha256:`. */
const SCHEME_COLON = /(?<=\p{L}{2}):(?=\S)|:(?=\/\/)/gu;

/**
 * A text that others wrote, in which mail clients find no address: they make links of whatever looks like one, bare names of hosts
 * included, and a mail of ours has none but its own.
 */
function harmless(text: string): string {
  return shortened(text, MAX_TEXT).replaceAll(HOST_DOT, '[.]').replaceAll(SCHEME_COLON, '[:]').replaceAll('@', '[at]');
}

function lined(text: string): readonly string[] {
  return harmless(text).split(/\r\n|[\r\n\u2028\u2029]/);
}

function bodyHtml({ paragraphs, quote, code, facts, lists }: Letter): Markup {
  return html`${paragraphs.map((text) => html`<p>${harmless(text)}</p>\n`)}${quote === undefined ? undefined : html`<div class="quote">${lined(quote).map((line) => html`${line}<br>`)}</div>\n`}${
    code === undefined ? undefined : html`<p class="big">${code}</p>\n`
  }${facts.length === 0 ? undefined : html`<table class="facts" role="presentation" border="0" cellpadding="0" cellspacing="0">${facts.map(factRow)}</table>\n`}${lists.map(listHtml)}`;
}

function factRow([label, value]: Letter['facts'][number]): Markup {
  const text = harmless(value);
  const isDigest = /^(sha256:)?[0-9a-f]{64}$/.test(text);
  return html`<tr><td>${label}</td><td>${isDigest ? html`<code>${text}</code>` : text}</td></tr>`;
}

function listHtml({ heading, items }: Letter['lists'][number]): Content {
  if (items.length === 0) return undefined;
  const shown = items
    .slice(0, MAX_ITEMS)
    .map(({ text, link }) =>
      link === undefined ? html`<li>${harmless(text)}</li>` : html`<li><a href="${link}">${harmless(text)}</a></li>`,
    );
  const left = items.length - shown.length;
  return html`<p><strong>${heading}</strong></p>
<ul>${shown}${left > 0 ? html`<li>and ${left} more</li>` : undefined}</ul>
`;
}

function bodyText({ title, paragraphs, quote, code, facts, lists, button, foot }: Letter): string {
  const line = (text: string): string => visible(harmless(text));
  const width = Math.max(0, ...facts.map(([label]) => label.length));
  const blocks = [
    line(title),
    ...paragraphs.map(line),
    ...(quote === undefined
      ? []
      : [
          lined(quote)
            .map((each) => `> ${visible(each)}`)
            .join('\n'),
        ]),
    ...(code === undefined ? [] : [`    ${code}`]),
    ...(facts.length === 0 ? [] : [facts.map(([label, value]) => `${label.padEnd(width)}  ${line(value)}`).join('\n')]),
    ...lists.filter(({ items }) => items.length > 0).map(listText),
    ...(button ? [`${button.label}:\n${button.link}`] : []),
    `-- \n${foot}`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function listText({ heading, items }: Letter['lists'][number]): string {
  const shown = items
    .slice(0, MAX_ITEMS)
    .map(({ text, link }) => `* ${visible(harmless(text))}${link === undefined ? '' : `\n  ${link}`}`);
  const left = items.length - shown.length;
  return [`${heading}:`, ...shown, ...(left > 0 ? [`* and ${left} more`] : [])].join('\n');
}
