import { expect, it } from "vitest";
import { AcceptPace } from "./accept_pace.ts";
import type { Conn } from "./conn.ts";
import { ACCEPT_BURST, ACCEPT_PAUSE_MS, ACCEPTS_PER_SECOND } from "./limits.ts";
import { Server } from "./server.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** Lets what is ready run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 8 * ACCEPT_BURST; i++) await Promise.resolve();
}

it("takes a burst at once, then so many a second", async () => {
  const clock = new VirtualClock();
  const pace = new AcceptPace(clock);
  let taken = 0;
  void (async () => {
    for (;; taken++) await pace.next();
  })();
  await settle();
  expect(taken).toBe(ACCEPT_BURST);
  for (let ms = 0; ms < 1_000; ms += ACCEPT_PAUSE_MS) {
    clock.advance(ACCEPT_PAUSE_MS);
    await settle();
  }
  expect(taken).toBe(ACCEPT_BURST + ACCEPTS_PER_SECOND);
});

it("holds a server's listener back", async () => {
  const clock = new VirtualClock();
  const server = new Server({ clock });
  const offered = 2 * ACCEPT_BURST;
  void server.serve({
    address: "test",
    close() {},
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < offered; i++) yield silentConn();
      await new Promise<never>(() => {});
    },
  });
  await settle();
  expect(server.connectionCount).toBe(ACCEPT_BURST + 1); // the one that waits for the next is served already
  for (let ms = 0; ms < 1_000; ms += ACCEPT_PAUSE_MS) {
    clock.advance(ACCEPT_PAUSE_MS);
    await settle();
  }
  expect(server.connectionCount).toBe(offered);
});

/** A peer that says nothing. */
const silentConn = (): Conn => ({
  peer: { transport: "unix", address: "test" },
  read: () => new Promise<never>(() => {}),
  write: (bytes) => Promise.resolve(bytes.length),
  close() {},
});
