// Which word a misspelt one stands for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "./suggest.ts";

const KEYS = ["level", "format", "calls", "calls_per_second"];

describe("nearest", () => {
  it.each([
    ["levl", "level"],
    ["elvel", "level"],
    ["Level", "level"],
    ["callsPerSecond", "calls_per_second"],
    ["calls-per-second", "calls_per_second"],
    ["call", "calls"],
    ["formatting", "format"],
    ["zebra", undefined],
    ["", undefined],
    ["x", undefined],
    ["level".repeat(20), undefined],
  ])("takes %j for %j", (word, expected) => expect(nearest(word, KEYS)).toBe(expected));

  it("knows a candidate with one letter lost, doubled or swapped", () => {
    const slip = fc.tuple(fc.constantFrom(...KEYS), fc.nat(), fc.constantFrom("lose", "double", "swap"));
    fc.assert(fc.property(slip, ([key, n, kind]) => {
      const i = n % (key.length - 1);
      const [head, a, b, tail] = [key.slice(0, i), key[i], key[i + 1], key.slice(i + 2)];
      const word =
        { lose: head + b + tail, double: head + a + a + b + tail, swap: head + b + a + tail }[kind];
      expect(nearest(word ?? "", KEYS)).toBe(key);
    }));
  });
});

describe("editDistance", () => {
  const word = fc.string({ maxLength: 8 });

  it("is zero for the same word only, the same both ways, and at most the longer word's length", () => {
    fc.assert(fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(distance === 0).toBe(a === b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }));
  });
});
