import { createHash } from 'node:crypto';
import type { Answer } from '../answers.ts';
import type { Mail } from './mailbox.ts';

/** Where the front door shows the mails to people. */
export const INBOX_PATH = '/inbox';

export function isInboxPath(path: string): boolean {
  return path === INBOX_PATH || path.startsWith(`${INBOX_PATH}/`);
}

/** A mail client opens links in a window of its own; scripts and forms of a mail do nothing. */
const SANDBOX = 'allow-popups allow-popups-to-escape-sandbox';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; }
ol { list-style: none; padding: 0; }
li { border-top: 1px solid GrayText; padding: .5rem 0; }
li a { display: block; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: GrayText; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
iframe { border: 1px solid GrayText; width: 100%; height: 40rem; }
`;

/** Whoever sent the mail wrote all of its text: neither page runs scripts nor fetches anything. */
const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** For the HTML part alone, which keeps this sandbox also when it is opened outside of its frame. */
const PART_POLICY = [
  `sandbox ${SANDBOX}`,
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/**
 * The inbox: all mails, newest first; one mail; the HTML part of one.
 *
 * @param path - of the request, below {@link INBOX_PATH}.
 */
export function inboxAnswer(mails: readonly Mail[], method: string, path: string): Answer {
  if (method !== 'GET' && method !== 'HEAD') return page(405, 'Not allowed', '<p>The inbox can only be read.</p>');
  const [, , id = '', part, ...rest] = path.split('/');
  if (id === '') return page(200, 'Inbox', listOf(mails));
  const mail = mails.find((candidate) => encodeURIComponent(candidate.id) === id);
  if (mail === undefined || rest.length > 0) return page(404, 'Not found', '<p>There is no such mail.</p>');
  if (part === undefined) return page(200, mail.subject, detailsOf(mail));
  if (part !== 'html') return page(404, 'Not found', '<p>A mail has no such part.</p>');
  // Right after the doctype, where it does not change how the rest is read.
  const html = mail.html.replace(/^(\s*<!doctype[^>]*>)?/i, '$1<base target="_blank">');
  return { status: 200, headers: headers(PART_POLICY), body: html };
}

function listOf(mails: readonly Mail[]): string {
  if (mails.length === 0) return '<p>No mail yet.</p>';
  const items = mails.toReversed().map(
    (mail) => `<li><a href="${INBOX_PATH}/${encodeURIComponent(mail.id)}">${escaped(mail.subject) || '(no subject)'}</a>
${escaped(mail.to.join(', '))} · <time>${escaped(sentAt(mail))}</time></li>`,
  );
  return `<ol>${items.join('')}</ol>`;
}

function detailsOf(mail: Mail): string {
  const rows = Object.entries({ ...mail.headers, Date: sentAt(mail) }).map(
    ([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`,
  );
  return [
    `<p><a href="${INBOX_PATH}">All mails</a></p>`,
    `<dl>${rows.join('')}</dl>`,
    mail.html === ''
      ? ''
      : `<h2>As mail clients show it</h2><iframe sandbox="${SANDBOX}" referrerpolicy="no-referrer" title="HTML part of the mail" src="${INBOX_PATH}/${encodeURIComponent(mail.id)}/html"></iframe>`,
    mail.text === '' ? '' : `<h2>As plain text</h2><pre>${linked(mail.text)}</pre>`,
  ].join('\n');
}

/** `2026-11-21 20:00:00 UTC`. */
function sentAt(mail: Mail): string {
  return `${mail.sent_at.slice(0, 19).replace('T', ' ')} UTC`;
}

/** The text with its web addresses as links. */
function linked(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((piece, at) =>
      at % 2 === 0
        ? escaped(piece)
        : `<a href="${escaped(piece)}" target="_blank" rel="noreferrer noopener">${escaped(piece)}</a>`,
    )
    .join('');
}

function page(status: number, title: string, body: string): Answer {
  return {
    status,
    headers: headers(PAGE_POLICY),
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escaped(title)}</h1>
${body}
</main></body></html>
`,
  };
}

function headers(policy: string): Answer['headers'] {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    // Links in mails are secrets.
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}

/** Safe in text and in quoted attributes. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
