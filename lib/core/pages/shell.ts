import { PAGE_HEADERS } from '../../contracts/page-headers.ts';
import { type Content, html } from './html.ts';
import { ICONS } from './icons.ts';
import type { RenderedPage } from './model.ts';
import { STYLE, STYLE_SOURCE } from './style.ts';

export interface Shell {
  /** Of the window. */
  readonly title: string;
  /** Shown beside the product's name, such as `Approval`. */
  readonly kind: string;
  readonly main: Content;
  readonly foot: string;
  /** Element that the reader may jump to; undefined where there is nothing to do. */
  readonly skipTo?: { readonly id: string; readonly label: string } | undefined;
}

/** A whole page. It runs nothing and fetches nothing, which the policy in its headers makes sure of. */
export function renderShell({ title, kind, main, foot, skipTo }: Shell): RenderedPage {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
${ICONS}
<header>${skipTo && html`<a class="vh skip" href="${`#${skipTo.id}`}">${skipTo.label}</a>`}<b>Countersign</b> · ${kind}</header>
<main>
${main}
</main>
<footer>${foot}</footer>
</body>
</html>
`;
  return { html: page.toString(), headers: HEADERS };
}

const POLICY = [
  "default-src 'none'",
  `style-src ${STYLE_SOURCE}`,
  // Chromium holds the redirects that answer a form against this, too: to an identity provider, and on to those that it asks,
  // leads a link.
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
];

const HEADERS: RenderedPage['headers'] = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': POLICY.join('; '),
  ...PAGE_HEADERS,
};
