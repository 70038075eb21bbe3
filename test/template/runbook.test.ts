import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALARMS } from '../../cdk/constructs/alarms.ts';
import { Resolver } from './support/resolve.ts';
import { ofType, synthesise, templatesOf } from './support/synth.ts';

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const articles = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((article) => [article.slice(0, article.indexOf('\n')), article] as const),
);
const prod = synthesise('prod');
const alarms = templatesOf(prod).flatMap((template) => ofType(template, 'AWS::CloudWatch::Alarm'));

it('there is an article per alarm and an alarm per article', () => {
  expect([...articles.keys()].sort()).toEqual(Object.keys(ALARMS).sort());
});

it.each([...articles])('the article %s says what happened, how to look and what to do', (_, article) => {
  expect(article).toMatch(/\*\*Description\.\*\*.*\*\*Investigation\.\*\*.*\*\*Resolution\.\*\*/s);
  expect(article).toContain('aws ');
});

describe('every alarm', () => {
  it('is raised somewhere', () => {
    const names = new Set(alarms.map(([, { Properties }]) => anchorOf(Properties.AlarmDescription)));
    expect([...names].sort()).toEqual(Object.keys(ALARMS).sort());
  });

  it.each(alarms)('%s goes to the topic and links its article', (_, { Properties }) => {
    expect(articles.has(anchorOf(Properties.AlarmDescription))).toBe(true);
    expect(Properties.AlarmActions).toHaveLength(1);
    expect(JSON.stringify(Properties.AlarmActions)).toContain('AlarmTopic');
    // Silence is health: no data means that nobody called.
    expect(Properties.TreatMissingData).toBe('notBreaching');
  });

  it('has a filter pattern within what CloudWatch Logs takes: 1,024 characters', () => {
    const resolver = new Resolver(prod);
    for (const [id, { Properties }] of ofType(prod.data, 'AWS::Logs::MetricFilter')) {
      // Physical names and key ids are a little longer than those that the resolver makes up.
      expect(String(resolver.resolve(Properties.FilterPattern, prod.data)).length, id).toBeLessThanOrEqual(850);
    }
  });

  it('that counts lines of logs has a metric filter that publishes its metric', () => {
    const filters = templatesOf(prod).flatMap((template) =>
      ofType(template, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties),
    );
    const published = filters.flatMap(({ MetricTransformations }) => JSON.parse(JSON.stringify(MetricTransformations)));
    const watched = alarms.filter(([, { Properties }]) => Properties.Namespace === 'Countersign/prod');
    expect(watched.map(([, { Properties }]) => Properties.MetricName).sort()).toEqual(
      [...new Set(published.map(({ MetricName }) => MetricName))].sort(),
    );
    expect(published.every(({ MetricNamespace }) => MetricNamespace === 'Countersign/prod')).toBe(true);
  });
});

it('looks for the lines that raise the alarm on integrity in every log that is watched for them', () => {
  expect(articles.get('integrity-failure')).toContain(
    'aws logs describe-metric-filters --metric-namespace "Countersign/$STAGE" --metric-name integrity-failure',
  );
});

function anchorOf(description: unknown): string {
  return /See docs\/runbook\.md#([a-z-]+)$/.exec(String(description))?.[1] ?? '';
}
