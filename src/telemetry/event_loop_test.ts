import { expect, it } from "vitest";
import { EventLoopLag } from "./event_loop.ts";
import type { Distribution } from "./registry.ts";

it("counts how late its timer comes, from one turn to the next", () => {
  let nowMs = 1_000, look = () => {}, stopped = false;
  const lag = new EventLoopLag(() => nowMs, (_periodMs, run) => {
    look = run;
    return () => void (stopped = true);
  });
  for (const lateMs of [0.5, 30, 0, 2_000, -3]) {
    nowMs += 100 + lateMs;
    look();
  }
  const [{ counts, sum }] = lag.collect().gatehouse_event_loop_lag_seconds as Distribution[];
  // 1, 2.5, 5, 10, 25, 50 ms ... and beyond a second.
  expect(Array.from(counts)).toEqual([3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  expect(sum).toBeCloseTo(2.0305);
  lag.stop();
  expect(stopped).toBe(true);
});
