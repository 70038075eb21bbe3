import { shortened } from '../../printable.ts';
import { type Content, html, type Markup } from '../html.ts';
import { type Limits, sized } from '../limits.ts';
import type { Ended, LinkState, Outcome, PromotionSummary, RenderedPage } from '../model.ts';
import { renderShell } from '../shell.ts';
import { KEPT, nameOf, sentence, when } from '../words.ts';
import { decision } from './decisions.ts';
import { ACT, proveForm } from './forms.ts';
import { summaryRows } from './summary.ts';

/** Pages of a link that decides nothing: what is so, and what the reader can do. */
export function linkState(page: LinkState): RenderedPage {
  return sized((limits) => {
    const { title, body } = said(page, limits);
    return renderShell({
      title,
      kind: 'Approval',
      foot: KEPT,
      main: html`<h1>${title}</h1>
${body}`,
    });
  });
}

interface Said {
  readonly title: string;
  readonly body: Content;
}

const NEXT = html`<p>If your decision is still wanted, another mail asks you for it. You can also ask whoever requested the promotion.</p>`;

function said(page: LinkState, limits: Limits): Said {
  switch (page.state) {
    case 'unknown':
      return {
        title: 'This link leads nowhere',
        body: html`<section><p>It may be cut off: copy it whole from the mail, or open it there.</p>
${NEXT}</section>`,
      };
    case 'expired':
      return {
        title: 'This link has ended',
        body: html`<section><p>It was for a decision until ${when(page.until)}.</p>
${NEXT}</section>`,
      };
    case 'used':
      return {
        title: 'This link was used',
        body: html`<section><p>It was for one decision, and that was made.</p>
${NEXT}</section>`,
      };
    case 'revoked':
      return {
        title: 'This link was taken back',
        body: html`<section><p>The question that it was for is not asked any more.</p>
${NEXT}</section>`,
      };
    case 'too_many_tries':
      return {
        title: 'This link has ended: too many wrong codes',
        body: html`<section><p>Nothing was decided. Somebody entered a wrong code too often; if it was not you, tell the operators of Countersign.</p>
<p>The next reminder brings you another link; the requester can also ask anew.</p></section>`,
      };
    case 'wait':
      return {
        title: 'A code was sent a moment ago',
        body: html`<section><p>Nothing was decided, and the link still holds. Another code can be asked for from ${when(page.until)} on.</p></section>`,
      };
    case 'no_more_codes':
      return {
        title: 'This link brings no more codes',
        body: html`<section><p>Nothing was decided. As many codes were sent as one link may ask for. The last of them serves for ten minutes: go back to the page before to enter it.</p>
<p>If it was not you who asked for them, tell the operators of Countersign.</p>
<p>The next reminder brings you another link; the requester can also ask anew.</p></section>`,
      };
    case 'stale_form':
      return {
        title: 'Nothing was decided: start again',
        body: html`<section><p>The form was sent twice, was too old, or did not come from this page.</p>
<p><a href="${page.back}">Show the page anew</a></p></section>`,
      };
    case 'sign_in_failed':
      return {
        title: 'Nothing was decided: signing in proved nothing',
        body: html`<section><p>${NOT_SIGNED_IN[page.because]}</p>
<p>${page.back === undefined ? 'Open the link of the mail again to go on.' : html`<a href="${page.back}">Show the page anew</a>`}</p></section>`,
      };
    case 'barred':
      return {
        title: 'Somebody else has to decide this',
        body: html`<section><p>${BARRED[page.because]}</p>
<p>Nothing was decided. Others who hold the role may have been asked too; if nobody answers, tell whoever requested the promotion.</p></section>`,
      };
    case 'decided':
      return decided(page, limits);
    case 'ended':
      return {
        title: ENDED[page.outcome],
        body: html`<section><p>There is nothing to decide any more.</p>
${endedText(page)}</section>`,
      };
    case 'changed':
      return {
        title: 'What you were asked has changed',
        body: html`<section><p>This link shows what was so before. Another mail with another link is on its way to those who are to decide.</p>
<ul>${page.changed.slice(0, limits.rows).map((text) => html`<li>${shortened(sentence(text), limits.text)}</li>`)}</ul></section>`,
      };
  }
}

const NOT_SIGNED_IN: Readonly<Record<Extract<LinkState, { state: 'sign_in_failed' }>['because'], string>> = {
  stale:
    'It was used before, took too long, or was begun in another browser; or what you were asked has changed since.',
  refused: 'Your identity provider did not confirm what you decided.',
  unanswered: 'Your identity provider does not answer as it should. Try again in a minute.',
  other_person: 'You signed in, and not as the person who was asked.',
};

const BARRED: Readonly<Record<Extract<LinkState, { state: 'barred' }>['because'], string>> = {
  producer: 'You had a hand in making this model, and nobody approves their own work.',
  committer: 'Your commit is part of this model, and nobody approves their own work.',
  requester: 'You asked for this promotion, and nobody approves what they asked for.',
  decided: 'You decided on this promotion in another role, and each role wants a person of its own.',
  role: 'You do not hold the role any more that was asked.',
};

const ENDED: Readonly<Record<Outcome, string>> = {
  released: 'The model was released',
  refused: 'The promotion was refused',
  cancelled: 'The promotion was cancelled',
  superseded: 'A newer promotion took the place of this one',
  rolled_back: 'The release was rolled back',
  failed: 'The promotion failed',
  expired: 'The time for this promotion is over',
};

function decided({ about, decision: made, withdraw }: Extract<LinkState, { state: 'decided' }>, limits: Limits): Said {
  const isOver = 'outcome' in about;
  return {
    title: `You ${made.decision} ${isOver ? 'it, and it is over' : nameOf(about.model)}`,
    body: html`<section>${decision(made, limits)}
${isOver ? html`<p><strong>${ENDED[about.outcome]}.</strong></p>${endedText(about)}` : aboutOf(about, limits)}</section>
${
  withdraw &&
  html`<section aria-labelledby="${ACT}"><h2 id="${ACT}">Take it back</h2>
<p>Until the canary starts you can take your decision back.</p>
${proveForm(withdraw)}</section>`
}`,
  };
}

/** Whoever wants to know more is asked by the API who they are. */
function endedText({ promotion, at }: Ended): Markup {
  return html`<p>The promotion ended ${when(at)}. This link shows nothing more of it; whoever may read evidence asks:</p>
<p><code>countersign promotion show ${promotion}</code></p>`;
}

function aboutOf(summary: PromotionSummary, limits: Limits): Content {
  return html`<dl>
${summaryRows(summary, limits.text)}</dl>`;
}
