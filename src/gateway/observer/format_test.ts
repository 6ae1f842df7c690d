import { expect, test } from "vitest";
import { amount, bytes, clockTime, percent, seconds, stamp, whole, words } from "./format.ts";

test.each([
  [0, "0"],
  [0.001, "0"],
  [0.4, "0.40"],
  [3, "3"],
  [12.34, "12.3"],
  [999.6, "1,000"],
  [1234, "1,234"],
  [12_345, "12.3k"],
  [4_560_000, "4.56M"],
  [undefined, "–"],
  [NaN, "–"],
])("%s is written %s", (value, text) => expect(amount(value)).toBe(text));

test("units stand beside three digits that count", () => {
  expect([0.00034, 0.00125, 0.0123, 0.5, 2.5].map(seconds)).toEqual(
    ["340\u202fµs", "1.25\u202fms", "12.3\u202fms", "500\u202fms", "2.50\u202fs"],
  );
  expect([512, 12_902_400, 3 * 2 ** 30].map(bytes)).toEqual(["512\u202fB", "12.3\u202fMiB", "3.00\u202fGiB"]);
  expect(percent(0.125)).toBe("12.5\u202f%");
  expect(whole(1_234_567)).toBe("1,234,567");
  expect([seconds, bytes, percent, whole].map((format) => format(undefined))).toEqual(["–", "–", "–", "–"]);
});

test("times are UTC", () => {
  expect(stamp(Date.UTC(2026, 10, 21, 12, 0, 3))).toBe("2026-11-21 12:00:03");
  expect(clockTime(Date.UTC(2026, 10, 21, 12, 0, 3))).toBe("12:00:03");
  expect(stamp(NaN)).toBe("–");
  expect(words("SIGNER_LOST")).toBe("signer lost");
});
