// What counting one unary call costs by itself. `deno bench -A src/telemetry/call_metrics_bench.ts`
import { CallMetrics } from "./call_metrics.ts";
import { MetricsRegistry } from "./registry.ts";

const metrics = new CallMetrics();
const methods = ["One", "Two", "Three"].map((name) => metrics.method(`/test.Service/${name}`, "unary"));
let at = 0;

Deno.bench("one unary call is counted", () => {
  const method = methods[at++ % methods.length];
  const way = at & 3;
  method.started(way);
  method.received(way, 18);
  method.sent(way, 18);
  method.ended(way, 0, 0.8);
});

for (let path = 3; path < 49; path++) metrics.method(`/test.Service/Method${path}`, "unary").started(0);

const registry = new MetricsRegistry();
registry.add(metrics.collect);

Deno.bench("the series of fifty methods are collected", () => void metrics.collect());

Deno.bench("the series of fifty methods are written as OpenMetrics", async () => {
  await registry.text("openmetrics");
});
