import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_STATUS_MESSAGE_BYTES } from "./limits.ts";
import { decodeStatusMessage, encodeStatusMessage } from "./status_message.ts";

describe("grpc-message", () => {
  it("leaves printable ASCII alone and escapes the rest", () => {
    expect(encodeStatusMessage("a b/c?d=%")).toBe("a b/c?d=%25");
    expect(encodeStatusMessage("é\n")).toBe("%C3%A9%0A");
  });

  it("comes back as it was, for any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const encoded = encodeStatusMessage(text);
      expect(encoded).toMatch(/^[ -~]*$/);
      expect(decodeStatusMessage(encoded)).toBe(text.toWellFormed());
    }));
  });

  it("is cut at its limit, never inside a character", () => {
    const encoded = encodeStatusMessage("é".repeat(MAX_STATUS_MESSAGE_BYTES));
    expect(encoded.length).toBeLessThanOrEqual(MAX_STATUS_MESSAGE_BYTES);
    expect(decodeStatusMessage(encoded)).toMatch(/^é+$/);
  });

  it("is read even where its escapes are broken", () => {
    expect(decodeStatusMessage("100%")).toBe("100%");
    expect(decodeStatusMessage("%zz%4")).toBe("%zz%4");
    expect(decodeStatusMessage("%ff")).toBe("\ufffd");
  });
});
