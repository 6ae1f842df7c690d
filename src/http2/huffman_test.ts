import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { huffmanBytes, huffmanDecode, huffmanEncode, maxDecodedBytes } from "./huffman.ts";
import { latin1 } from "./latin1.ts";

function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(huffmanBytes(text));
  expect(huffmanEncode(text, bytes, 0)).toBe(bytes.length);
  return bytes;
}

function decode(bytes: Uint8Array): string | undefined {
  const into = new Uint8Array(maxDecodedBytes(bytes.length));
  const length = huffmanDecode(bytes, 0, bytes.length, into);
  return length < 0 ? undefined : latin1(into, 0, length);
}

const latin1Text = fc.uint8Array({ maxLength: 300 }).map((bytes) => latin1(bytes, 0, bytes.length));

describe("the Huffman code", () => {
  it("encodes as RFC 7541 appendix C does", () => {
    expect(encode("www.example.com").toHex()).toBe("f1e3c2e5f23a6ba0ab90f4ff");
    expect(encode("no-cache").toHex()).toBe("a8eb10649cbf");
    expect(encode("Mon, 21 Oct 2013 20:13:21 GMT").toHex()).toBe(
      "d07abe941054d444a8200595040b8166e082a62d1bff",
    );
  });

  it("gives back every latin1 text", () => {
    fc.assert(fc.property(latin1Text, (text) => void expect(decode(encode(text))).toBe(text)));
  });

  it("decodes as a twin that goes bit by bit, right or wrong, whatever the bytes", () => {
    const codes = new Map<string, number>();
    for (let symbol = 0; symbol < 256; symbol++) codes.set(bitsOf(symbol), symbol);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(decode(bytes)).toBe(naiveDecode(bytes, codes));
      }),
      { numRuns: 1_000 },
    );
  });

  it("refuses padding of zeros, of more than 7 bits, and EOS", () => {
    expect(decode(Uint8Array.of(0x00))).toBeUndefined();
    expect(decode(Uint8Array.of(0x1f, 0xff))).toBeUndefined();
    expect(decode(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toBeUndefined();
    expect(decode(Uint8Array.of(0x1f))).toBe("a");
  });
});

/** The symbol's code: eight of it have no padding, so their bytes count its bits. */
function bitsOf(symbol: number): string {
  const text = String.fromCharCode(symbol);
  return toBits(encode(text)).slice(0, encode(text.repeat(8)).length);
}

function toBits(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

function naiveDecode(bytes: Uint8Array, codes: Map<string, number>): string | undefined {
  let text = "";
  let code = "";
  for (const bit of toBits(bytes)) {
    code += bit;
    const symbol = codes.get(code);
    if (symbol !== undefined) {
      text += String.fromCharCode(symbol);
      code = "";
    }
  }
  return code.length > 7 || code.includes("0") ? undefined : text;
}
