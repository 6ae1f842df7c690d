import { afterEach, expect, test } from "vitest";
import { type Collector, startCollector } from "../../../tests/lib/otlp_collector.ts";
import { parseAddress } from "../../transport/address.ts";
import { dialer } from "../../transport/dial.ts";
import { CALL_SECONDS } from "../catalogue.ts";
import type { Series } from "../registry.ts";
import { MetricsPush } from "./metrics_push.ts";
import { OtlpClient } from "./otlp_client.ts";
import { resourcesOf } from "./resources.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const counts = [...CALL_SECONDS.map((_, at) => at === 1 ? 3 : 0), 2];
let started = 0;
const collected = () =>
  new Map<string, Series>([
    ["grpc_server_started_total", [{ labels: { grpc_method: "Sign" }, value: ++started }]],
    ["gatehouse_held_bytes", [{ labels: {}, value: 12.5 }]],
    ["grpc_server_handling_seconds", [{ labels: { grpc_method: "Sign" }, counts, sum: 20 }]],
    ["gatehouse_events_total", []],
  ]);

async function start(): Promise<{ collector: Collector; push: MetricsPush; client: OtlpClient }> {
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-push-" });
  closing.push(() => Deno.remove(dir, { recursive: true }));
  const collector = await startCollector(`unix://${dir}/otlp.sock`);
  closing.push(() => collector.close());
  const client = new OtlpClient(collector.address, dialer(parseAddress(collector.address)));
  closing.push(() => client.close());
  const push = new MetricsPush({
    collect: () => Promise.resolve(collected()),
    resource: resourcesOf("x", "1").agent,
    startedAtMs: 1_000,
  });
  closing.push(() => push.stop());
  return { collector, push, client };
}

test("a collector gets the catalogue's families by kind, with units and buckets, again and again", async () => {
  const { collector, push, client } = await start();
  push.configure(client, 50);
  await collector.until(() => collector.metrics.length >= 6 || undefined, "two exports");
  const of = (name: string) => collector.metrics.filter((metric) => metric.name === name);
  const [first, second] = of("grpc_server_started_total");
  expect(first.sum).toMatchObject({
    is_monotonic: true,
    aggregation_temporality: 2,
    data_points: [{ attributes: { grpc_method: "Sign" } }],
  });
  expect(second.sum!.data_points[0].as_double).toBe(first.sum!.data_points[0].as_double + 1);
  expect(of("gatehouse_held_bytes")[0]).toMatchObject({
    unit: "By",
    gauge: { data_points: [{ as_double: 12.5 }] },
  });
  expect(of("grpc_server_handling_seconds")[0]).toMatchObject({
    unit: "s",
    histogram: {
      data_points: [{
        count: "5",
        sum: 20,
        explicit_bounds: [...CALL_SECONDS],
        bucket_counts: counts.map(String),
      }],
    },
  });
  expect(of("gatehouse_events_total")).toEqual([]);
});

test("none is sent when the interval is 0, nor after the end", async () => {
  const { collector, push, client } = await start();
  push.configure(client, 20);
  await collector.until(() => collector.exports > 0 || undefined, "an export");
  push.configure(client, 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const sent = collector.exports;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(collector.exports).toBe(sent);
});
