import { shortened } from '../../printable.ts';
import { html, type Markup } from '../html.ts';
import { type Limits, sized } from '../limits.ts';
import type { ApprovalFacts, ApprovalPage, ApprovalStep, RenderedPage } from '../model.ts';
import { renderShell } from '../shell.ts';
import { KEPT, listed, nameOf, sentence, shortDigest, sign, when } from '../words.ts';
import { cardSection, changesSection } from './changes.ts';
import { dataSection } from './data.ts';
import { decidedSection, earlierSection, evidenceSection, withheldSection } from './decisions.ts';
import { ACT, actSection } from './forms.ts';
import { lineageSection } from './lineage.ts';
import { linkState } from './link-state.ts';
import { summarySection } from './summary.ts';
import { gateSection } from './verdicts.ts';

/** What the link in a mail leads to, in each of its states. */
export function renderApprovalPage(page: ApprovalPage): RenderedPage {
  return 'facts' in page ? renderStep(page) : linkState(page);
}

function renderStep(step: ApprovalStep): RenderedPage {
  const { summary } = step.facts;
  const title = `Release ${nameOf(summary.model)} to ${shortened(summary.endpoint, 80)}?`;
  return sized((limits) =>
    renderShell({
      title,
      kind: 'Approval',
      foot: KEPT,
      skipTo: { id: ACT, label: 'Go to what you are asked to do' },
      main: html`<h1>${title}</h1>
${head(step.facts, limits)}${actSection(step, limits)}${step.state === 'confirm' || step.state === 'sign_in' ? undefined : details(step.facts, limits)}`,
    }),
  );
}

function head(facts: ApprovalFacts, limits: Limits): Markup {
  const { summary, role, deputyFor, changed } = facts;
  return html`<p class="lead"><strong>${shortened(summary.requester, limits.text)}</strong> asks you, as <strong>${shortened(role, limits.text)}</strong>${
    deputyFor === null ? undefined : html` in place of ${shortened(deputyFor, limits.text)}`
  }, to let a model into ${summary.environment}.</p>
${strip(facts, limits)}${summary.emergency ? EMERGENCY : undefined}${changed.length === 0 ? undefined : changedSection(changed, limits)}`;
}

/** What decides most readers' minds, at one glance. */
function strip({ gate, running, approvedBy, until }: ApprovalFacts, limits: Limits): Markup {
  const roles = approvedBy.slice(0, limits.rows);
  return html`<dl class="strip">
<div><dt>Gate</dt><dd>${sign(gate.passed ? 'pass' : 'fail', gate.passed ? 'Open' : 'Closed')}</dd></div>
<div><dt>Takes the place of</dt><dd>${running === null ? 'nothing: first release' : html`<code>${shortDigest(running.model.sha256)}</code>`}</dd></div>
<div><dt>Approved so far</dt><dd>${roles.length === 0 ? 'by nobody' : listed(roles.map((role) => shortened(role, limits.text)))}</dd></div>
<div><dt>Decide by</dt><dd>${when(until)}</dd></div>
</dl>
`;
}

const EMERGENCY = html`<section class="alarm" aria-label="Emergency">
<p><strong>This is a break-glass promotion.</strong> Rules are set aside for it, and what you decide is reviewed afterwards.</p>
</section>
`;

function changedSection(changed: readonly string[], limits: Limits): Markup {
  return html`<section class="alarm" aria-labelledby="changed">
<h2 id="changed">You are asked again</h2>
<p>What was approved before has changed, and that approval counts no longer:</p>
<ul>${changed.slice(0, limits.rows).map((text) => html`<li>${shortened(sentence(text), limits.text)}</li>`)}</ul>
</section>
`;
}

function details(facts: ApprovalFacts, limits: Limits): Markup {
  return html`${summarySection(facts, limits)}${changesSection(facts, limits)}${gateSection(facts.gate, limits)}${dataSection(facts.datasets, limits)}${lineageSection(facts.lineage, limits)}${cardSection(facts.card, limits)}${withheldSection(facts.withheld)}${decidedSection(facts, limits)}${earlierSection(facts, limits)}${evidenceSection(facts, limits)}`;
}
