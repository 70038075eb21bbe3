import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { INCIDENT_KINDS, runbookArticle } from '../../../lib/contracts/incidents.ts';

const runbook = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
const articles = new Map(
  (runbook.split(/^# Incidents$/m)[1] ?? '')
    .split(/^### /m)
    .slice(1)
    .map((article) => [article.slice(0, article.indexOf('\n')), article] as const),
);

describe('the runbook', () => {
  it('has an article per kind of incident, and none of another', () => {
    expect([...articles.keys()].sort()).toEqual(INCIDENT_KINDS.map(runbookArticle).sort());
  });

  it.each([...articles])('says of %s how to look, contain, mend and restore', (_, article) => {
    expect(article).toMatch(
      /\*\*Triage\.\*\*.*\*\*Containment\.\*\*.*\*\*Eradication\.\*\*.*\*\*Evidence restoration\.\*\*/s,
    );
    expect(article).toMatch(/^(countersign|aws) /m);
  });
});
