// The edge's figures, given on under their own names.
// Must never give on what the catalogue doesn't have, nor more than its bound: it is another process's text.
import type { Sample } from "./prometheus_text.ts";
import { CATALOGUE, type Family, type FamilyName } from "./catalogue.ts";
import type { Collected, Value } from "./registry.ts";

/** The edge has some fifty reasons for each of three families. */
export const MAX_EDGE_SERIES = 512;
/** UTF-16 units of a label's value; reasons and versions are words. */
const MAX_LABEL_UNITS = 64;

export function edgeCollected(samples: readonly Sample[]): Collected {
  const collected: Partial<Record<FamilyName, Value[]>> = {};
  const seen = new Set<string>();
  for (const { name, labels, value } of samples) {
    if (seen.size >= MAX_EDGE_SERIES) break;
    if (!isEdgeFamily(name) || !Number.isFinite(value)) continue;
    const own: Record<string, string> = {};
    const wanted: readonly string[] = (CATALOGUE[name] as Family).labels;
    for (const label of wanted) own[label] = (labels[label] ?? "").slice(0, MAX_LABEL_UNITS);
    const series = `${name} ${Object.values(own).join(" ")}`;
    if (seen.has(series)) continue;
    seen.add(series);
    (collected[name] ??= []).push({ labels: own, value });
  }
  return collected;
}

function isEdgeFamily(name: string): name is FamilyName {
  return name.startsWith("gatehouse_edge_") && Object.hasOwn(CATALOGUE, name);
}
