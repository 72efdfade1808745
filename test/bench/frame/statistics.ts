/** Medians and percentiles. */

/** NaN for no values. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The nearest rank, so that it is always a value that was seen; NaN for no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}
