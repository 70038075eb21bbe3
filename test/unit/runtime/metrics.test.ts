import { describe, expect, it } from 'vitest';
import { counted } from '../../../lib/runtime/metrics.ts';

describe('a counted log line', () => {
  it('names each metric and dimension that CloudWatch is told of as a field of its own', () => {
    const line = JSON.parse(JSON.stringify(counted({ UnsignedAccepted: 1, LateAccepted: 0 }, { code: 'X' })));
    const [directive] = line._aws.CloudWatchMetrics;
    expect(directive.Namespace).toBe('Countersign');
    expect(directive.Metrics.map(({ Name }: { Name: string }) => [Name, line[Name]])).toEqual([
      ['UnsignedAccepted', 1],
      ['LateAccepted', 0],
    ]);
    expect(directive.Dimensions).toEqual([['stage', 'code']]);
    expect(line).toMatchObject({ stage: expect.any(String), code: 'X', _aws: { Timestamp: expect.any(Number) } });
  });
});
