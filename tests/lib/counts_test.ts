import { expect, test } from "vitest";
import { cargoCounts, vitestCounts } from "./counts.ts";

test("a Vitest report's passed, failed, skipped, unwritten and unfinished tests are told apart", () => {
  const result = (fullName: string, status: string, note?: string) => ({
    fullName,
    status,
    meta: note ? { note } : {},
  });
  const report = {
    testResults: [
      { assertionResults: [result("a", "passed"), result("b", "failed"), result("c", "passed")] },
      {
        assertionResults: [
          result("d", "skipped", "no tool"),
          result("e", "skipped"),
          result("f", "todo"),
          result("g", "pending"),
        ],
      },
    ],
  };
  expect(vitestCounts(JSON.stringify(report))).toEqual({
    passed: 2,
    failed: 1,
    skipped: [
      { name: "d", reason: "no tool" },
      { name: "e", reason: undefined },
      { name: "f", reason: "not written yet" },
      { name: "g", reason: "did not come to its end" },
    ],
  });
});

test("the result lines of cargo test are added up, and ignored tests are named", () => {
  const output = [
    "running 3 tests",
    "test store::opens ... ok",
    "test store::slow ... ignored, needs an hour",
    "test store::other ... ignored",
    "",
    "test result: FAILED. 7 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.02s",
    "",
    "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
  ].join("\n");
  expect(cargoCounts(output)).toEqual({
    passed: 12,
    failed: 1,
    skipped: [
      { name: "store::slow", reason: "needs an hour" },
      { name: "store::other", reason: undefined },
      { name: "a test of Rust", reason: "ignored" },
    ],
  });
});
