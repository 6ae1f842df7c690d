import { expect, it } from "vitest";
import { CertificateState, CertificateUse, EventKind } from "../proto/mod.ts";
import { applianceMetrics, type ApplianceSources } from "./appliance_metrics.ts";
import { processMetrics } from "./process_metrics.ts";
import type { Value } from "./registry.ts";

/** What the collector looks at, and no more. */
function sources(): ApplianceSources {
  const certificate = (use: number, notAfter: string) => ({
    use,
    state: CertificateState.VALID,
    certificate: { notAfter: new Date(notAfter) },
  });
  const watching = {
    clock: { known: false },
    signer: { healthy: true },
    edge: { healthy: false },
    edgeSamples: () => Promise.resolve([{ name: "gatehouse_edge_connections", labels: {}, value: 2 }]),
    certificates: {
      certificates: () => [
        certificate(CertificateUse.SERVER, "2027-01-01T00:00:00Z"),
        certificate(CertificateUse.CLIENT_CA, "2028-01-01T00:00:00Z"),
        certificate(CertificateUse.CLIENT_CA, "2029-01-01T00:00:00Z"),
      ],
    },
  };
  return {
    watching: watching as unknown as ApplianceSources["watching"],
    doors: () => [1, 2].map((connections) => ({ address: "unix:///a", connections })) as never,
    configVersion: () => ({ version: 7, confirmByMs: 1 }),
    eventCounts: () => new Map([[EventKind.EDGE_LOST, 3]]),
    denials: () => new Map([["PROOF_INVALID", 4]]),
    heldBytes: () => 5,
  };
}

it("tells how the appliance is", async () => {
  const one = (value: number) => [{ labels: {}, value }];
  expect(await applianceMetrics(sources())()).toEqual({
    gatehouse_edge_connections: one(2),
    gatehouse_config_version: one(7),
    gatehouse_config_unconfirmed: one(1),
    gatehouse_clock_known: one(0),
    gatehouse_unit_up: [["agent", 1], ["signer", 1], ["edge", 0]].map(([unit, value]) => ({
      labels: { unit },
      value,
    })),
    gatehouse_certificate_not_after_seconds: [
      { labels: { use: "server", place: "1" }, value: Date.UTC(2027, 0) / 1_000 },
      { labels: { use: "client_ca", place: "1" }, value: Date.UTC(2028, 0) / 1_000 },
      { labels: { use: "client_ca", place: "2" }, value: Date.UTC(2029, 0) / 1_000 },
    ],
    gatehouse_events_total: [{ labels: { kind: "EDGE_LOST" }, value: 3 }],
    gatehouse_denied_total: [{ labels: { rule: "PROOF_INVALID" }, value: 4 }],
    gatehouse_held_bytes: one(5),
    gatehouse_listener_connections: [{ labels: { address: "unix:///a" }, value: 3 }],
  });
});

it("tells its process's memory, CPU time and age in the units of the names", async () => {
  const collected = await processMetrics(1_000_000)();
  const value = (name: keyof typeof collected) => (collected[name] as readonly Value[])[0].value;
  expect(value("process_start_time_seconds")).toBe(1_000);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(10e6);
  expect(value("gatehouse_heap_used_bytes")).toBeLessThan(value("process_resident_memory_bytes"));
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0.01);
  expect(value("process_cpu_seconds_total")).toBeLessThan(3_600);
});
