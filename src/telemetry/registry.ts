// Prometheus' text of what collectors give at a scrape; prom-client writes it.
// Must never keep a value: counts live where they are counted, so that counting costs an addition.
import { type Metric, Registry, type RegistryContentType } from "prom-client";
import { CATALOGUE, type Family, type FamilyName } from "./catalogue.ts";

export type Labels = Readonly<Record<string, string>>;

/** One series of a counter or a gauge. */
export interface Value {
  readonly labels: Labels;
  readonly value: number;
}

/** One series of a histogram. */
export interface Distribution {
  readonly labels: Labels;
  /** Observations up to each bound of the family's buckets and above the one before; the last are those beyond. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** A family's. */
export type Series = readonly Value[] | readonly Distribution[];

/** What one source has to say at a scrape; a family may come from one source only. */
export type Collected = Partial<Record<FamilyName, Series>>;

/** Must neither throw nor wait for another process beyond what it bounds itself. */
export type Collector = () => Collected | Promise<Collected>;

/** 0.0.4 is what every scraper reads; OpenMetrics is what Prometheus asks for first. */
export type TextFormat = "prometheus" | "openmetrics";

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** As prom-client's registry renders it: a sample of a family, with the sample's own name in a histogram. */
interface Sample extends Value {
  readonly metricName?: string;
}

export class MetricsRegistry {
  readonly #collectors: Collector[] = [];

  add(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** What all collectors say now, by family. */
  async collect(): Promise<Map<string, Series>> {
    const collected = new Map<string, Series>();
    for (const part of await Promise.all(this.#collectors.map((collect) => collect()))) {
      for (const [name, series] of Object.entries(part)) collected.set(name, series);
    }
    return collected;
  }

  /** One scrape. Families without a series are left out. */
  async text(format: TextFormat): Promise<MetricsText> {
    const collected = await this.collect();
    // One of its own for each scrape: prom-client renames counters in a registry that wrote OpenMetrics.
    const registry = new Registry<RegistryContentType>();
    if (format === "openmetrics") registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    for (const [name, family] of Object.entries<Family>(CATALOGUE)) {
      const series = collected.get(name);
      if (series === undefined || series.length === 0) continue;
      registry.registerMetric(new Rendered(name, family, series) as unknown as Metric);
    }
    return { contentType: registry.contentType, text: await registry.metrics() };
  }
}

/** What prom-client's registry asks of a metric. */
class Rendered {
  readonly help: string;
  readonly type: string;

  constructor(
    /** The registry shortens a counter's for OpenMetrics. */
    public name: string,
    private readonly family: Family,
    private readonly series: Series,
  ) {
    this.help = family.help;
    this.type = family.kind;
  }

  get(): { name: string; help: string; type: string; values: Sample[] } {
    const { name, help, type } = this;
    const values = this.series.flatMap((one) => "counts" in one ? this.#samplesOf(one) : [one]);
    return { name, help, type, values };
  }

  #samplesOf({ labels, counts, sum }: Distribution): Sample[] {
    const samples: Sample[] = [];
    let total = 0;
    for (const [at, bound] of [...this.family.buckets ?? [], "+Inf"].entries()) {
      total += counts[at];
      const le = typeof bound === "number" ? String(bound) : bound;
      samples.push({ metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: total });
    }
    samples.push({ metricName: `${this.name}_sum`, labels, value: sum });
    samples.push({ metricName: `${this.name}_count`, labels, value: total });
    return samples;
  }
}
