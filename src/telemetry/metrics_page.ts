// The table of docs/monitoring.md, made from the catalogue: `deno run -A src/telemetry/metrics_page.ts` writes it, and
// a test fails when it is stale. Must never name a metric that no agent has.
import { mostSeries, mostSeriesInAll } from "./cardinality.ts";
import { CATALOGUE, type Family, type FamilyName } from "./catalogue.ts";
import { MAX_EDGE_SERIES } from "./edge_samples.ts";

export const MONITORING_PAGE = new URL("../../docs/monitoring.md", import.meta.url);

const BEGIN = "<!-- generated: metrics -->\n";
const END = "<!-- end: metrics -->";

/** The page with what stands between its markers made anew. @throws Error when a marker is missing */
export function withMetrics(page: string): string {
  const from = page.indexOf(BEGIN), to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error("docs/monitoring.md has no place for the metrics");
  return `${page.slice(0, from + BEGIN.length)}\n${table()}\n${page.slice(to)}`;
}

function table(): string {
  const line = (...cells: string[]) => `| ${cells.join(" | ")} |\n`;
  const rows = Object.entries<Family>(CATALOGUE).map(([name, { kind, labels, help }]) =>
    line(
      `\`${name}\``,
      kind,
      labels.map((label) => `\`${label}\``).join(", "),
      String(mostSeries(name as FamilyName) ?? ""),
      help,
    )
  );
  return [
    line("metric", "kind", "labels", "series at most", "what it is"),
    line("---", "---", "---", "---", "---"),
    ...rows,
    `\nOne agent has ${mostSeriesInAll()} series at most, ${MAX_EDGE_SERIES} of them the edge's. What never occurred has none.\n\n`,
    "Buckets, in seconds:\n\n",
    ...Object.entries<Family>(CATALOGUE).flatMap(([name, { buckets }]) =>
      buckets === undefined ? [] : [`- \`${name}\`: ${buckets.join(", ")}\n`]
    ),
  ].join("");
}

if (import.meta.main) {
  await Deno.writeTextFile(MONITORING_PAGE, withMetrics(await Deno.readTextFile(MONITORING_PAGE)));
}
