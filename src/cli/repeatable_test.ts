import { expect, test } from "vitest";
import { collectList, parseLabels } from "./repeatable.ts";

test("labels may hold = and be empty", () => {
  expect(parseLabels(["a=1", "b=x=y", "c="])).toEqual({ a: "1", b: "x=y", c: "" });
});

test.each([["a"], ["=1"], [""]])(
  "%s is no label",
  (text) => expect(() => parseLabels([text])).toThrow(/name=value/),
);

test("one that is given twice is refused", () => expect(() => parseLabels(["a=1", "a=2"])).toThrow(/twice/));

test("a list grows by each option, and by each comma", () => {
  expect(collectList("a, b", undefined)).toEqual(["a", "b"]);
  expect(collectList("c", ["a"])).toEqual(["a", "c"]);
});
