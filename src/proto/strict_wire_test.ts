import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { serviceDefinition } from "./mod.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const { Sign } = serviceDefinition("crypto.CryptoService");
const { Echo } = serviceDefinition("echo.EchoService");

test.each([
  ["field 1 as a varint", Sign, "08 02 68 69"],
  ["field 1 as a group", Sign, "0b 02 68 69"],
  ["field 1 as fixed64", Sign, "09 02 68 69 00 00 00 00 00"],
  ["a string that claims more than there is", Echo, "0a 7f 68 69"],
  ["a string of 4 GiB", Echo, "0a ff ff ff ff 0f"],
  ["a string that is not UTF-8", Echo, "0a 02 ff fe"],
  ["field number 0", Echo, "02 01 61"],
  ["a varint without an end", Echo, "10 ff"],
  ["a varint of eleven bytes", Echo, "10 ff ff ff ff ff ff ff ff ff ff 01"],
  ["a group without an end", Echo, "7b 08 01"],
  ["an end without a group", Echo, "7c"],
  ["wire type 7", Echo, "7f"],
])("%s is refused", (_name, method, bytes) => {
  expect(() => method.requestDeserialize(hex(bytes))).toThrow(RangeError);
});

test("unknown fields of every wire type pass", () => {
  const unknown =
    "98 06 01  99 06 00 00 00 00 00 00 00 00  9a 06 02 ff fe  9d 06 00 00 00 00  a3 06 08 01 a4 06";
  expect(Echo.requestDeserialize(hex(`0a 02 68 69 ${unknown}`))).toMatchObject({ payload: "hi" });
});

test("nesting is bounded", () => {
  expect(() => Echo.requestDeserialize(hex("7b".repeat(5_000)))).toThrow(/nested/);
});

test("whatever a message says comes back", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      (payload, stamp) => {
        const request = Echo.requestDeserialize(
          Echo.requestSerialize({ payload, timestamp: stamp.toString() }),
        );
        expect(request).toMatchObject({ payload });
        expect(String((request as { timestamp: unknown }).timestamp)).toBe(stamp.toString());
      },
    ),
  );
});

test("any bytes give a message or a RangeError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    try {
      Sign.requestDeserialize(Buffer.from(bytes));
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  }));
});
