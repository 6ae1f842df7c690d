import { expect, it } from "vitest";
import { HeldBytes } from "./held_bytes.ts";
import {
  FREE_CALLS,
  HELD_FREE_BYTES,
  MAX_HELD_BYTES,
  MAX_HELD_BYTES_PER_CONNECTION,
  OPEN_CALL_BYTES,
} from "./limits.ts";

it("bounds one connection, then all together, and lets small ones go on", () => {
  const total = { bytes: 0 };
  const connections: HeldBytes[] = [];
  while (total.bytes + MAX_HELD_BYTES_PER_CONNECTION <= MAX_HELD_BYTES) {
    const greedy = new HeldBytes(total);
    expect(greedy.holdRequest(MAX_HELD_BYTES_PER_CONNECTION)).toBe(true);
    expect(greedy.holdRequest(1)).toBe(false);
    connections.push(greedy);
  }
  const late = new HeldBytes(total);
  expect(late.holdRequest(HELD_FREE_BYTES)).toBe(true);
  expect(late.holdRequest(1)).toBe(false);

  connections[0].release();
  expect(late.holdRequest(1)).toBe(true);
  late.release();
  connections.slice(1).forEach((each) => each.release());
  expect(total.bytes).toBe(0);
});

it("counts what the peer doesn't read, and forgets it when it does", () => {
  const total = { bytes: 0 };
  const held = new HeldBytes(total);
  held.setOutput(MAX_HELD_BYTES_PER_CONNECTION, 0);
  expect(held.hasRoom(1)).toBe(false);
  held.setOutput(0, 0);
  expect(total.bytes).toBe(0);
  expect(held.hasRoom(MAX_HELD_BYTES_PER_CONNECTION)).toBe(true);
});

it("counts open calls beyond those that every connection may have", () => {
  const total = { bytes: 0 };
  const held = new HeldBytes(total);
  held.setOutput(10, FREE_CALLS);
  expect(total.bytes).toBe(10);
  held.setOutput(10, FREE_CALLS + 3);
  expect(total.bytes).toBe(10 + 3 * OPEN_CALL_BYTES);
});

it("forgets what handlers keep of a connection that is over, and what they give back then", () => {
  const total = { bytes: 0 };
  const held = new HeldBytes(total);
  held.keepRequest(1_000);
  held.release();
  held.keepRequest(-1_000);
  held.setOutput(5, 0);
  expect(total.bytes).toBe(0);
});
