// A diff is right when each side can be read off it, and good when it is short.
import fc from "fast-check";
import { expect, test } from "vitest";
import { diffLines, diffText } from "./diff.ts";

test("both sides can be read off it, whatever they are", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  fc.assert(fc.property(text, text, (before, after) => {
    const lines = diffLines(before.join("\n"), after.join("\n"));
    const side = (other: string) => lines.filter(({ mark }) => mark !== other).map((line) => line.text);
    expect(side("+")).toEqual(before);
    expect(side("-")).toEqual(after);
  }));
});

test("shows what changes with two lines around it", () => {
  const before = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const after = [...before.slice(0, 4), "E", ...before.slice(5)];
  expect(diffText(before.join("\n"), after.join("\n"))).toEqual([
    "  ...",
    "  c",
    "  d",
    "- e",
    "+ E",
    "  f",
    "  g",
    "  ...",
  ]);
  expect(diffText("a\nb\n", "a\nb")).toEqual([]);
});
