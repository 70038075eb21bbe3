import { html, type Markup } from '../pages/html.ts';
import type { PromotionSummary } from '../pages/model.ts';
import { nameOf, timeText } from '../pages/words.ts';
import { shortened, visible } from '../printable.ts';
import type { ApprovalQuestion, MailContent, RenderedMail } from './model.ts';

/** Longest subject; what mail programs show is shorter still. */
const MAX_SUBJECT = 150;

/** A paragraph; a link stands alone in its own. */
type Part = string | { readonly link: string; readonly label: string };

/** A mail in text and in HTML that say the same. It fetches nothing, and its one link is the only one. */
export function renderMail(content: MailContent): RenderedMail {
  const { subject, parts } = said(content);
  const text = parts.map((part) => (typeof part === 'string' ? part : `${part.label}:\n${part.link}`)).join('\n\n');
  return {
    subject: shortened(visible(subject), MAX_SUBJECT),
    text: `${text}\n`,
    html: htmlOf(subject, parts).toString(),
  };
}

interface Said {
  readonly subject: string;
  readonly parts: readonly Part[];
}

function said(content: MailContent): Said {
  switch (content.kind) {
    case 'approval_asked':
      return question(content, 'Your approval is asked for', []);
    case 'asked_again':
      return question(content, 'Your approval is asked for again', [
        'What was approved before has changed:',
        ...content.changed,
      ]);
    case 'reminder':
      return question(content, 'Reminder: your approval is asked for', [
        `You were first asked ${timeText(content.askedAt)}.`,
      ]);
    case 'escalation':
      return question(content, 'Your approval is asked for, as others have not answered', [
        `Others were first asked ${timeText(content.askedAt)}.`,
      ]);
    case 'code':
      return {
        subject: `${content.code} is your code`,
        parts: [
          `Your code is ${content.code}. It holds for ${content.validMinutes} minutes, on the page that you asked for it from.`,
          `It is for the decision on ${about(content.summary)}. If you did not ask for it, somebody else has your link: decide nothing, and tell the operators.`,
        ],
      };
    case 'digest':
      return {
        subject: `${content.questions.length} approvals wait for you`,
        parts: content.questions.flatMap(({ summary, role, until, link }) => [
          `${about(summary)}: you are asked as ${visible(role)}, until ${timeText(until)}.`,
          { link, label: 'Read and decide' },
        ]),
      };
    case 'notice':
      return {
        subject: `${about(content.summary)}: ${content.outcome.replaceAll('_', ' ')}`,
        parts: [
          `The promotion of ${about(content.summary)} is ${content.outcome.replaceAll('_', ' ')} since ${timeText(content.at)}.`,
          ...content.because,
          ...(content.link === null ? [] : [{ link: content.link, label: 'Time line' }]),
        ],
      };
    case 'incident':
      return {
        subject: `Incident (${content.severity}): ${content.title}`,
        parts: [...content.because, { link: content.link, label: 'What to do' }],
      };
  }
}

function question(
  { summary, role, deputyFor, gate, changes, until, link }: ApprovalQuestion,
  subject: string,
  first: readonly string[],
): Said {
  const { passed, waived, notApplicable, failed, undetermined } = gate;
  return {
    subject: `${subject}: ${about(summary)}`,
    parts: [
      `${summary.requester} asks you, as ${role}${deputyFor === null ? '' : ` in place of ${deputyFor}`}, to let ${about(summary)}.`,
      ...first,
      ...(summary.emergency ? ['This is a break-glass promotion: rules are set aside for it.'] : []),
      `Why: ${summary.reason}`,
      `The gate: ${passed} passed, ${waived} waived, ${notApplicable} not applicable, ${failed} failed, ${undetermined} undetermined.`,
      ...changes,
      `You can decide until ${timeText(until)}. Opening the page decides nothing.`,
      { link, label: 'Read and decide' },
    ],
  };
}

function about({ model, endpoint, environment }: PromotionSummary): string {
  return `${nameOf(model)} to ${endpoint} (${environment})`;
}

function htmlOf(subject: string, parts: readonly Part[]): Markup {
  const paragraphs = parts.map((part) =>
    typeof part === 'string'
      ? html`<p>${part}</p>\n`
      : html`<p><a href="${part.link}" rel="noreferrer">${part.label}</a></p>\n`,
  );
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${subject}</title></head>
<body>
${paragraphs}</body></html>
`;
}
