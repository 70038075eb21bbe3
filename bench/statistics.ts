/** The value that half of the samples do not exceed; the mean of the middle two of an even number. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new RangeError('there is nothing to take a median of');
  return (low + high) / 2;
}

/**
 * The sample that a share of all samples does not exceed (nearest rank), so that a p99 is a time that was really seen.
 *
 * @param share - above 0, at most 1
 */
export function percentile(samples: readonly number[], share: number): number {
  const value = samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * share) - 1];
  if (value === undefined) throw new RangeError(`there is no sample at ${share}`);
  return value;
}
