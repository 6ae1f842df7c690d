import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { Algorithm } from "../proto/mod.ts";
import { SignerError } from "../signer/signer.ts";
import { signed } from "../signer/testkit.ts";
import type { Distribution } from "./registry.ts";
import { SignerMetrics } from "./signer_metrics.ts";

const metrics = () => new SignerMetrics({ healthy: true, inFlight: 4 });

it("keeps the signer's own times by algorithm", () => {
  const signer = metrics();
  signer.connected();
  const outcome = { ...signed("s"), queue_us: 30, sign_us: 700 };
  signer.signed(Algorithm.ECDSA_P256_SHA256, outcome);
  signer.signed(Algorithm.ECDSA_P256_SHA256, outcome);
  const collected = signer.collect();
  const [sign, ...others] = collected.gatehouse_signer_sign_seconds as Distribution[];
  expect(others).toEqual([]);
  expect(sign.labels).toEqual({ algorithm: "ECDSA_P256_SHA256" });
  expect(sign.sum).toBeCloseTo(0.0014);
  expect(Array.from(sign.counts)).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  const [queue] = collected.gatehouse_signer_queue_seconds as Distribution[];
  expect(queue.counts[1]).toBe(2);
  expect(collected.gatehouse_signer_up).toEqual([{ labels: {}, value: 1 }]);
  expect(collected.gatehouse_signer_in_flight).toEqual([{ labels: {}, value: 4 }]);
  expect(collected.gatehouse_signer_connects_total).toEqual([{ labels: {}, value: 1 }]);
});

it("makes no label of an algorithm or a reason that it doesn't know", () => {
  const signer = metrics();
  for (let at = 0; at < 1_000; at++) {
    signer.signed(1_000 + at, signed("s"));
    signer.refused(1_000 + at, new SignerError(status.INTERNAL, "", `REASON_${at}`));
  }
  signer.refused(Algorithm.EDDSA_ED25519, new SignerError(status.RESOURCE_EXHAUSTED, "", "QUEUE_FULL"));
  signer.refused(undefined, new SignerError(status.UNAVAILABLE, "", "STORE_DAMAGED"));
  expect(signer.collect().gatehouse_signer_refusals_total).toEqual([
    { labels: { algorithm: "EDDSA_ED25519", reason: "QUEUE_FULL" }, value: 1 },
    { labels: { algorithm: "unknown", reason: "INTERNAL" }, value: 1_000 },
    { labels: { algorithm: "none", reason: "STORE_DAMAGED" }, value: 1 },
  ]);
  expect(signer.collect().gatehouse_signer_sign_seconds).toHaveLength(1);
});
