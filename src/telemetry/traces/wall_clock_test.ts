import { expect, test } from "vitest";
import { hrTime, WallClock } from "./wall_clock.ts";

test("times of day are finer than the clock that tells them, and follow it when it is set", () => {
  let trueMs = 1_700_000_000_000.25;
  let setMs = 0;
  let nowMs = 0;
  // Each look takes 10 us.
  const look = () => {
    trueMs += 0.01;
    nowMs += 0.01;
  };
  const clock = {
    nowMs: () => (look(), nowMs),
    epochMs: () => (look(), Math.floor(trueMs + setMs)),
  };
  const wall = new WallClock(clock);
  const error = () => wall.offsetMs(nowMs) + nowMs - (trueMs + setMs);
  expect(Math.abs(error())).toBeLessThan(0.05);
  for (let second = 0; second < 5; second++) {
    nowMs += 1_000.3;
    trueMs += 1_000.3;
    expect(Math.abs(error())).toBeLessThan(0.05);
  }
  for (const by of [3_600_000, -3_600_000]) {
    setMs += by;
    nowMs += 1_000;
    trueMs += 1_000;
    expect(Math.abs(error())).toBeLessThan(1.1);
  }
});

test("a time is whole seconds and nanoseconds below one", () => {
  expect(hrTime(1_234.5)).toEqual([1, 234_500_000]);
  expect(hrTime(1_999.9999999)[1]).toBeLessThan(1e9);
});
