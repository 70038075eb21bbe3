import type { PromotionSummary } from '../pages/model.ts';
import { count, listed, nameOf, sentence, shortDigest, timeText } from '../pages/words.ts';
import { type Letter, renderLetter } from './letter.ts';
import type { ApprovalQuestion, GateSummary, MailContent, RenderedMail } from './model.ts';

/** A mail as text and as HTML, which say the same. */
export function renderMail(content: MailContent): RenderedMail {
  return renderLetter(letterOf(content));
}

function letterOf(content: MailContent): Letter {
  switch (content.kind) {
    case 'approval_asked':
      return question(content, { subject: 'Approve?', opening: 'You are asked to decide on a release.' });
    case 'reminder':
      return question(content, {
        subject: 'Reminder:',
        opening: `Your decision is still awaited. You were asked ${timeText(content.askedAt)}, and links of earlier mails hold on as long as they say.`,
      });
    case 'escalation':
      return question(content, {
        subject: 'Nobody answered:',
        opening: `Others were asked ${timeText(content.askedAt)}, and nobody has decided. Now you are asked too.`,
      });
    case 'asked_again':
      return question(content, {
        subject: 'Asked again:',
        opening: 'What was approved before has changed, and that approval counts no longer. Please decide anew.',
        changed: content.changed,
      });
    case 'code':
      return code(content);
    case 'digest':
      return digest(content);
    case 'notice':
      return notice(content);
  }
}

const ASKED_FOOT =
  'Opening the link decides nothing. It works for you alone: you prove who you are with a code that is sent to this address. Do not forward this mail.';

const FIRST = ['nothing runs on this endpoint yet: it is the first release'];

interface Opening {
  readonly subject: string;
  readonly opening: string;
  readonly changed?: readonly string[];
}

function question(asked: ApprovalQuestion, { subject, opening, changed = [] }: Opening): Letter {
  const { summary, role, deputyFor, gate, changes, until, link } = asked;
  const as = deputyFor === null ? role : `${role}, in place of ${deputyFor}`;
  return {
    subject: `${subject} ${titleOf(summary)}`,
    title: `Release ${titleOf(summary)}?`,
    paragraphs: [
      opening,
      ...(summary.emergency
        ? ['This is a break-glass promotion: rules are set aside for it, and it is reviewed afterwards.']
        : []),
      `${summary.requester} gives this reason:`,
    ],
    quote: summary.reason,
    facts: [...factsOf(summary), ['Your role', as], ['Gate', gateText(gate)], ['Decide by', timeText(until)]],
    lists: [
      { heading: 'Why you are asked again', items: changed.map((text) => ({ text: sentence(text) })) },
      {
        heading: 'What changes',
        items: (changes.length > 0 ? changes : FIRST).map((text) => ({ text: sentence(text) })),
      },
    ],
    button: { label: 'Look at it and decide', link },
    foot: ASKED_FOOT,
  };
}

function code({ summary, code: digits, validMinutes }: Extract<MailContent, { kind: 'code' }>): Letter {
  return {
    subject: `Your code for ${titleOf(summary)}`,
    title: 'Your code',
    paragraphs: [
      `Enter this code on the page where you asked for it. It holds for ${count(validMinutes, 'minute')} and for one use.`,
    ],
    code: digits,
    facts: factsOf(summary),
    lists: [],
    button: null,
    foot: 'You did not ask for a code? Then somebody else has your link: decide nothing, and tell the operators of Countersign. Nobody of ours ever asks you for this code.',
  };
}

function digest({ questions, ended }: Extract<MailContent, { kind: 'digest' }>): Letter {
  const isAsked = questions.length > 0;
  const title = isAsked
    ? `${count(questions.length, 'approval waits', 'approvals wait')} for you`
    : `${count(ended.length, 'promotion', 'promotions')} that you approved ended without a release`;
  return {
    subject: title,
    title,
    paragraphs: [
      isAsked ? 'Each link leads to a page that shows all there is to know.' : 'Nothing waits for you at present.',
    ],
    facts: [],
    lists: [
      {
        heading: 'Waiting',
        items: questions.map(({ summary, role, deputyFor, until, link }) => ({
          text: `${titleOf(summary)}, asked by ${summary.requester}; as ${role}${deputyFor === null ? '' : ` in place of ${deputyFor}`}, until ${timeText(until)}`,
          link,
        })),
      },
      {
        heading: 'Ended without a release, though you had approved',
        items: ended.map(({ summary, outcome, by, at, because }) => ({
          text: [`${howText(outcome, by, at)}: ${titleOf(summary)}`, ...because].map(sentence).join(' '),
        })),
      },
    ],
    button: null,
    foot: isAsked ? ASKED_FOOT : NOTICE_FOOT,
  };
}

type Notice = Extract<MailContent, { kind: 'notice' }>;

const OUTCOME: Readonly<Record<Notice['outcome'], string>> = {
  rejected: 'Rejected',
  released: 'Released',
  refused: 'Refused',
  cancelled: 'Cancelled',
  superseded: 'Superseded',
  rolled_back: 'Rolled back',
  failed: 'Failed',
  expired: 'Expired',
};

const NOTICE_FOOT = 'You get this mail because you were asked to decide on this promotion.';

function howText(outcome: Notice['outcome'], by: string | null, at: string): string {
  return `${OUTCOME[outcome]}${by === null ? '' : ` by ${by}`} ${timeText(at)}`;
}

function notice({ summary, outcome, by, at, because }: Notice): Letter {
  return {
    subject: `${OUTCOME[outcome]}: ${titleOf(summary)}`,
    title: `${OUTCOME[outcome]}: ${titleOf(summary)}`,
    paragraphs: [`${howText(outcome, by, at)}.`],
    facts: factsOf(summary),
    lists: [{ heading: 'Why', items: because.map((text) => ({ text: sentence(text) })) }],
    button: null,
    foot: NOTICE_FOOT,
  };
}

function titleOf({ model, endpoint }: PromotionSummary): string {
  return `${nameOf(model)} to ${endpoint}`;
}

function factsOf({ model, image, environment, promotion }: PromotionSummary): Letter['facts'] {
  return [
    ['Model', model.sha256],
    ['Image', image === null ? 'not named' : `${shortDigest(image)}…`],
    ['Environment', environment],
    ['Promotion', promotion],
  ];
}

function gateText({ passed, waived, notApplicable, failed, undetermined }: GateSummary): string {
  const parts: readonly (readonly [number, string])[] = [
    [failed, 'failed'],
    [undetermined, 'undetermined'],
    [passed, 'passed'],
    [waived, 'waived'],
    [notApplicable, 'not applicable'],
  ];
  const isOpen = failed + undetermined === 0;
  return `${isOpen ? 'open' : 'closed'}: ${listed(parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`))}`;
}
