import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { InFlight } from "./in_flight.ts";
import { MAX_PENDING_BYTES, MAX_PENDING_ITEMS } from "./limits.ts";
import { type Signed, SignerError } from "./signer.ts";
import { signed } from "./testkit.ts";

const job = { key: "k", algorithm: 1, data: new Uint8Array(), caller: { identity: "unix", transport: 1 } };

function add(inFlight: InFlight, bytes = 0, expiresMs = 0) {
  const settled: (Signed | SignerError)[] = [];
  const push = (outcome: Signed | SignerError) => void settled.push(outcome);
  return { id: inFlight.add({ resolve: push, reject: push, job, bytes, expiresMs }), settled };
}

test("an item is settled once, by the first outcome", () => {
  const inFlight = new InFlight();
  const { id, settled } = add(inFlight);
  const signature = signed("");
  inFlight.settle(id, signature);
  inFlight.settle(id, new SignerError(status.INTERNAL, "late"));
  inFlight.failAll(new SignerError(status.UNAVAILABLE, "later"));
  expect(settled).toEqual([signature]);
});

test("room is bounded in items and in bytes, and comes back", () => {
  const inFlight = new InFlight();
  expect(inFlight.refusal(MAX_PENDING_BYTES)).toBeUndefined();
  const large = add(inFlight, MAX_PENDING_BYTES);
  expect(inFlight.refusal(1)).toMatch("bytes wait");
  inFlight.settle(large.id, signed(""));
  for (let count = 0; count < MAX_PENDING_ITEMS; count++) add(inFlight);
  expect(inFlight.refusal(0)).toMatch("already");
});

test("deadlines end those whose time has passed and no other", () => {
  const inFlight = new InFlight();
  const early = add(inFlight, 0, 10);
  const late = add(inFlight, 0, 20);
  expect(inFlight.nextExpiryMs).toBe(10);
  expect(inFlight.expire(15)).toBe(1);
  expect(early.settled).toMatchObject([{ code: status.DEADLINE_EXCEEDED }]);
  expect(late.settled).toEqual([]);
  expect(inFlight.nextExpiryMs).toBe(20);
});
