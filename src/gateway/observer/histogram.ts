// Percentiles of a histogram that was counted in buckets, as Prometheus' histogram_quantile reckons them.
// Must never tell more than the buckets know: above the last bound there is only "more than".

/** How many fell at or below a bound; the last bound is Infinity. */
export interface Bucket {
  readonly le: number;
  readonly count: number;
}

/**
 * The value below which that share lies: between a bucket's bounds in proportion. In the last bucket its lower bound,
 * since nothing else is known.
 *
 * @param buckets cumulative, by rising `le`
 * @param share 0 to 1
 * @returns undefined when nothing was counted
 */
export function quantile(buckets: readonly Bucket[], share: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0;
  if (!(total > 0)) return undefined;
  const rank = share * total;
  const at = buckets.findIndex(({ count }) => count >= rank && count > 0);
  const { le, count } = buckets[at];
  const below = buckets[at - 1];
  const from = below?.le ?? Math.min(0, le);
  if (le === Infinity) return from;
  const inside = count - (below?.count ?? 0);
  if (inside === 0) return le;
  // The product may round to more than the bound.
  return Math.min(le, from + (le - from) * ((rank - (below?.count ?? 0)) / inside));
}
