// The metrics of /metrics to an OpenTelemetry collector, once in an interval: the same names, labels and values.
// Must never queue: counts go on, so what one export missed the next one says.
import { ValueType } from "@opentelemetry/api";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { AggregationTemporality, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import type { Clock, Timer } from "../../grpc/clock.ts";
import { systemClock } from "../../grpc/clock.ts";
import { CATALOGUE, type Family } from "../catalogue.ts";
import type { Distribution, Series, Value } from "../registry.ts";
import { hrTime } from "../traces/wall_clock.ts";
import type { OtlpClient } from "./otlp_client.ts";
import type { Resource } from "./resources.ts";

export interface MetricsPushOptions {
  readonly collect: () => Promise<ReadonlyMap<string, Series>>;
  readonly resource: Resource;
  /** Since when counts count, milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly clock?: Clock;
}

type To = Pick<OtlpClient, "export">;

export class MetricsPush {
  readonly #clock: Clock;
  #to: To | undefined;
  #intervalMs = 0;
  #timer: Timer | undefined;
  #sending = false;

  constructor(private readonly options: MetricsPushOptions) {
    this.#clock = options.clock ?? systemClock;
  }

  /** @param intervalMs 0: none is sent */
  configure(to: To | undefined, intervalMs: number): void {
    if (to === this.#to && intervalMs === this.#intervalMs) return;
    this.stop();
    this.#to = to;
    this.#intervalMs = intervalMs;
    this.#next();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#to = undefined;
  }

  #next(): void {
    if (this.#to === undefined || this.#intervalMs === 0) return;
    this.#timer = this.#clock.startTimer(this.#intervalMs, () => {
      // One that is slower than the interval is waited for.
      if (!this.#sending) void this.#send();
      this.#next();
    }, true);
  }

  /** Never rejects: a collector that isn't there is told next time. */
  async #send(): Promise<void> {
    this.#sending = true;
    try {
      const to = this.#to;
      const metrics = metricData(
        await this.options.collect(),
        this.options.startedAtMs,
        this.#clock.epochMs(),
      );
      const request = ProtobufMetricsSerializer.serializeRequest({
        resource: this.options.resource,
        scopeMetrics: [{ scope: { name: "gatehouse" }, metrics }],
      });
      if (request !== undefined) await to?.export("metrics", request);
    } catch {
      // The log says of the same collector that it takes no spans; and counts lose nothing.
    } finally {
      this.#sending = false;
    }
  }
}

/** In the catalogue's order; families without a series are left out. */
export function metricData(
  collected: ReadonlyMap<string, Series>,
  startedAtMs: number,
  nowMs: number,
): MetricData[] {
  const time = { startTime: hrTime(startedAtMs), endTime: hrTime(nowMs) };
  return Object.entries<Family>(CATALOGUE).flatMap(([name, family]) => {
    const series = collected.get(name) ?? [];
    return series.length === 0 ? [] : [dataOf(name, family, series, time)];
  });
}

type Time = Pick<MetricData["dataPoints"][number], "startTime" | "endTime">;

function dataOf(name: string, { kind, help, buckets = [] }: Family, series: Series, time: Time): MetricData {
  const common = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (kind === "histogram") {
    const dataPoints = (series as readonly Distribution[]).map(({ labels, counts, sum }) => {
      const all = Array.from(counts);
      const count = all.reduce((total, one) => total + one, 0);
      const value = { buckets: { boundaries: [...buckets], counts: all }, sum, count };
      return { ...time, attributes: labels, value };
    });
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = (series as readonly Value[]).map(({ labels, value }) => ({
    ...time,
    attributes: labels,
    value,
  }));
  return kind === "counter"
    ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
}

/** By UCUM, of what the name says (Prometheus names end with their unit). */
function unitOf(name: string): string {
  const base = name.replace(/_total$/, "");
  return base.endsWith("_seconds") ? "s" : base.endsWith("_bytes") ? "By" : "";
}
