import { expect, it } from "vitest";
import { Connection } from "../http2/mod.ts";
import { CLIENT_PREFACE } from "../http2/frame.ts";
import { QUIET } from "../http2/testkit.ts";
import type { Conn } from "./conn.ts";
import { Driver } from "./driver.ts";
import {
  CLOSE_FLUSH_TIMEOUT_MS,
  DRAIN_FLUSH_TIMEOUT_MS,
  MAX_TURN_MS,
  MIN_READ_BUFFER_BYTES,
} from "./limits.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** Sizes of the buffers that a peer's reads get, each filled with frames that are ignored. */
async function readSizes(reads: number, turnMs: () => number): Promise<number[]> {
  const clock = new VirtualClock();
  const sizes: number[] = [];
  const connection = new Connection("server", {}, QUIET, 0);
  const receive = connection.receive.bind(connection);
  connection.receive = (bytes, nowMs) => {
    receive(bytes, nowMs);
    clock.leap(turnMs());
  };
  const frames = new Uint8Array(CLIENT_PREFACE.length + 9 + 100 * 16_393);
  frames.set(CLIENT_PREFACE);
  frames[CLIENT_PREFACE.length + 3] = 4; // SETTINGS
  for (let at = CLIENT_PREFACE.length + 9; at < frames.length; at += 16_393) frames.set([0, 64, 0, 0xba], at);
  let at = 0;
  const conn: Conn = {
    peer: { transport: "unix", address: "test" },
    read(into) {
      if (sizes.length === reads) return Promise.resolve(null);
      sizes.push(into.length);
      into.set(frames.subarray(at, at += into.length));
      return Promise.resolve(into.length);
    },
    write: (bytes) => Promise.resolve(bytes.length),
    close() {},
  };
  await new Driver(conn, connection, clock, 0).run();
  expect(connection.error).toBeUndefined();
  return sizes;
}

it("reads more at a time while reads are filled and quickly handled", async () => {
  const sizes = await readSizes(5, () => 1);
  expect(sizes).toEqual([1, 2, 4, 8, 16].map((times) => times * MIN_READ_BUFFER_BYTES));
});

it("reads less at a time while each read takes long", async () => {
  const turns = [0, 0, 0, MAX_TURN_MS + 1, MAX_TURN_MS + 1, MAX_TURN_MS + 1, MAX_TURN_MS + 1, 0];
  const sizes = await readSizes(8, () => turns.shift() ?? 0);
  expect(sizes).toEqual([1, 2, 4, 8, 4, 2, 1, 1].map((times) => times * MIN_READ_BUFFER_BYTES));
});

it.each([
  ["20 s to take the rest after a graceful end", 0, DRAIN_FLUSH_TIMEOUT_MS],
  ["2 s after an error", 2, CLOSE_FLUSH_TIMEOUT_MS],
])("gives a peer that does not read %s", async (_name, code, timeoutMs) => {
  const clock = new VirtualClock();
  let closed = false;
  const never = new Promise<never>(() => {});
  const conn: Conn = {
    peer: { transport: "unix", address: "test" },
    read: () => never,
    write: () => never,
    close: () => closed = true,
  };
  const connection = new Connection("server", {}, QUIET, 0);
  const preface = new Uint8Array(CLIENT_PREFACE.length + 9);
  preface.set(CLIENT_PREFACE);
  preface[CLIENT_PREFACE.length + 3] = 4; // SETTINGS
  connection.receive(preface, 0);
  const driver = new Driver(conn, connection, clock, 0);
  void driver.run();
  connection.goaway(code, "");
  connection.goaway(code, ""); // a second one does not wait for the PING
  driver.wake();
  await Promise.resolve();
  clock.advance(timeoutMs - 1);
  expect(closed).toBe(false);
  clock.advance(1);
  expect(closed).toBe(true);
});
