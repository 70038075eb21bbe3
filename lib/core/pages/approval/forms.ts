import { shortened } from '../../printable.ts';
import { type Content, html, lines, type Markup } from '../html.ts';
import type { Limits } from '../limits.ts';
import {
  type ApprovalFacts,
  type ApprovalStep,
  type Choice,
  FIELD,
  MAX_COMMENT,
  type Proof,
  type ProofMethod,
} from '../model.ts';
import { form } from '../parts.ts';
import { count, digest, thing, when } from '../words.ts';
import { summaryRows } from './summary.ts';
import { tally } from './verdicts.ts';

type Step<S extends ApprovalStep['state']> = Extract<ApprovalStep, { state: S }>;

/** Element of a page that holds what the reader is to do. */
export const ACT = 'act';

/** What the reader does next, before the facts. It decides nothing before the last of the steps. */
export function actSection(step: ApprovalStep, limits: Limits): Markup {
  const { heading, body } = act(step, limits);
  return html`<section class="act" aria-labelledby="${ACT}">
<h2 id="${ACT}" tabindex="-1">${heading}</h2>
${body}</section>
`;
}

interface Act {
  readonly heading: string;
  readonly body: Content;
}

function act(step: ApprovalStep, limits: Limits): Act {
  switch (step.state) {
    case 'asked':
      return asked(step);
    case 'code':
      return code(step);
    case 'decide':
      return decide(step);
    case 'sign_in':
      return signIn(step, limits);
    case 'confirm':
      return confirm(step, limits);
  }
}

function asked({ facts, code: target }: Step<'asked'>): Act {
  return {
    heading: 'Step 1 of 4: prove that it is you',
    body: html`${readFirst(facts)}${proveForm({ method: 'code', form: target })}`,
  };
}

function readFirst({ until }: ApprovalFacts): Markup {
  return html`<p>Read what follows, then decide by ${when(until)}. Nothing is decided by opening this page.</p>\n`;
}

export function proveForm(proof: Proof): Markup {
  return proof.method === 'code'
    ? form(
        proof.form,
        html`<p class="hint">A code goes to the mail address that is on record for you. Whoever merely has this link cannot decide. A code is the weaker proof, and what you decide says so.</p>
<button>Send me a code</button>`,
      )
    : form(
        proof.form,
        html`<p class="hint">You sign in at <strong>${proof.provider}</strong>, and come back here.</p>
<button>Sign in</button>`,
      );
}

function code({ enter, resend, triesLeft }: Step<'code'>): Act {
  const isWrong = triesLeft !== undefined;
  return {
    heading: 'Step 2 of 4: enter the code',
    body: html`<p>If you are the one who was asked, a mail with a code is on its way to you. It holds for 10 minutes.</p>
${form(
  enter,
  html`${isWrong ? html`<p class="error" id="wrong" role="alert">That is not the code. ${count(triesLeft, 'try is', 'tries are')} left, then this link ends.</p>\n` : undefined}<label for="code">Code</label>
<input class="code" id="code" name="${FIELD.code}" inputmode="numeric" autocomplete="one-time-code" maxlength="12" required${isWrong ? html` aria-invalid="true" aria-describedby="wrong"` : undefined}>
<div class="row"><button>Go on</button></div>`,
)}${form(resend, html`<button class="plain">Send another code</button>`)}`,
  };
}

const PROBLEM: Readonly<Record<Exclude<Step<'decide'>['problem'], undefined>, string>> = {
  comment_missing: 'Say why you reject it: the requester reads your comment.',
  comment_too_long: `The comment is longer than ${MAX_COMMENT} characters.`,
  choice_missing: 'Choose whether you approve or reject it.',
};

