import { describe, expect, it } from 'vitest';
import { OwnPredicate, Predicate } from '../../lib/contracts/predicates.ts';
import { eventPattern } from '../../local/events/pattern.ts';
import { ofType, synthesise, templatesOf } from './support/synth.ts';

const mappings = templatesOf(synthesise('prod'))
  .flatMap((template) => ofType(template, 'AWS::Lambda::EventSourceMapping'))
  .filter(([id]) => id.startsWith('ApprovalNews'));
const filters = mappings.flatMap(([, { Properties }]) => Object(Properties).FilterCriteria.Filters);
const patterns = filters.map(({ Pattern }: { readonly Pattern: string }) => eventPattern(JSON.parse(Pattern)));

/** Whether a row that is written to the evidence table starts the function that watches approvals. */
function wakes(kind: string, predicate: string, { event = 'INSERT', sk = 'evidence' } = {}): boolean {
  const image = { kind: { S: kind }, predicate_type: { S: predicate } };
  const record = { eventName: event, dynamodb: { Keys: { pk: { S: 'evidence#1' }, sk: { S: sk } }, NewImage: image } };
  return patterns.some((fits) => fits(record));
}

describe('the watch of approvals', () => {
  it('is started by one mapping', () => {
    expect(mappings).toHaveLength(1);
    expect(patterns).toHaveLength(2);
  });

  it.each([Predicate.manifest, Predicate.scai, Predicate.slsaVsa])('hears what producers say by %s', (predicate) => {
    expect(wakes('attestation', predicate)).toBe(true);
  });

  it.each([OwnPredicate.policyEvent, OwnPredicate.keyEvent, OwnPredicate.principalEvent, OwnPredicate.waiver])(
    'hears %s, which may bear on anything',
    (predicate) => {
      expect(wakes('event', predicate)).toBe(true);
    },
  );

  it.each([Predicate.slsaVsa, OwnPredicate.approval, OwnPredicate.promotionEvent, OwnPredicate.release])(
    'sleeps while gates, people and promotions state %s',
    (predicate) => {
      expect(wakes('event', predicate)).toBe(false);
    },
  );

  it('sleeps while anything else is written', () => {
    expect(wakes('attestation', Predicate.manifest, { event: 'MODIFY' })).toBe(false);
    expect(wakes('attestation', Predicate.manifest, { sk: 'hold' })).toBe(false);
  });
});
