// How many series there can be, whatever anybody sends: each label's values are counted here.
// Must never count a label whose values a peer chooses; there is none.
import { status } from "@grpc/grpc-js";
import { STATUS_NAMES } from "../agent/log/call_log.ts";
import { RULES } from "../authority/refusals.ts";
import { TABLE } from "../authority/table.ts";
import { Algorithm, EventKind } from "../proto/mod.ts";
import { PROTOCOLS, TRANSPORTS } from "./call_metrics.ts";
import { CATALOGUE, type Family, type FamilyName } from "./catalogue.ts";
import { MAX_EDGE_SERIES } from "./edge_samples.ts";
import { LIMIT_LABELS } from "./limit_names.ts";
import { REASONS } from "./signer_metrics.ts";

/** Every method of the table, and "unknown". Type, service and method are one choice. */
const METHODS = TABLE.size + 1;
const STATUSES = Object.keys(status).length / 2;

const VALUES: Readonly<Record<string, number>> = {
  grpc_method: METHODS,
  grpc_type: 1,
  grpc_service: 1,
  grpc_code: STATUS_NAMES.length,
  transport: TRANSPORTS.length,
  protocol: PROTOCOLS.length,
  // RFC 9113 section 7, two of our own; peer, local, transport.
  code: 16,
  origin: 3,
  limit: LIMIT_LABELS,
  rule: RULES.length,
  // Besides: unknown, none.
  algorithm: Object.keys(Algorithm).length + 2,
  reason: REASONS.size + STATUSES,
  kind: Object.keys(EventKind).length,
  unit: 3,
  use: 2,
  // The server's own, and the anchors that are watched.
  place: 32,
  version: 1,
  deno: 1,
  v8: 1,
};

/** Addresses come from the configuration, which bounds them (src/agent/config/schema.ts). */
const ADDRESSES = 64;

/** The most series that a family can have; undefined for one of the edge's, which have a bound together. */
export function mostSeries(name: FamilyName): number | undefined {
  if (name.startsWith("gatehouse_edge_")) return undefined;
  const { labels, buckets }: Family = CATALOGUE[name];
  const each = labels.reduce(
    (product, label) => product * (label === "address" ? ADDRESSES : VALUES[label]),
    1,
  );
  // Its buckets, the one beyond them, the sum and the count.
  return buckets === undefined ? each : each * (buckets.length + 3);
}

/** The most series that one agent can have. */
export function mostSeriesInAll(): number {
  const names = Object.keys(CATALOGUE) as FamilyName[];
  return names.reduce((sum, name) => sum + (mostSeries(name) ?? 0), MAX_EDGE_SERIES);
}
