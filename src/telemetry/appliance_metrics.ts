// How the appliance is, as series: what gatehouse.v1.Status tells, and the counts of its events and refusals.
// Must never wait for a part that doesn't answer beyond what that part bounds itself.
import type { CertificateUse } from "../proto/mod.ts";
import { nameOf } from "../agent/event_kinds.ts";
import type { StatusSources } from "../agent/status_report.ts";
import type { Rule } from "../authority/refusals.ts";
import { edgeCollected } from "./edge_samples.ts";
import type { Collected, Collector, Value } from "./registry.ts";

/** What Status is made of, and what is counted besides. */
export interface ApplianceSources extends Pick<StatusSources, "watching" | "doors" | "configVersion"> {
  /** Events so far, by kind. */
  readonly eventCounts: () => ReadonlyMap<number, number>;
  readonly denials: () => ReadonlyMap<Rule, number>;
  /** What peers make the server hold. */
  readonly heldBytes: () => number;
}

const USES: Readonly<Record<typeof CertificateUse[keyof typeof CertificateUse], string>> = {
  0: "unspecified",
  1: "server",
  2: "client_ca",
};

export function applianceMetrics(sources: ApplianceSources): Collector {
  const { watching } = sources;
  const one = (value: number | boolean): Value[] => [{ labels: {}, value: Number(value) }];
  return async (): Promise<Collected> => {
    const { version, confirmByMs } = sources.configVersion();
    const places = new Map<string, number>();
    const units: [string, boolean][] = [["agent", true], ["signer", watching.signer.healthy]];
    if (watching.edge) units.push(["edge", watching.edge.healthy]);
    const edge = await watching.edgeSamples();
    return {
      ...edgeCollected(edge),
      gatehouse_config_version: one(version),
      gatehouse_config_unconfirmed: one(confirmByMs > 0),
      gatehouse_clock_known: one(watching.clock.known),
      gatehouse_unit_up: units.map(([unit, healthy]) => ({ labels: { unit }, value: Number(healthy) })),
      gatehouse_certificate_not_after_seconds: watching.certificates.certificates().map(
        ({ use: number, certificate }) => {
          const use = USES[number];
          const place = (places.get(use) ?? 0) + 1;
          places.set(use, place);
          return { labels: { use, place: String(place) }, value: certificate.notAfter.getTime() / 1_000 };
        },
      ),
      gatehouse_events_total: [...sources.eventCounts()].map(([kind, value]) => ({
        labels: { kind: nameOf(kind) },
        value,
      })),
      gatehouse_denied_total: [...sources.denials()].map(([rule, value]) => ({ labels: { rule }, value })),
      gatehouse_held_bytes: one(sources.heldBytes()),
      gatehouse_listener_connections: byAddress(sources),
    };
  };
}

/** Two doors may have one address for a moment, while one replaces the other. */
function byAddress({ doors }: ApplianceSources): Value[] {
  const counts = new Map<string, number>();
  for (const { address, connections } of doors()) {
    counts.set(address, (counts.get(address) ?? 0) + connections);
  }
  return [...counts].map(([address, value]) => ({ labels: { address }, value }));
}
