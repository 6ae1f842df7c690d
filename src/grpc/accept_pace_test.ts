import { expect, it } from "vitest";
import { AcceptPace } from "./accept_pace.ts";
import { ACCEPT_BURST, ACCEPT_PAUSE_MS, ACCEPTS_PER_SECOND } from "./limits.ts";
import { VirtualClock } from "./virtual_clock.ts";

it("takes a burst at once, then so many a second", async () => {
  const clock = new VirtualClock();
  const pace = new AcceptPace(clock);
  let taken = 0;
  void (async () => {
    for (;; taken++) await pace.next();
  })();
  const settle = async () => {
    for (let i = 0; i < 4 * ACCEPT_BURST; i++) await Promise.resolve();
  };
  await settle();
  expect(taken).toBe(ACCEPT_BURST);
  for (let ms = 0; ms < 1_000; ms += ACCEPT_PAUSE_MS) {
    clock.advance(ACCEPT_PAUSE_MS);
    await settle();
  }
  expect(taken).toBe(ACCEPT_BURST + ACCEPTS_PER_SECOND);
});
