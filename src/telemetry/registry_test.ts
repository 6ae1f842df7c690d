import { expect, it } from "vitest";
import { CATALOGUE, type Family, LAG_SECONDS } from "./catalogue.ts";
import { Histogram } from "./histogram.ts";
import { MetricsRegistry } from "./registry.ts";

function registry(): MetricsRegistry {
  const lag = new Histogram(LAG_SECONDS);
  for (const seconds of [0.0005, 0.001, 0.3, 7]) lag.observe(seconds);
  const made = new MetricsRegistry();
  made.add(() => ({
    gatehouse_events_total: [{ labels: { kind: 'a"b\\c\nd' }, value: 3 }],
    gatehouse_config_version: [{ labels: {}, value: 7 }],
    gatehouse_denied_total: [],
  }));
  made.add(() =>
    Promise.resolve({
      gatehouse_event_loop_lag_seconds: [{ labels: {}, counts: lag.counts, sum: lag.sum }],
    })
  );
  return made;
}

it("writes Prometheus' text, again and again", async () => {
  const both = registry();
  await both.text("openmetrics");
  const { contentType, text } = await both.text("prometheus");
  expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = text.split("\n");
  expect(lines).toContain("# TYPE gatehouse_events_total counter");
  expect(lines).toContain('gatehouse_events_total{kind="a\\"b\\\\c\\nd"} 3');
  expect(lines).toContain("gatehouse_config_version 7");
  expect(lines).toContain('gatehouse_event_loop_lag_seconds_bucket{le="0.001"} 2');
  expect(lines).toContain('gatehouse_event_loop_lag_seconds_bucket{le="0.5"} 3');
  expect(lines).toContain('gatehouse_event_loop_lag_seconds_bucket{le="+Inf"} 4');
  expect(lines).toContain("gatehouse_event_loop_lag_seconds_sum 7.3015");
  expect(lines).toContain("gatehouse_event_loop_lag_seconds_count 4");
  expect(text).not.toContain("gatehouse_denied_total");
});

it("writes OpenMetrics, whose counters have their suffix on the sample only", async () => {
  const { contentType, text } = await registry().text("openmetrics");
  expect(contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(text).toContain("# TYPE gatehouse_events counter\n");
  expect(text).toContain('\ngatehouse_events_total{kind="a\\"b\\\\c\\nd"} 3\n');
  expect(text.endsWith("\n# EOF\n")).toBe(true);
});

it("names metrics by Prometheus' conventions", () => {
  for (const [name, { kind, help, labels, buckets }] of Object.entries<Family>(CATALOGUE)) {
    expect(name).toMatch(/^(grpc_server|gatehouse|process)_[a-z0-9_]+$/);
    expect(name.endsWith("_total"), name).toBe(kind === "counter");
    expect(help, name).toMatch(/^[A-Z1].*\.$/);
    for (const label of labels) expect(label).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(labels).not.toContain("le");
    expect(buckets === undefined, name).toBe(kind !== "histogram");
    expect([...buckets ?? []]).toEqual([...buckets ?? []].sort((a, b) => a - b));
  }
});
