import { expect, test } from "vitest";
import { samplesOf } from "../../telemetry/prometheus_text.ts";
import { Interval, Scrape, Scrapes } from "./scrapes.ts";

const scrape = (atMs: number, text: string) => new Scrape(atMs, samplesOf(text));

test("rates are the rise over the time between, summed over the series that fit", () => {
  const between = new Interval(
    scrape(1000, 'c_total{a="x",b="1"} 10\nc_total{a="y",b="1"} 5\n'),
    scrape(3000, 'c_total{a="x",b="1"} 30\nc_total{b="1",a="y"} 7\nc_total{a="x",b="2"} 4\n'),
  );
  expect(between.rate("c_total")).toBe(13);
  expect(between.rate("c_total", { a: "x" })).toBe(12);
  expect(between.rate("c_total", { a: "y" })).toBe(1);
  expect(between.rate("absent_total")).toBeUndefined();
});

test("a counter that began anew counts from 0 and is never negative", () => {
  const between = new Interval(scrape(0, "c_total 1000"), scrape(1000, "c_total 3"));
  expect(between.rate("c_total")).toBe(3);
});

test("a histogram is that of the time between, over all its series", () => {
  const between = new Interval(
    scrape(0, 'h_bucket{m="a",le="0.1"} 1\nh_bucket{m="a",le="+Inf"} 2\n'),
    scrape(
      1000,
      'h_bucket{m="a",le="0.1"} 4\nh_bucket{m="a",le="+Inf"} 6\nh_bucket{m="b",le="0.1"} 1\nh_bucket{m="b",le="+Inf"} 1\n',
    ),
  );
  expect(between.histogram("h")).toEqual([{ le: 0.1, count: 4 }, { le: Infinity, count: 5 }]);
  expect(between.histogram("h", { m: "b" })).toEqual([{ le: 0.1, count: 1 }, { le: Infinity, count: 1 }]);
});

test("a window goes back to the oldest reading inside it, and at least to the one before", () => {
  const scrapes = new Scrapes(4);
  expect(scrapes.interval(5000)).toBeUndefined();
  for (const at of [0, 1000, 2000, 3000, 4000, 60_000]) scrapes.add(scrape(at, `c_total ${at}`));
  expect(scrapes.interval(5000)?.from.atMs).toBe(4000);
  expect(scrapes.interval(100_000)?.from.atMs).toBe(2000); // the older ones are kept no longer
  expect(scrapes.last?.atMs).toBe(60_000);
});