function decide({ facts, provider, decide: target, comment, problem }: Step<'decide'>): Act {
  const fields = form(
    target,
    html`${problem && html`<p class="error" id="problem" role="alert">${PROBLEM[problem]}</p>\n`}<label for="comment">Comment</label>
<textarea id="comment" name="${FIELD.comment}" maxlength="${MAX_COMMENT}" aria-describedby="about-comment${problem && html` problem`}"${problem && problem !== 'choice_missing' ? html` aria-invalid="true"` : undefined}>
${typed(comment)}</textarea>
<p class="hint" id="about-comment">Needed to reject, welcome to approve. It becomes evidence and is kept for years: name no people, and nothing that is to be erased one day.</p>
<div class="row">
<button class="plain" name="${FIELD.decision}" value="approve">Approve …</button>
<button class="plain" name="${FIELD.decision}" value="reject">Reject …</button>
</div>
<p class="hint">${
      provider === undefined
        ? 'Either leads to a last step that repeats what you decide.'
        : html`Either leads to <strong>${provider}</strong>, where you sign in for what you decide, and back to a last step.`
    }</p>`,
  );
  return provider === undefined
    ? { heading: 'Step 3 of 4: decide', body: fields }
    : { heading: 'Step 1 of 3: decide', body: html`${readFirst(facts)}${fields}` };
}

/** What somebody typed comes back as it is, line by line. */
function typed(comment: string): Content {
  const each = shortened(comment, MAX_COMMENT).split(/\r\n|[\r\n]/);
  return each.map((line, index) => (index === 0 ? line : html`\n${line}`));
}

const CONFIRM: Readonly<
  Record<Choice | 'withdraw', { readonly heading: string; readonly says: string; readonly button: string }>
> = {
  approve: {
    heading: 'confirm that you approve',
    says: 'You approve exactly this, and nothing else:',
    button: 'Approve this release',
  },
  reject: {
    heading: 'confirm that you reject',
    says: 'You reject this, and the promotion ends:',
    button: 'Reject this release',
  },
  withdraw: {
    heading: 'confirm that you take your approval back',
    says: 'You no longer approve this; the promotion stops until it is approved again:',
    button: 'Take my approval back',
  },
};

const STEP: Readonly<Record<ProofMethod, string>> = { code: 'Step 4 of 4', oidc: 'Step 3 of 3' };

function confirm({ facts, choice, comment, method, confirm: target, back }: Step<'confirm'>, limits: Limits): Act {
  const { heading, says, button } = CONFIRM[choice];
  const leave =
    back === undefined
      ? html`<p class="hint">Nothing is decided before you do. Close this page to decide nothing.</p>\n`
      : html`<p class="back"><a href="${back}">Go back and decide nothing</a></p>\n`;
  const step = choice === 'withdraw' ? 'Last step' : STEP[method];
  return {
    heading: `${step}: ${heading}`,
    body: html`<p>${says}</p>
${repeated(facts, comment, limits)}${form(target, html`<button class="${choice === 'approve' ? '' : 'stop'}">${button}</button>`)}${leave}`,
  };
}

function signIn({ facts, choice, comment, provider, url, back }: Step<'sign_in'>, limits: Limits): Act {
  return {
    heading: 'Step 2 of 3: sign in for it',
    body: html`<p>${CONFIRM[choice].says}</p>
${repeated(facts, comment, limits)}<p>Your identity provider signs that it is you, and exactly this. It learns a digest of it, and nothing else.</p>
<p><a class="button" href="${url}">Sign in at ${provider}</a></p>
<p class="back"><a href="${back}">Go back and decide nothing</a></p>
`,
  };
}

function repeated(facts: ApprovalFacts, comment: string, limits: Limits): Markup {
  return html`<dl>
${summaryRows(facts.summary, limits.text)}<dt>Instead of</dt><dd>${facts.running === null ? 'nothing: it is the first release' : thing(facts.running.model, limits.text)}</dd>
<dt>Gate</dt><dd>${tally(facts.gate.verdicts)}<br>${digest(facts.gate.decision)}</dd>
<dt>Your role</dt><dd>${shortened(facts.role, limits.text)}</dd>
<dt>Your comment</dt><dd>${comment === '' ? 'none' : lines(comment)}</dd>
</dl>
`;
}
