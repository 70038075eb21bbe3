import { shortened } from '../../printable.ts';
import { type Content, html, lines, type Markup } from '../html.ts';
import type { Limits } from '../limits.ts';
import type { ApprovalFacts, DecisionView, EarlierDecision, ProofMethod, Withheld } from '../model.ts';
import { folded, section } from '../parts.ts';
import { count, digest, more, shortDigest, sign, thing, when } from '../words.ts';

/** The weaker way is told as weaker. */
function methodText(method: ProofMethod | null): string {
  if (method === 'code') return 'proved by a code to their mail address, the weaker way';
  return method === 'oidc'
    ? 'signed in with their identity provider, which signed it too'
    : 'signed with a key of their own';
}

export function decision(
  { person, role, decision: said, method, at, comment, evidence, fallen }: DecisionView,
  limits: Limits,
): Markup {
  const isApproved = said === 'approved';
  return html`<p>${sign(isApproved ? 'pass' : 'fail', isApproved ? 'Approved' : 'Rejected')} by <strong>${shortened(person, limits.text)}</strong> as ${shortened(role, limits.text)}, ${when(at)}; ${methodText(method)}. <code class="soft">${shortDigest(evidence)}</code></p>
${fallen === null ? undefined : html`<p class="error">It counts no longer: ${shortened(fallen, limits.text)}</p>\n`}${comment === '' ? undefined : html`<blockquote>${lines(shortened(comment, limits.text))}</blockquote>\n`}`;
}

/** In the place of what the reader is shown once they have proved who they are. */
export function withheldSection(withheld: Withheld): Content {
  if (withheld.what !== 'decisions' || withheld.count === 0) return undefined;
  return section(
    'decided',
    'What others decided',
    html`<p>${count(withheld.count, 'decision')} on this and earlier models of the family, with what was said, once you have entered your code.</p>`,
  );
}

/** Where somebody reads it who never proves more than that they have the link. */
const UNCOMMENTED = html`<p class="soft small">What people said is left out here: this page shows itself to whoever has the link. It is in their signed statements.</p>`;

export function decidedSection({ decided, withheld }: ApprovalFacts, limits: Limits): Content {
  if (decided.length === 0) return undefined;
  const shown = decided.slice(0, limits.rows);
  return section(
    'decided',
    'Who decided so far',
    shown.map((one) => decision(one, limits)),
    more(decided, shown.length, 'decisions'),
    withheld.what === 'comments' ? UNCOMMENTED : undefined,
  );
}

export function earlierSection({ earlier, withheld }: ApprovalFacts, limits: Limits): Content {
  if (earlier.length === 0) return undefined;
  const shown = earlier.slice(0, limits.rows);
  const [latest, ...rest] = shown;
  const one = (of: EarlierDecision): Markup =>
    html`<p class="soft small">${thing(of.model, limits.text)} for ${of.environment}</p>
${decision(of, limits)}`;
  return section(
    'earlier',
    'Decisions on earlier models of this family',
    latest && one(latest),
    rest.length > 0 ? folded(`${rest.length} before it`, rest.map(one)) : undefined,
    more(earlier, shown.length, 'decisions'),
    withheld.what === 'comments' ? UNCOMMENTED : undefined,
  );
}

export function evidenceSection({ evidence, gate, summary }: ApprovalFacts, limits: Limits): Markup {
  const all = [
    { what: 'Decision of the gate', sha256: gate.decision },
    { what: 'Policy', sha256: gate.policy.sha256 },
    ...evidence,
  ];
  const shown = all.slice(0, limits.rows);
  return section(
    'evidence',
    'Evidence',
    html`<p>Everything on this page comes from signed evidence, which you can fetch and check yourself:</p>
<p><code>countersign show model ${summary.model.sha256}</code></p>
`,
    folded(
      'Digests, and how to fetch them',
      html`<p class="small"><code>countersign show evidence DIGEST --attestation evidence.json</code>, then <code>countersign verify evidence.json</code></p>
<dl class="small">${shown.map(({ what, sha256 }) => html`<dt>${shortened(what, limits.text)}</dt><dd>${digest(sha256)}</dd>\n`)}</dl>
${more(all, shown.length, 'digests')}`,
    ),
  );
}
