// Properties of the escaping that keeps peers from forging log lines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_VALUE_UNITS, quote, visible } from "./escape.ts";

/** Any UTF-16, lone surrogates included, rich in the characters that hurt a terminal or a line reader. */
const nasty = fc.array(
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom(
      "\n",
      "\r",
      "\x1b[2J",
      "\x07",
      "\u0085",
      "\u009b31m",
      "\u2028",
      "\u2029",
      "\u202e",
      "\u2066",
    ),
    fc.constantFrom(
      "\ufeff",
      "\u200b",
      "\x7f",
      "\0",
      '"',
      "\\",
      "\ud800",
      "\udc00",
      "\u{e0041}",
      "\u{1f600}",
    ),
    fc.constantFrom('","level":"error', "\\u000a", "a".repeat(900)),
  ),
).map((parts) => parts.join(""));

/** Independent of the expression under test: walks code points and asks for each class by itself. */
function isHarmless(text: string): boolean {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x20 || (point >= 0x7f && point <= 0x9f)) return false;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    if (point >= 0x2028 && point <= 0x202e) return false;
    if (point >= 0x200b && point <= 0x200f) return false;
    if (point >= 0x2060 && point <= 0x206f) return false;
    if (point === 0x061c || point === 0xfeff || point === 0xad) return false;
    if (point >= 0xe0000 && point <= 0xe007f) return false;
  }
  return true;
}

describe("quote", () => {
  it("gives JSON that reads back as the same string when it is short enough", () => {
    fc.assert(fc.property(nasty, (text) => {
      fc.pre(text.length <= MAX_VALUE_UNITS);
      expect(JSON.parse(quote(text))).toBe(text);
    }));
  });

  it("lets no character through that ends a line, moves a cursor or reorders text", () => {
    fc.assert(fc.property(nasty, fc.integer({ min: 1, max: 50 }), (text, max) => {
      expect(isHarmless(quote(text))).toBe(true);
      expect(isHarmless(quote(text, max))).toBe(true);
      expect(isHarmless(visible(text, max))).toBe(true);
    }));
  });

  it("bounds what comes out, whatever goes in", () => {
    fc.assert(fc.property(nasty, fc.integer({ min: 1, max: 50 }), (text, max) => {
      // Six characters for each escaped unit, and the note of what was cut.
      expect(quote(text, max).length).toBeLessThanOrEqual(max * 6 + 20);
    }));
  });

  it("cuts a long string, says how much is missing, and halves no character", () => {
    expect(JSON.parse(quote("abcdef", 4))).toBe("abcd…(+2)");
    expect(JSON.parse(quote("abc\u{1f600}", 4))).toBe("abc…(+2)");
  });

  it("spells out what a terminal would obey", () => {
    expect(quote("a\n\x1b[31m\u009b\u202e")).toBe('"a\\n\\u001b[31m\\u009b\\u202e"');
    expect(visible("a\n\x1b\u{e0041}")).toBe("a\\u000a\\u001b\\udb40\\udc41");
  });
});
