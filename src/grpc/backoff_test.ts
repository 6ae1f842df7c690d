import { describe, expect, it } from "vitest";
import { Backoff } from "./backoff.ts";
import { BACKOFF_FIRST_MS, BACKOFF_JITTER } from "./limits.ts";

describe("backoff", () => {
  it("grows to its longest pause and starts again after a success", () => {
    const backoff = new Backoff(1_000, () => 0.5);
    const pauses = Array.from({ length: 8 }, () => backoff.next());
    expect(pauses[0]).toBe(BACKOFF_FIRST_MS);
    expect(pauses[1]).toBeGreaterThan(pauses[0]);
    expect(pauses[7]).toBe(1_000);
    backoff.reset();
    expect(backoff.next()).toBe(BACKOFF_FIRST_MS);
  });

  it("spreads by its jitter", () => {
    expect(new Backoff(1_000, () => 0).next()).toBeCloseTo(BACKOFF_FIRST_MS * (1 - BACKOFF_JITTER));
    expect(new Backoff(1_000, () => 1).next()).toBeCloseTo(BACKOFF_FIRST_MS * (1 + BACKOFF_JITTER));
  });
});
