import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HpackDecoder } from "./hpack_decoder.ts";

function bytes(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

function decoder(tableBytes = 4_096): (hex: string) => string[] {
  const hpack = new HpackDecoder(tableBytes, 65_536, 128);
  return (hex) => {
    const block = bytes(hex);
    const decoded = hpack.decode(block, 0, block.length);
    return decoded === undefined ? [`error: ${hpack.error}`] : decoded.headers;
  };
}

const GET = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"];
const GET_HTTPS = [
  ":method",
  "GET",
  ":scheme",
  "https",
  ":path",
  "/index.html",
  ":authority",
  "www.example.com",
  "custom-key",
  "custom-value",
];
const FOUND = [
  ":status",
  "302",
  "cache-control",
  "private",
  "date",
  "Mon, 21 Oct 2013 20:13:21 GMT",
  "location",
  "https://www.example.com",
];
const OK = [
  ":status",
  "200",
  "cache-control",
  "private",
  "date",
  "Mon, 21 Oct 2013 20:13:22 GMT",
  "location",
  "https://www.example.com",
  "content-encoding",
  "gzip",
  "set-cookie",
  "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

describe("RFC 7541 appendix C", () => {
  it("C.2: each kind of field", () => {
    expect(decoder()("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"))
      .toEqual(["custom-key", "custom-header"]);
    expect(decoder()("040c 2f73 616d 706c 652f 7061 7468")).toEqual([":path", "/sample/path"]);
    expect(decoder()("1008 7061 7373 776f 7264 0673 6563 7265 74")).toEqual(["password", "secret"]);
    expect(decoder()("82")).toEqual([":method", "GET"]);
  });

  it.each([
    ["C.3, without Huffman", [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ]],
    ["C.4, with Huffman", [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ]],
  ])("%s: three requests", (_name, blocks) => {
    const decode = decoder();
    expect(decode(blocks[0])).toEqual(GET);
    expect(decode(blocks[1])).toEqual([...GET, "cache-control", "no-cache"]);
    expect(decode(blocks[2])).toEqual(GET_HTTPS);
  });

  it.each([
    ["C.5, without Huffman", [
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "4803 3330 37c1 c0bf",
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ]],
    ["C.6, with Huffman", [
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ]],
  ])("%s: three responses with a table of 256 bytes that evicts", (_name, blocks) => {
    const decode = decoder(256);
    expect(decode(blocks[0])).toEqual(FOUND);
    expect(decode(blocks[1])).toEqual([":status", "307", ...FOUND.slice(2)]);
    expect(decode(blocks[2])).toEqual(OK);
  });
});

describe("the HPACK decoder", () => {
  it.each([
    ["index 0", "80"],
    ["an index beyond the tables", "be"],
    ["a cut integer", "ff"],
    ["an endless integer", "ff ff ff ff ff ff ff ff 01"],
    ["a string longer than its block", "00 05 61"],
    ["no value", "04"],
    ["a table larger than announced", "3f e2 1f"],
    ["a table size update at the end", "82 20"],
    ["wrong Huffman padding", "04 81 00"],
  ])("refuses %s", (_name, hex) => {
    expect(decoder()(hex)[0]).toMatch(/^error: /);
  });

  it("keeps a repeated block's list, until the table changes under it", () => {
    const decode = decoder();
    decode("4001 6101 31"); // a: 1 becomes entry 62
    decode("be"); // not looked for, since the block before it changed the table
    expect(decode("be")).toEqual(["a", "1"]);
    const second = decode("be");
    expect(decode("be")).toBe(second);
    decode("4001 6201 32"); // b: 2 pushes it to 63
    expect(decode("be")).toEqual(["b", "2"]);
    expect(decode("bf")).toEqual(["a", "1"]);
  });

  it("keeps no list past a table size update", () => {
    const decode = decoder();
    decode("4001 6101 31");
    for (let i = 0; i < 3; i++) expect(decode("be")).toEqual(["a", "1"]);
    decode("20");
    expect(decode("be")[0]).toMatch(/^error: header index/);
  });

  it("stops keeping fields past the count and the size, and still follows the table", () => {
    const hpack = new HpackDecoder(4_096, 1_000, 3);
    const many = bytes("82 82 82 82 4001 6101 31");
    expect(hpack.decode(many, 0, many.length)).toMatchObject({ tooLarge: true, headers: { length: 6 } });
    expect(hpack.decode(bytes("be"), 0, 1)?.headers).toEqual(["a", "1"]);
  });

  it("a bomb of one-byte references stays small", () => {
    const hpack = new HpackDecoder(4_096, 16_384, 128);
    const value = "61".repeat(3_900);
    const plant = bytes(`4001 61 7f bd1d ${value}`);
    expect(hpack.decode(plant, 0, plant.length)?.headers[1].length).toBe(3_900);
    const large = new Uint8Array(16).fill(0xbe);
    expect(hpack.decode(large, 0, large.length)).toMatchObject({ tooLarge: true });
    expect(hpack.decode(large, 0, large.length)?.headers.length).toBeLessThan(10);
  });

  it("a list far beyond its limits is not decoded to its end", () => {
    const bomb = new Uint8Array(60_000).fill(0x82);
    for (const [maxListBytes, maxCount] of [[16_384, Infinity], [Infinity, 128]]) {
      const hpack = new HpackDecoder(4_096, maxListBytes, maxCount);
      const large = bomb.subarray(0, 512);
      expect(hpack.decode(large, 0, large.length)).toMatchObject({ tooLarge: true });
      expect(hpack.decode(bomb, 0, bomb.length)).toBeUndefined();
      expect(hpack.error).toBe("header_list_bomb");
    }
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (blocks) => {
        const hpack = new HpackDecoder(512, 4_096, 16);
        for (const block of blocks) {
          const decoded = hpack.decode(block, 0, block.length);
          expect(decoded === undefined).toBe(hpack.error !== "");
          if (decoded === undefined) break;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
