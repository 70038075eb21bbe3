import { describe, expect, it } from 'vitest';
import { eventPattern } from '../../../local/events/pattern.ts';
import type { Json } from '../../../local/properties.ts';

const EVENT = {
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  detail: { status: 'FAILED', count: 0, empty: null, tags: ['a', 'b'], items: [{ kind: 'x' }, { kind: 'y' }] },
};

describe('an event pattern', () => {
  it.each<[string, Json]>([
    ['every field is one of those wanted', { source: ['aws.s3', 'aws.states'], detail: { status: ['FAILED'] } }],
    ['a number is the same', { detail: { count: [0] } }],
    ['null is wanted', { detail: { empty: [null] } }],
    ['an element of a list is wanted', { detail: { tags: ['b'] } }],
    ['an object of a list fits', { detail: { items: { kind: ['y'] } } }],
    ['a text has the prefix', { detail: { status: [{ prefix: 'FAIL' }] } }],
    ['a value is another than the unwanted', { detail: { status: [{ 'anything-but': ['SUCCEEDED', 'RUNNING'] }] } }],
    ['a value has another prefix', { source: [{ 'anything-but': { prefix: 'countersign' } }] }],
    ['a field is there', { detail: { status: [{ exists: true }] } }],
    ['a field is not there', { detail: { error: [{ exists: false }] } }],
    ['a field of what is not there is not there', { extra: { error: [{ exists: false }] } }],
    ['one of several comparisons holds', { detail: { status: ['RUNNING', { prefix: 'FAIL' }] } }],
    ['nothing is asked', {}],
  ])('fits when %s', (_, pattern) => {
    expect(eventPattern(pattern)(EVENT)).toBe(true);
  });

  it.each<[string, Json]>([
    ['one field is another', { source: ['aws.states'], detail: { status: ['SUCCEEDED'] } }],
    ['a number is wanted and a text is there', { detail: { status: [0] } }],
    ['a text is wanted and a number is there', { detail: { count: ['0'] } }],
    ['the field is absent', { detail: { error: ['x'] } }],
    ['the field is absent, whatever it must not be', { detail: { error: [{ 'anything-but': 'x' }] } }],
    ['the value is the unwanted one', { detail: { status: [{ 'anything-but': 'FAILED' }] } }],
    ['the prefix is the unwanted one', { source: [{ 'anything-but': { prefix: 'aws.' } }] }],
    ['the prefix is another', { detail: { status: [{ prefix: 'TIMED' }] } }],
    ['the field should be absent', { detail: { status: [{ exists: false }] } }],
    ['the field should be there', { detail: { error: [{ exists: true }] } }],
    ['it names what every object inherits', { detail: { toString: [{ exists: true }] } }],
  ])('does not fit when %s', (_, pattern) => {
    expect(eventPattern(pattern)(EVENT)).toBe(false);
  });

  it.each<[string, Json]>([
    ['a comparison that is not played', { detail: { count: [{ numeric: ['>', 0] }] } }],
    ['two comparisons in one', { detail: { status: [{ prefix: 'A', suffix: 'B' }] } }],
    ['alternatives of whole patterns', { $or: [{ source: ['a'] }, { source: ['b'] }] }],
    ['text where an object belongs', 'aws.states'],
    ['text where a list belongs', { source: 'aws.states' }],
  ])('is refused for %s', (_, pattern) => {
    expect(() => eventPattern(pattern)).toThrow(/event pattern/);
  });
});
