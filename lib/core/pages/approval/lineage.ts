import { findCycle } from '../../lineage.ts';
import { type Content, html, type Markup } from '../html.ts';
import type { Limits } from '../limits.ts';
import { lineagePicture, stageOf } from '../lineage/picture.ts';
import type { LineageNode, LineageView } from '../model.ts';
import { folded, section } from '../parts.ts';
import { count, more, shortDigest, thing } from '../words.ts';

export function lineageSection(lineage: LineageView, limits: Limits): Markup {
  const { nodes, edges, complete } = lineage;
  const { svg, shown, edgesLeftOut } = lineagePicture(lineage, limits.boxes);
  const hidden = nodes.length - shown.length;
  const isCyclic = findCycle(edges.map((edge) => ({ ...edge, evidence: '' }))) !== undefined;
  return section(
    'lineage',
    'What the model was made from',
    complete
      ? undefined
      : html`<p class="error">It could not be followed to its end, so that this is not the whole.</p>`,
    isCyclic
      ? html`<p class="error">Something here is said to be made from itself, which cannot be: a statement is false.</p>`
      : undefined,
    hidden > 0
      ? html`<p class="soft small">The nearest ${shown.length} of ${count(nodes.length, 'thing')} are drawn.</p>`
      : undefined,
    edgesLeftOut > 0
      ? html`<p class="soft small">${count(edgesLeftOut, 'line is', 'lines are')} not drawn.</p>`
      : undefined,
    svg,
    folded('The same as a list', list(shown, edges, limits)),
    hidden > 0
      ? html`<p class="soft small">The whole: <code>countersign show lineage ${nodes[0]?.sha256}</code></p>`
      : undefined,
  );
}

function list(nodes: readonly LineageNode[], edges: LineageView['edges'], limits: Limits): Content {
  const byDigest = new Map(nodes.map((node) => [node.sha256, node]));
  const shown = nodes.slice(0, limits.rows);
  return html`<ul class="small">
${shown.map((node) => {
  const inputs = edges
    .filter(({ to }) => to === node.sha256)
    .map(({ from }) => byDigest.get(from)?.name ?? shortDigest(from));
  const some = inputs.slice(0, limits.reasons);
  const left = inputs.length - some.length;
  const made =
    some.length === 0
      ? ''
      : `, made from ${some.map((name) => name.slice(0, limits.text)).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
  return html`<li>${thing(node, limits.text)} (${node.kind}, ${stageOf(node)})${made}</li>\n`;
})}</ul>
${more(nodes, shown.length, 'things')}`;
}
