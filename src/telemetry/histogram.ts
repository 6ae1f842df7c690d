// Counts of observations by bucket, for hot paths: one comparison or a few, two additions.
// Must never allocate after its making.

export class Histogram {
  /** One more than bounds: those beyond the last. */
  readonly counts: Float64Array;
  readonly #bounds: Float64Array;
  sum = 0;

  /** @param bounds upper ones, inclusive, ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = Float64Array.from(bounds);
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > bounds[at]) at++;
    this.counts[at]++;
    this.sum += value;
  }

  get observations(): number {
    return this.counts.reduce((total, count) => total + count, 0);
  }
}
