// A field's value may be anything; the line must come out all the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorText, jsonValue, MAX_ELEMENTS } from "./value.ts";

describe("jsonValue", () => {
  it("gives one JSON token on one line for any value", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (value) => {
        const json = jsonValue(value);
        expect(() => JSON.parse(json)).not.toThrow();
        expect(json).not.toMatch(/[\n\r]/);
      }),
    );
  });

  it("keeps numbers, booleans and null as they are and quotes what JSON has no word for", () => {
    expect([1.5, true, null, NaN, 10n ** 20n, undefined].map(jsonValue)).toEqual(
      ["1.5", "true", "null", '"NaN"', '"100000000000000000000"', '"undefined"'],
    );
  });

  it("survives getters and proxies that throw", () => {
    class Trap extends Error {
      override get message(): string {
        throw new Error("no");
      }
    }
    const proxy = new Proxy({}, {
      get() {
        throw new Error("no");
      },
    });
    expect(jsonValue(proxy)).toBe('"[unprintable]"');
    expect(jsonValue([proxy])).toBe('["[unprintable]"]');
    const trap = new Trap();
    expect(jsonValue(trap)).toBe('"[unprintable]"');
    expect(errorText(Object.create(null))).toBe("[unprintable]");
  });

  it("bounds lists and bytes and says how many are missing", () => {
    expect(JSON.parse(jsonValue(new Array(20).fill(1)))).toEqual([
      ...new Array(MAX_ELEMENTS).fill(1),
      "…(+4)",
    ]);
    expect(JSON.parse(jsonValue(new Uint8Array(40)))).toBe(`${"00".repeat(32)}…(+8)`);
  });
});

describe("errorText", () => {
  it("tells the causes and stops at a circle", () => {
    const inner = new TypeError("inner");
    expect(errorText(new Error("outer", { cause: inner }))).toBe("Error: outer, caused by TypeError: inner");
    inner.cause = inner;
    expect(errorText(inner).length).toBeLessThan(200);
  });
});
