import { expect, test } from "vitest";
import { LatencyHistogram } from "./histogram.ts";

test("percentiles are within three digits of the sorted list's", () => {
  const latencies = new LatencyHistogram();
  for (let us = 1; us <= 100_000; us++) latencies.recordMs(us / 1000);
  for (const percent of [50, 90, 99, 99.9, 99.99, 100]) {
    expect(latencies.percentile(percent) / (percent * 1_000)).toBeCloseTo(1, 2);
  }
  expect((latencies.summary()?.mean ?? 0) / 50_000).toBeCloseTo(1, 2);
});

test("an encoded histogram read back and added gives the percentiles of both", () => {
  const [fast, slow] = [new LatencyHistogram(), new LatencyHistogram()];
  for (let i = 0; i < 90; i++) fast.recordMs(1);
  for (let i = 0; i < 10; i++) slow.recordMs(100);
  const both = LatencyHistogram.decode(fast.encode());
  both.add(LatencyHistogram.decode(slow.encode()));
  expect(both.count).toBe(100);
  expect(both.percentile(90)).toBe(1_000);
  expect(both.percentile(91) / 100_000).toBeCloseTo(1, 2);
});

test("what lies outside its range is recorded at the edge", () => {
  const latencies = new LatencyHistogram();
  latencies.recordMs(0);
  latencies.recordMs(1e15);
  expect(latencies.count).toBe(2);
  expect(latencies.percentile(50)).toBe(1);
  expect(latencies.percentile(100) / (24 * 3_600e6)).toBeCloseTo(1, 2);
});

test("an empty one has no summary", () => {
  expect(new LatencyHistogram().summary()).toBeUndefined();
  expect(LatencyHistogram.decode(new LatencyHistogram().encode()).count).toBe(0);
});
