// JSON with places: it reads what JSON.parse reads, says where it began, and refuses what would be read two ways.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonSyntaxError, parseJson } from "./json_tree.ts";

const parse = (text: string) => parseJson(Buffer.from(text));

function errorOf(body: string | Uint8Array): JsonSyntaxError {
  try {
    parseJson(typeof body === "string" ? Buffer.from(body) : body);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
  throw new Error("it was read");
}

test("any value is read as JSON.parse reads it, with any space between", () => {
  fc.assert(fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t"), (text, space) => {
    const value = JSON.parse(text);
    const spaced = JSON.stringify(value, null, space);
    // Numbers in fc.json are doubles; integers beyond 2^53 are refused on purpose.
    fc.pre(!/\d{16}/.test(spaced));
    expect(parse(spaced).value).toEqual(value);
  }));
});

test("any text that JSON.parse refuses is refused, and nothing but a JsonSyntaxError is thrown", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "a",
    "1",
    "-",
    ".",
    "e",
    "true",
    "null",
    " ",
    "é",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }).map((each) => each.join("")), (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        const { at } = errorOf(text);
        return at >= 0 && at <= Buffer.byteLength(text);
      }
      try {
        expect(parse(text).value).toEqual(expected);
      } catch (error) {
        // What JSON.parse reads and this doesn't: twice the same name.
        expect((error as Error).message).toMatch(/twice/);
      }
      return true;
    }),
    { numRuns: 2000 },
  );
});

test("any bytes are read or refused", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    try {
      parseJson(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(JsonSyntaxError);
    }
  }));
});

test("each value's byte is that of its first character", () => {
  const body = '{"é": [1, {"b": "ü"}], "c":true}';
  const bytes = Buffer.from(body);
  const node = parse(body);
  const elements = node.members?.get("é")?.elements ?? [];
  expect(bytes.subarray(elements[1].at).toString()).toMatch(/^\{"b"/);
  expect(bytes.subarray(elements[1].members?.get("b")?.at).toString()).toMatch(/^"ü"/);
  expect(bytes.subarray(node.members?.get("c")?.at).toString()).toBe("true}");
});

test("__proto__ is a name like any other", () => {
  const { value } = parse('{"__proto__": {"a": 1}}');
  expect(Object.keys(value as object)).toEqual(["__proto__"]);
});

describe("the place of", () => {
  test.each<[what: string, body: string | Uint8Array, at: number, path: (string | number)[], words: RegExp]>([
    ["an empty body", "", 0, [], /missing/],
    ["a cut body", '{"a": [1,', 9, ["a", 1], /ends here/],
    ["a missing comma", '{"a": 1 "b": 2}', 8, [], /comma/],
    ["a comma too many", "[1,]", 3, [1], /missing/],
    ["a missing colon", '{"a" 1}', 5, ["a"], /colon/],
    ["a name without quotes", "{a: 1}", 1, [], /double quotes/],
    ["what follows", "{} {}", 3, [], /follow/],
    ["a name twice", '{"a": 1, "a": 2}', 9, ["a"], /twice/],
    ["a name twice, once escaped", '{"a": 1, "\\u0061": 2}', 9, ["a"], /twice/],
    ["an unknown escape", '["\\x"]', 1, [0], /escape/],
    ["a control character", '["\n"]', 1, [0], /control/],
    ["a string without end", '["a\\"]', 1, [0], /no end/],
    ["a zero before a number", "[01]", 1, [0], /no number/],
    ["an integer that a double rounds", '{"n": 9007199254740993}', 6, ["n"], /as a string/],
    ["a number without bounds", "[1e999]", 1, [0], /too large/],
    ["a byte order mark", "\ufeff{}", 0, [], /missing/],
    ["what isn't UTF-8", Uint8Array.of(0x22, 0x61, 0xff, 0x22), 2, [], /UTF-8/],
    ["a cut character", Uint8Array.of(0x22, 0xc3), 2, [], /UTF-8/],
  ])("%s is told", (_what, body, at, path, words) => {
    const error = errorOf(body);
    expect(error.message).toMatch(words);
    expect({ at: error.at, path: error.path }).toEqual({ at, path });
  });
});

test("nesting and the number of values have an end", () => {
  expect(errorOf("[".repeat(1_000_000)).message).toMatch(/deeper than 64/);
  expect(errorOf('{"a":'.repeat(100_000)).message).toMatch(/deeper than 64/);
  expect(errorOf(`[${"0,".repeat(100_000)}0]`).message).toMatch(/at most 65536/);
});

test("a string of megabytes takes no longer than it must, whatever its quotes and backslashes", () => {
  const started = performance.now();
  for (const text of ["a".repeat(4_000_000), '\\"'.repeat(1_000_000), "\\\\".repeat(1_000_000)]) {
    parse(`"${text}"`);
  }
  expect(performance.now() - started).toBeLessThan(2_000);
});
