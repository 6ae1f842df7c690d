// Which text a scraper gets: what its Accept header likes best of the two that there are.
// Must never refuse: a scraper that asks for something else reads version 0.0.4 all the same, as every exporter does.
import type { TextFormat } from "./registry.ts";

/** Header bytes that are read; Prometheus sends some 200. */
const MAX_ACCEPT_UNITS = 1_024;

/** @param accept RFC 9110, 12.5.1 */
export function formatFor(accept: string | undefined): TextFormat {
  let best: { format: TextFormat; q: number } = { format: "prometheus", q: 0 };
  for (const range of (accept ?? "").slice(0, MAX_ACCEPT_UNITS).split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const given = new Map(parameters.map((parameter): [string, string] => {
      const [name, value = ""] = parameter.split("=");
      return [name.trim(), value.trim().replaceAll('"', "")];
    }));
    const format = formatOf(type, given.get("version"));
    const q = given.has("q") ? Number(given.get("q")) : 1;
    // Of equals the first: the order is the scraper's preference where it gives no weights.
    if (format !== undefined && q > best.q) best = { format, q };
  }
  return best.format;
}

function formatOf(type: string, version: string | undefined): TextFormat | undefined {
  // Of OpenMetrics only 1.0.0 is written; Prometheus also asks for 0.0.1.
  if (type === "application/openmetrics-text") {
    return version === undefined || version === "1.0.0" ? "openmetrics" : undefined;
  }
  return type === "text/plain" || type === "text/*" || type === "*/*" ? "prometheus" : undefined;
}
