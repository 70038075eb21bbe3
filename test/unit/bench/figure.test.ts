import { describe, expect, it } from 'vitest';
import { asMarkdown, asTable, figure } from '../../../bench/figure.ts';
import { median, percentile } from '../../../bench/statistics.ts';

describe('a figure', () => {
  it('is held against its peer by its ratio', () => {
    const peer = { name: 'openssl', value: 1000 };
    const target = { of: 'ratio', bound: '>=', limit: 0.9 } as const;
    expect(figure('speed', 899, 'MB/s', { against: peer, target })).toEqual({
      name: 'speed',
      value: 899,
      unit: 'MB/s',
      against: peer,
      ratio: 0.899,
      target: 'ratio >= 0.9',
      met: false,
    });
    expect(figure('speed', 900, 'MB/s', { against: peer, target }).met).toBe(true);
  });

  it.each([
    ['<=', 4, true],
    ['<=', 5, false],
    ['<', 4, false],
    ['>=', 4, true],
  ] as const)('is held against its target by its value: %s 4 of %d is %s', (bound, value, met) => {
    expect(figure('calls', value, 'calls', { target: { of: 'value', bound, limit: 4 } }).met).toBe(met);
  });

  it('that has no target is neither met nor missed', () => {
    expect(figure('p99', 12, 'ms')).toMatchObject({ against: null, ratio: null, target: null, met: null });
  });

  it('that was not measured is refused, and so is a ratio to nothing', () => {
    expect(() => figure('p99', Number.NaN, 'ms')).toThrow(RangeError);
    expect(() => figure('p99', 1, 'ms', { against: { name: 'peer', value: 0 } })).toThrow(RangeError);
    expect(() => figure('p99', 1, 'ms', { target: { of: 'ratio', bound: '<=', limit: 1 } })).toThrow(RangeError);
  });

  it('is printed in columns or as Markdown, with three significant digits', () => {
    const figures = [
      figure('a', 0.123456, 'ms', { target: { of: 'value', bound: '<', limit: 0.1 } }),
      figure('longer', 12_345, 'MB/s', { against: { name: 'peer', value: 10_000 } }),
    ];
    expect(asTable(figures).split('\n')).toEqual([
      'figure  value       against     ratio  target       met',
      'a       0.123 ms                       value < 0.1  NO',
      'longer  12345 MB/s  10000 peer  1.23',
    ]);
    expect(asMarkdown(figures).split('\n')[2]).toBe('| a | 0.123 ms |  |  | value < 0.1 | NO |');
  });
});

describe('statistics', () => {
  it('takes the middle sample, or the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 4, 8])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });

  it('takes a percentile that was really seen', () => {
    const samples = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(percentile(samples, 0.99)).toBe(198);
    expect(percentile([7], 0.99)).toBe(7);
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});
