// What two readings of the same counters say of the time between them: rates, and histograms by difference.
// Must never show a restart as a negative rate: a counter that fell began anew at 0.
import { matches, type Sample } from "../../telemetry/prometheus_text.ts";
import type { Bucket } from "./histogram.ts";

type Labels = Readonly<Record<string, string>>;

/** The counters of one moment. */
export class Scrape {
  readonly #byName = new Map<string, Sample[]>();

  /** @param atMs by a clock that never steps */
  constructor(readonly atMs: number, samples: readonly Sample[]) {
    for (const sample of samples) {
      const known = this.#byName.get(sample.name);
      if (known === undefined) this.#byName.set(sample.name, [sample]);
      else known.push(sample);
    }
  }

  /** The series of that name that have these labels. */
  series(name: string, labels: Labels = {}): Sample[] {
    return (this.#byName.get(name) ?? []).filter((sample) => matches(sample, name, labels));
  }

  /** Of all those series; undefined when there is none. */
  sum(name: string, labels: Labels = {}): number | undefined {
    const series = this.series(name, labels);
    return series.length === 0 ? undefined : series.reduce((sum, { value }) => sum + value, 0);
  }

  /** The values that a label has in a metric, in the order of the text. */
  values(name: string, label: string): string[] {
    return [...new Set(this.series(name).flatMap(({ labels }) => labels[label] ?? []))];
  }
}

/** From one reading to a later one. */
export class Interval {
  readonly #before = new Map<string, number>();
  readonly #indexed = new Set<string>();

  constructor(readonly from: Scrape, readonly to: Scrape) {}

  get seconds(): number {
    return (this.to.atMs - this.from.atMs) / 1000;
  }

  /** How much the counters rose, all of them together; undefined when there are none. */
  rise(name: string, labels: Labels = {}): number | undefined {
    const series = this.to.series(name, labels);
    if (series.length === 0) return undefined;
    return series.reduce((sum, sample) => sum + this.#riseOf(sample), 0);
  }

  /** The rise a second. */
  rate(name: string, labels: Labels = {}): number | undefined {
    const rise = this.rise(name, labels);
    return rise === undefined || !(this.seconds > 0) ? undefined : rise / this.seconds;
  }

  /** What a histogram counted in between, over all its series with these labels. */
  histogram(name: string, labels: Labels = {}): Bucket[] {
    const counts = new Map<number, number>();
    for (const sample of this.to.series(`${name}_bucket`, labels)) {
      const le = sample.labels.le === "+Inf" ? Infinity : Number(sample.labels.le);
      counts.set(le, (counts.get(le) ?? 0) + this.#riseOf(sample));
    }
    return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le);
  }

  #riseOf(sample: Sample): number {
    if (!this.#indexed.has(sample.name)) {
      for (const one of this.from.series(sample.name)) this.#before.set(seriesKey(one), one.value);
      this.#indexed.add(sample.name);
    }
    const before = this.#before.get(seriesKey(sample)) ?? 0;
    return sample.value >= before ? sample.value - before : sample.value;
  }
}

const seriesKey = ({ name, labels }: Sample): string =>
  `${name}\0${
    Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => `${k}=${v}`).join("\0")
  }`;

/** The last readings, over some time. */
export class Scrapes {
  readonly #kept: Scrape[] = [];

  /** @param keep how many readings at most */
  constructor(private readonly keep: number) {}

  add(scrape: Scrape): void {
    this.#kept.push(scrape);
    if (this.#kept.length > this.keep) this.#kept.shift();
  }

  get last(): Scrape | undefined {
    return this.#kept.at(-1);
  }

  /**
   * From the oldest reading that isn't older than that to the newest one; undefined before the second.
   * The two newest always make one.
   */
  interval(windowMs: number): Interval | undefined {
    const last = this.#kept.at(-1);
    if (last === undefined || this.#kept.length < 2) return undefined;
    const first = this.#kept.find(({ atMs }) => last.atMs - atMs <= windowMs);
    const from = first === undefined || first === last ? this.#kept[this.#kept.length - 2] : first;
    return new Interval(from, last);
  }
}
