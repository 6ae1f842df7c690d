import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CATALOGUE } from "./catalogue.ts";
import { edgeCollected, MAX_EDGE_SERIES } from "./edge_samples.ts";

const sample = (name: string, labels: Record<string, string> = {}, value = 1) => ({ name, labels, value });

it("gives on what the edge has, under its name and labels", () => {
  const collected = edgeCollected([
    sample("gatehouse_edge_connections", {}, 3),
    sample("gatehouse_edge_bytes_total", { direction: "in", more: "x" }, 5),
  ]);
  expect(collected).toEqual({
    gatehouse_edge_connections: [{ labels: {}, value: 3 }],
    gatehouse_edge_bytes_total: [{ labels: { direction: "in" }, value: 5 }],
  });
});

it("takes no more from the edge than its bound, no name that isn't the edge's, no number that is none", () => {
  expect(edgeCollected([
    sample("gatehouse_edge_new"),
    sample("gatehouse_config_version"),
    sample("__proto__"),
    sample("gatehouse_edge_connections", {}, NaN),
  ])).toEqual({});
  const flood = Array.from(
    { length: 5_000 },
    (_, at) => sample("gatehouse_edge_handshakes_failed_total", { reason: `${at}${"x".repeat(at)}` }),
  );
  const { gatehouse_edge_handshakes_failed_total: series = [] } = edgeCollected(flood);
  expect(series).toHaveLength(MAX_EDGE_SERIES);
  for (const { labels } of series) expect(labels.reason.length).toBeLessThanOrEqual(64);
  const twice = edgeCollected([sample("gatehouse_edge_connections"), sample("gatehouse_edge_connections")]);
  expect(twice.gatehouse_edge_connections).toHaveLength(1);
});

it("knows every figure that the edge's source names", () => {
  const source = readFileSync(new URL("../../dataplane/edge/src/metrics.rs", import.meta.url), "utf8");
  const names = [
    ...source.split("#[cfg(test)]")[0].matchAll(/out\s*\.(?:gauge|counter|by_reason)\(\s*"(\w+)"/g),
  ]
    .map(([, name]) => `gatehouse_edge_${name}`);
  expect(names.length).toBeGreaterThan(10);
  // Its path says nothing beside the configuration's version.
  const given = names.filter((name) => name !== "gatehouse_edge_config_info");
  expect(Object.keys(CATALOGUE).filter((name) => name.startsWith("gatehouse_edge_")).sort()).toEqual(
    given.sort(),
  );
});
