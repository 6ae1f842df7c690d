// Header blocks, cached and not, and Huffman beside a naive twin: `deno bench src/http2/hpack_bench.ts`.
import { HpackDecoder } from "./hpack_decoder.ts";
import { HpackEncoder } from "./hpack_encoder.ts";
import { huffmanBytes, huffmanDecode, huffmanEncode } from "./huffman.ts";
import { REQUEST } from "./testkit.ts";

const encoder = new HpackEncoder();
const decoder = new HpackDecoder(4_096, 16_384, 128);
/** The block of the second time, when its fields are in the table. */
function sent(headers: string[]): Uint8Array {
  decodeNow(headers);
  return decodeNow(headers);
}
function decodeNow(headers: string[]): Uint8Array {
  const length = encoder.encode(headers);
  const block = encoder.block.slice(0, length);
  decode(block);
  return block;
}
function decode(block: Uint8Array): number {
  return decoder.decode(block, 0, block.length)?.headers.length ?? -1;
}

const indexed = sent(REQUEST);

Deno.bench(
  "encode a list that repeats",
  { group: "encode", baseline: true },
  () => void encoder.encode(REQUEST),
);
let call = 0;
Deno.bench("encode a list with one new value", { group: "encode" }, () => {
  encoder.encode([...REQUEST, "grpc-timeout", `${call++ % 100_000}m`]);
});

Deno.bench("decode a block that repeats", { group: "decode", baseline: true }, () => void decode(indexed));
const timeouts = Array.from({ length: 5_000 }, (_, i) => sent([...REQUEST, "grpc-timeout", `${i}m`]));
Deno.bench(
  "decode a block with one new value",
  { group: "decode" },
  () => void decode(timeouts[call++ % 5_000]),
);

const text = "/grpc.testing.TestService/StreamingOutputCall";
const packed = new Uint8Array(huffmanBytes(text));
huffmanEncode(text, packed, 0);
const into = new Uint8Array(200);
const codes = new Map<string, number>();
for (let symbol = 0; symbol < 256; symbol++) {
  const eight = new Uint8Array(huffmanBytes(String.fromCharCode(symbol).repeat(8)));
  huffmanEncode(String.fromCharCode(symbol).repeat(8), eight, 0);
  codes.set(bits(eight).slice(0, eight.length), symbol);
}
function bits(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

Deno.bench("Huffman, 45 bytes, by 8-bit tables", { group: "huffman", baseline: true }, () => {
  huffmanDecode(packed, 0, packed.length, into);
});
Deno.bench("Huffman, 45 bytes, bit by bit", { group: "huffman" }, () => {
  let code = "";
  let at = 0;
  for (const bit of bits(packed)) {
    code += bit;
    const symbol = codes.get(code);
    if (symbol === undefined) continue;
    into[at++] = symbol;
    code = "";
  }
});
