import { describe, expect, it } from "vitest";
import { formatTimeout, parseTimeout } from "./timeout.ts";

describe("grpc-timeout", () => {
  it("reads every unit", () => {
    expect(["2H", "3M", "4S", "5m", "6u", "7n"].map(parseTimeout)).toEqual([
      7_200_000,
      180_000,
      4_000,
      5,
      expect.closeTo(0.006),
      expect.closeTo(0.000007),
    ]);
  });

  it("refuses nine digits, no digits, no unit, a sign and spaces", () => {
    for (const text of ["123456789m", "m", "1", "", "-1m", "+1m", "1 m", " 1m", "1x", "1mm", "\u0661m"]) {
      expect(parseTimeout(text)).toBeUndefined();
    }
  });

  it("writes what it reads, rounding up, in at most eight digits", () => {
    expect(formatTimeout(0.2)).toBe("1m");
    expect(formatTimeout(-5)).toBe("0m");
    for (const ms of [0, 1, 1_500, 99_999_999, 100_000_000, 1e12, 1e16]) {
      const text = formatTimeout(ms);
      expect(text).toMatch(/^[0-9]{1,8}[HMSm]$/);
      expect(parseTimeout(text)).toBeGreaterThanOrEqual(Math.min(ms, 3.6e14 - 3.6e6));
    }
  });
});
