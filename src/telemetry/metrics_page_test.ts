import { expect, it } from "vitest";
import { mostSeries, mostSeriesInAll } from "./cardinality.ts";
import { CATALOGUE, type FamilyName } from "./catalogue.ts";
import { MONITORING_PAGE, withMetrics } from "./metrics_page.ts";

it("docs/monitoring.md has the metrics of the code (else: deno run -A src/telemetry/metrics_page.ts)", async () => {
  const page = await Deno.readTextFile(MONITORING_PAGE);
  expect(withMetrics(page)).toBe(page);
});

it("knows how many values every label can have", () => {
  for (const name of Object.keys(CATALOGUE) as FamilyName[]) {
    expect(mostSeries(name) ?? 1, name).toBeGreaterThan(0);
  }
  expect(mostSeriesInAll()).toBeLessThan(10_000);
});
