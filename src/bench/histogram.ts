// Latencies as an HDR histogram: microseconds, three significant digits, from 1 us to an hour.
// Must never average percentiles: histograms are added, and percentiles are taken of the sum.
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";

/** Longer than any deadline that can be asked for is recorded as this. */
const MAX_US = 24 * 3600 * 1_000_000;
/** 64: counts as doubles, which no run overflows. */
const BUCKET_BITS = 64;

export interface LatencySummary {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly p99_99: number;
  readonly max: number;
}

/**
 * ```ts
 * const latencies = new LatencyHistogram();
 * latencies.recordMs(0.25);
 * latencies.summary()?.p50; // 250
 * ```
 */
export class LatencyHistogram {
  readonly #histogram: Histogram;

  constructor(histogram?: Histogram) {
    this.#histogram = histogram ?? build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: MAX_US,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: BUCKET_BITS,
      autoResize: false,
    });
  }

  /** @throws Error when `text` is no encoded histogram */
  static decode(text: string): LatencyHistogram {
    return new LatencyHistogram(decodeFromCompressedBase64(text, BUCKET_BITS));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  recordMs(latencyMs: number): void {
    // Below a microsecond nothing is measured; 0 would fall out of the percentiles' ratios.
    this.#histogram.recordValue(Math.min(Math.max(Math.round(latencyMs * 1000), 1), MAX_US));
  }

  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Microseconds: that share of all calls took at most so long. 0 when nothing was recorded. */
  percentile(percent: number): number {
    return this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(percent);
  }

  /** Microseconds; undefined when nothing was recorded. */
  summary(): LatencySummary | undefined {
    if (this.count === 0) return undefined;
    return {
      mean: Number(this.#histogram.mean.toFixed(1)),
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      p99_9: this.percentile(99.9),
      p99_99: this.percentile(99.99),
      max: this.percentile(100),
    };
  }

  /** HdrHistogram's own V2 format, zlib, base64: its tools in other languages read it. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}
