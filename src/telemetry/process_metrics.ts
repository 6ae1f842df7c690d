// The agent's own process: memory, CPU, versions, age.
// Must never read a file: the agent may open none but its own.
import process from "node:process";
import { VERSION } from "../agent/version.ts";
import type { Collected, Collector } from "./registry.ts";

/** @param startedAtMs milliseconds since 1970 */
export function processMetrics(startedAtMs: number): Collector {
  const { deno, v8 } = Deno.version;
  const one = (value: number) => [{ labels: {}, value }];
  return (): Collected => {
    const { rss, heapUsed, heapTotal, external } = Deno.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      process_resident_memory_bytes: one(rss),
      process_cpu_seconds_total: one((user + system) / 1_000_000),
      process_start_time_seconds: one(startedAtMs / 1_000),
      gatehouse_heap_used_bytes: one(heapUsed),
      gatehouse_heap_total_bytes: one(heapTotal),
      gatehouse_external_memory_bytes: one(external),
      gatehouse_build_info: [{ labels: { version: VERSION, deno, v8 }, value: 1 }],
    };
  };
}
