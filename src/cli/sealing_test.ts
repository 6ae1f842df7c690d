import Long from "long";
import { expect, test } from "vitest";
import { statusText } from "./sealing.ts";

test("what is left of a change is told as what is counted, which is rows", () => {
  const text = (rows_left: number) => statusText({ generation: Long.fromNumber(2), rows_left });
  expect(text(9)).toBe("sealing key 2, 9 rows of the store still under the one before");
  expect(text(1)).toBe("sealing key 2, 1 row of the store still under the one before");
  expect(text(0)).toBe("sealing key 2, every key is under it");
});
