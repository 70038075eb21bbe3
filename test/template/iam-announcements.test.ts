import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../cdk/names.ts';
import { ROLES } from '../../lib/contracts/roles.ts';
import { Resolver } from './support/resolve.ts';
import { type Principal, Simulator } from './support/simulate.ts';
import { ofType, synthesise, templatesOf } from './support/synth.ts';

const templates = synthesise('prod');
const prod = new Simulator(templates);

/** Who says what happened. */
const ANNOUNCERS: readonly Principal[] = [
  'function:waiver-watch',
  'function:promotions',
  'function:promoter',
  'function:promotion-gate',
  'function:incidents',
  'function:approval-desk',
  'function:pages',
  'function:approval-watch',
];
const EVERYBODY: readonly Principal[] = [
  ...FUNCTION_NAMES.map((name) => `function:${name}` as const),
  ...ROLES.map((role) => `role:${role}` as const),
  'administrator',
  'deployment',
];

const put = (principal: Principal, sources: string[], bus = 'countersign-prod') =>
  prod.simulate({
    principal,
    action: 'events:PutEvents',
    resource: `arn:aws:events:eu-central-1:123456789012:event-bus/${bus}`,
    context: sources.length === 0 ? {} : { 'events:source': sources },
  });

describe('announcements', () => {
  it.each(EVERYBODY)('%s makes some only as one of those who do, administrators included', async (principal) => {
    const may = ANNOUNCERS.includes(principal);
    expect(await put(principal, ['countersign'])).toBe(may ? 'Allowed' : 'ExplicitlyDenied');
  });

  it.each(ANNOUNCERS)('%s makes them under our name, on this bus, and nothing else', async (principal) => {
    for (const sources of [['aws.s3'], ['countersign', 'aws.s3'], []]) {
      expect(await put(principal, sources), sources.join()).toBe('ImplicitlyDenied');
    }
    for (const bus of ['default', 'countersign-dev'])
      expect(await put(principal, ['countersign'], bus)).toBe('ImplicitlyDenied');
  });

  it('are heard from this bus only: whoever puts events on the default one under our name is not believed', () => {
    const listening = templatesOf(templates).flatMap((template) =>
      ofType(template, 'AWS::Events::Rule')
        .map(([, { Properties }]) => Object(new Resolver(templates).resolve(Properties, template)))
        .filter(({ EventPattern }) => EventPattern?.source?.includes('countersign')),
    );
    expect(listening.length).toBeGreaterThan(0);
    for (const { EventBusName, Name } of listening) expect(EventBusName, Name).toBe('countersign-prod');
  });
});
