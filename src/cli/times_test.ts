import { expect, test } from "vitest";
import { parseInstant, parseSeconds, timeOrNull } from "./times.ts";

test.each([["90", 90], ["60s", 60], ["5m", 300], ["5min", 300], ["1h", 3_600], ["30d", 2_592_000], [
  " 7d ",
  604_800,
]])(
  "%s is %i seconds",
  (text, seconds) => expect(parseSeconds(text)).toBe(seconds),
);

test.each(["", "h", "-1h", "1.5h", "1w", "999999999d", "1h2m"])("%s is no length of time", (text) => {
  expect(parseSeconds(text)).toBeUndefined();
});

test("a day begins at midnight UTC; a time has its own zone", () => {
  expect(timeOrNull(parseInstant("--not-after", "2027-01-31"))).toBe("2027-01-31T00:00:00.000Z");
  expect(timeOrNull(parseInstant("--not-after", "2027-01-31T12:00:00+01:00"))).toBe(
    "2027-01-31T11:00:00.000Z",
  );
  expect(timeOrNull(0)).toBe(null);
});

test.each([
  "",
  "tomorrow",
  "2027",
  "2027-02-30",
  "2027-13-01",
  "2027-01-31T12:00",
  "31.1.2027",
  "1960-01-01",
])(
  "%s is no point in time",
  (text) => expect(() => parseInstant("--not-after", text)).toThrow(/--not-after/),
);
