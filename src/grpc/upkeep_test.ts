import { expect, it } from "vitest";
import { Scripted } from "../http2/testkit.ts";
import { DEFAULT_POLICY } from "./connection_policy.ts";
import { Upkeep } from "./upkeep.ts";

it("ends a call that came as its idle connection was told to go, at the maximum age and its grace", () => {
  const peer = new Scripted().ready();
  const policy = { ...DEFAULT_POLICY, keepaliveTimeMs: Infinity, requestStallTimeoutMs: Infinity };
  const kept = {
    connection: peer.connection,
    lastReadMs: 0,
    calls: () => [],
    wake: () => {},
    retired: () => {},
  };
  const upkeep = new Upkeep(
    { ...policy, maxIdleMs: 5_000, maxAgeMs: 20_000, maxAgeGraceMs: 5_000 },
    kept,
    0,
    () => 0.5,
  );
  upkeep.sweep(5_000);
  expect(peer.goaway()?.debug).toBe("max_idle");
  peer.send(peer.headers(1)); // sent before the GOAWAY came
  expect(peer.events.log).toContain("initial 1");
  for (const nowMs of [19_000, 20_000, 24_000]) upkeep.sweep(nowMs);
  expect(peer.connection.closed).toBe(false);
  upkeep.sweep(25_000);
  expect(peer.goaway()?.debug).toBe("max_age_grace");
});
