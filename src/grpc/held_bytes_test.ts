import { expect, it } from "vitest";
import { HeldBytes } from "./held_bytes.ts";
import { HELD_FREE_BYTES, MAX_HELD_BYTES, MAX_HELD_BYTES_PER_CONNECTION } from "./limits.ts";

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
  held.setResponses(MAX_HELD_BYTES_PER_CONNECTION);
  expect(held.hasRoom(1)).toBe(false);
  held.setResponses(0);
  expect(total.bytes).toBe(0);
  expect(held.hasRoom(MAX_HELD_BYTES_PER_CONNECTION)).toBe(true);
});
