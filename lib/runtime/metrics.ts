import { Env } from '../contracts/env.ts';

export const METRIC_NAMESPACE = 'Countersign';

/**
 * Fields that make CloudWatch count a log line (embedded metric format): no call and no client, and the line and the metric
 * cannot disagree.
 *
 * @param counts - metric -> how many; a zero is counted too, so that a rate can be formed
 * @param dimensions - besides the deployment stage; few values each, never an id
 */
export function counted(
  counts: Readonly<Record<string, number>>,
  dimensions: Readonly<Record<string, string>> = {},
): object {
  const named = { stage: process.env[Env.STAGE] ?? 'unknown', ...dimensions };
  return {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [Object.keys(named)],
          Metrics: Object.keys(counts).map((Name) => ({ Name, Unit: 'Count' })),
        },
      ],
    },
    ...named,
    ...counts,
  };
}
