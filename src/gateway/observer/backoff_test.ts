import { expect, test } from "vitest";
import { Backoff, retryAfterMs } from "./backoff.ts";

test("waits double up to the last one, and begin anew after it went well", () => {
  const backoff = new Backoff({ firstMs: 100, lastMs: 1000, random: () => 0.5 });
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test("what the server asks for is waited at least, within reason", () => {
  const backoff = new Backoff({ firstMs: 100, lastMs: 1000 });
  expect(backoff.next(7000)).toBe(7000);
  expect(backoff.next(1e12)).toBe(300_000);
});

test.each([["3", 3000], [" 12 ", 12_000], ["Sat, 21 Nov 2026 12:00:05 GMT", 5000], ["soon", 0], [null, 0], [
  "-1",
  0,
]])(
  "Retry-After %j is %i ms",
  (header, ms) => expect(retryAfterMs(header, Date.UTC(2026, 10, 21, 12))).toBe(ms),
);
