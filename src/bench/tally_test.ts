import { expect, test } from "vitest";
import { LatencyHistogram } from "./histogram.ts";
import { mergeTallies, Tally } from "./tally.ts";

test("the sum of two processes' tallies has the calls of both and the percentiles of all", () => {
  const [a, b] = [new Tally(1_000), new Tally(1_000)];
  for (let i = 0; i < 99; i++) a.ended(undefined, "", 1, 1_500 + i);
  a.ended("UNAVAILABLE", "gone", 5, 1_600);
  b.started(0.5);
  b.started(7);
  b.ended(undefined, "", 50, 2_500);
  b.ended("UNAVAILABLE", "gone too", 5, 2_600);
  b.ended("INTERNAL", "broken", 5, 2_600);
  const sum = mergeTallies([a.data(), b.data()]);
  expect(sum).toMatchObject({
    ok: 100,
    errors: { UNAVAILABLE: { count: 2, first: "gone" }, INTERNAL: { count: 1, first: "broken" } },
    late: 1,
    maxLateMs: 7,
    elapsedMs: 1_600,
  });
  const latencies = LatencyHistogram.decode(sum.histogram);
  expect(latencies.percentile(99)).toBe(1_000);
  expect(latencies.percentile(100) / 50_000).toBeCloseTo(1, 2);
});

test("a tick has what came since the last one, and takes nothing from the whole", () => {
  const tally = new Tally(0);
  tally.ended(undefined, "", 1, 1);
  tally.ended("INTERNAL", "x".repeat(10_000), 1, 2);
  expect(tally.tick()).toMatchObject({ ok: 1, failed: 1 });
  tally.ended(undefined, "", 2, 3);
  expect(tally.tick()).toMatchObject({ ok: 1, failed: 0 });
  expect(tally.tick()).toMatchObject({ ok: 0, failed: 0 });
  expect(tally.data()).toMatchObject({ ok: 2, elapsedMs: 3 });
  expect(tally.data().errors.INTERNAL.first.length).toBe(300);
});

test("a process that did nothing adds nothing", () => {
  expect(mergeTallies([new Tally(0).data(), new Tally(0).data()])).toMatchObject({
    ok: 0,
    elapsedMs: 0,
    errors: {},
  });
});
