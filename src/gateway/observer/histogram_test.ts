import fc from "fast-check";
import { expect, test } from "vitest";
import { quantile } from "./histogram.ts";

const BUCKETS = [{ le: 0.1, count: 10 }, { le: 0.2, count: 90 }, { le: 1, count: 99 }, {
  le: Infinity,
  count: 100,
}];

test.each([[0.05, 0.05], [0.1, 0.1], [0.5, 0.15], [0.9, 0.2], [0.99, 1], [1, 1]])(
  "the share %f lies below %f",
  (share, value) => expect(quantile(BUCKETS, share)).toBeCloseTo(value, 9),
);

test("of nothing there is no percentile", () => {
  expect(quantile([], 0.5)).toBeUndefined();
  expect(quantile([{ le: 1, count: 0 }, { le: Infinity, count: 0 }], 0.5)).toBeUndefined();
});

test("it lies in the bucket of the value that it stands for, and rises with the share", () => {
  const bounds = [0.001, 0.01, 0.1, 1, 10];
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1 }), (values) => {
    const buckets = [...bounds, Infinity].map((le) => ({
      le,
      count: values.filter((one) => one <= le).length,
    }));
    const sorted = values.toSorted((a, b) => a - b);
    let last = 0;
    for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1];
      const told = quantile(buckets, share) ?? NaN;
      const above = bounds.find((le) => le >= exact) ?? Infinity;
      expect(told).toBeLessThanOrEqual(above);
      expect(told).toBeGreaterThanOrEqual(bounds.findLast((le) => le < exact) ?? 0);
      expect(told).toBeGreaterThanOrEqual(last);
      last = told;
    }
  }));
});
