// Header blocks against the HPACK decoder, and lists through encoder and decoder.
// Must never measure by the wall clock: bounds are counted in fields, bytes and CPU time.
import fc from "fast-check";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import { HpackEncoder } from "../../src/http2/hpack_encoder.ts";
import { DynamicTable } from "../../src/http2/hpack_table.ts";
import type { Corpus } from "../conformance/hpack/make.ts";
import { check } from "./wire_judge.ts";

const TABLE_BYTES = 4_096;
const OVERHEAD_BYTES = 32;
/**
 * CPU of one block: a field of one byte costs some ten nanoseconds, a Huffman byte less. A thousand times more,
 * so that a garbage collection or another program passes and a quadratic loop (64 KiB: 4 * 10^9 steps) doesn't.
 */
const FREE_CPU_MS = 500;
const CPU_MS_PER_KIB = 20;

interface Limits {
  maxListBytes: number;
  maxCount: number;
}
export interface DecoderCase extends Limits {
  blocks: Piece[][];
}
export type Piece =
  | { do: "bytes"; bytes: number[] }
  | { do: "indexed"; index: number }
  | { do: "literal"; kind: number; index: number; name: string; value: string; huffman: boolean }
  | { do: "resize"; bytes: number }
  | { do: "repeat"; byte: number; times: number }
  | { do: "cut"; bytes: number }
  | { do: "flip"; at: number; to: number };

/** The block that pieces make; the last two kinds spoil what stands before them. */
export function blockOf(pieces: Piece[]): Uint8Array {
  const out: number[] = [];
  for (const piece of pieces) {
    switch (piece.do) {
      case "bytes":
        out.push(...piece.bytes);
        break;
      case "indexed":
        integer(out, 0x80, 0x7f, piece.index);
        break;
      case "literal": {
        const [pattern, mask] = [[0x40, 0x3f], [0x00, 0x0f], [0x10, 0x0f]][piece.kind % 3];
        integer(out, pattern, mask, piece.index);
        if (piece.index === 0) text(out, piece.name, piece.huffman);
        text(out, piece.value, piece.huffman);
        break;
      }
      case "resize":
        integer(out, 0x20, 0x1f, piece.bytes);
        break;
      case "repeat":
        for (let i = 0; i < piece.times; i++) out.push(piece.byte);
        break;
      case "cut":
        out.length = Math.max(0, out.length - piece.bytes);
        break;
      case "flip":
        if (out.length > 0) out[piece.at % out.length] ^= piece.to;
    }
  }
  return Uint8Array.from(out);
}

function integer(out: number[], pattern: number, mask: number, value: number): void {
  if (value < mask) return void out.push(pattern | value);
  out.push(pattern | mask);
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80);
  out.push(rest);
}

/** Huffman text is any bytes here: mostly wrong, sometimes not. */
function text(out: number[], value: string, huffman: boolean): void {
  integer(out, huffman ? 0x80 : 0, 0x7f, value.length);
  for (let i = 0; i < value.length; i++) out.push(value.charCodeAt(i) & 0xff);
}

/** @throws Error when the decoder breaks a bound, or anything but its own error comes */
export function runDecoder(one: DecoderCase): void {
  const decoder = new HpackDecoder(TABLE_BYTES, one.maxListBytes, one.maxCount);
  for (const pieces of one.blocks) {
    if (!decodes(decoder, blockOf(pieces), one)) return;
  }
}

/** @returns false after an error, which ends a connection */
function decodes(decoder: HpackDecoder, block: Uint8Array, { maxListBytes, maxCount }: Limits): boolean {
  const before = process.cpuUsage();
  const decoded = decoder.decode(block, 0, block.length);
  const { user, system } = process.cpuUsage(before);
  const spentMs = (user + system) / 1_000;
  check(
    spentMs < FREE_CPU_MS + CPU_MS_PER_KIB * block.length / 1_024,
    `${block.length} bytes took ${spentMs} ms of CPU`,
  );
  check(
    (decoded === undefined) === (decoder.error !== ""),
    "an error without a name, or a name without an error",
  );
  if (decoded === undefined) return false;
  const { headers, tooLarge } = decoded;
  check(headers.length <= 2 * maxCount, `${headers.length / 2} fields of ${maxCount}`);
  let size = 0;
  for (let i = 0; i < headers.length; i += 2) {
    size += headers[i].length + headers[i + 1].length + OVERHEAD_BYTES;
  }
  check(size <= maxListBytes, `${size} bytes of ${maxListBytes}`);
  check(tooLarge || headers.length <= 2 * block.length, "more fields than bytes");
  return true;
}

/** Blocks of a foreign encoder, spoiled in some places. */
export interface SpoiledCase extends Limits {
  encoder: number;
  story: number;
  /** `by` 0 cuts the block there. */
  spoils: { block: number; at: number; by: number }[];
}

const CORPUS = new URL("../conformance/hpack/corpus/", import.meta.url);
const encoders: string[][][] = ["go", "python", "python_plain", "nghttp2", "netty"].map((name) => {
  const { blocks } = JSON.parse(Deno.readTextFileSync(new URL(`${name}.json`, CORPUS))) as Corpus;
  return Object.values(blocks);
});

/** @throws as runDecoder does */
export function runSpoiled(one: SpoiledCase): void {
  const stories = encoders[one.encoder % encoders.length];
  const blocks = stories[one.story % stories.length].map((hex) => Uint8Array.fromHex(hex));
  for (const { block, at, by } of one.spoils) {
    const which = block % blocks.length, bytes = blocks[which];
    if (bytes.length === 0) continue;
    if (by === 0) blocks[which] = bytes.slice(0, at % bytes.length);
    else bytes[at % bytes.length] ^= by;
  }
  const decoder = new HpackDecoder(TABLE_BYTES, one.maxListBytes, one.maxCount);
  for (const block of blocks) {
    if (!decodes(decoder, block, one)) return;
  }
}

export interface TableCase {
  steps: { name: number; value: number; resize: number }[];
}

/** The dynamic table against a list that is cut from its end. */
export function runTable({ steps }: TableCase): void {
  const table = new DynamicTable(TABLE_BYTES);
  let model: [string, string][] = [];
  let limit = TABLE_BYTES;
  const evict = () => {
    const size = () =>
      model.reduce((sum, [name, value]) => sum + name.length + value.length + OVERHEAD_BYTES, 0);
    while (size() > limit) model.pop();
  };
  for (const [at, { name, value, resize }] of steps.entries()) {
    if (resize >= 0) {
      limit = resize;
      table.resize(limit);
    } else {
      const entry: [string, string] = ["n".repeat(name), String(at).padEnd(value, "v")];
      table.insert(...entry);
      model = [entry, ...model];
      if (entry[0].length + entry[1].length + OVERHEAD_BYTES > limit) model = [];
    }
    evict();
    check(table.count === model.length, `${table.count} entries instead of ${model.length}`);
    check(
      table.sizeBytes <= limit && limit <= TABLE_BYTES,
      `${table.sizeBytes} bytes in a table of ${limit}`,
    );
    model.forEach(([name, value], age) => {
      check(table.name(age) === name && table.value(age) === value, `another entry at ${age}`);
    });
  }
}

export interface RoundTripCase {
  lists: ([string, string][] | number)[];
}

/** Lists, and now and then the peer's new table size, through our encoder and our decoder. */
export function runRoundTrip({ lists }: RoundTripCase): void {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(TABLE_BYTES, 1 << 20, 1 << 20);
  for (const list of lists) {
    if (typeof list === "number") {
      encoder.limitTable(list);
      continue;
    }
    const flat = list.flat();
    for (let again = 0; again < 2; again++) {
      const own = again === 0 ? flat : flat.slice(0, flat.length & ~3);
      const length = encoder.encode(own, again === 0 ? undefined : flat.slice(own.length));
      const block = encoder.block.slice(0, length);
      const decoded = decoder.decode(block, 0, length);
      check(decoded !== undefined, `our own block: ${decoder.error}`);
      check(JSON.stringify(decoded.headers) === JSON.stringify(flat), "another list came back");
    }
  }
}

const byte = fc.nat({ max: 255 });
const name = fc.constantFrom("a", "x-b", ":path", "cookie", "grpc-status", "user-agent", "x".repeat(300));
const latin1 = fc.string({ unit: byte.map((code) => String.fromCharCode(code)), maxLength: 60 });
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ do: fc.constant("bytes" as const), bytes: fc.array(byte, { maxLength: 30 }) }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("indexed" as const),
      index: fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 300 }), fc.nat({ max: 2 ** 31 })),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("literal" as const),
      kind: fc.nat({ max: 2 }),
      index: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 80 })),
      name,
      value: fc.oneof(latin1, fc.nat({ max: 5_000 }).map((length) => "v".repeat(length))),
      huffman: fc.boolean(),
    }),
  },
  fc.record({
    do: fc.constant("resize" as const),
    bytes: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 2 ** 31 })),
  }),
  fc.record({
    do: fc.constant("repeat" as const),
    byte: fc.oneof(byte, fc.constantFrom(0xbe, 0xff, 0x20, 0x40, 0x00)),
    times: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 60_000 })),
  }),
  fc.record({ do: fc.constant("cut" as const), bytes: fc.nat({ max: 10 }) }),
  fc.record({ do: fc.constant("flip" as const), at: fc.nat({ max: 1_000 }), to: byte }),
);

const limits = {
  maxListBytes: fc.constantFrom(1, 100, 2_000, 16_384),
  maxCount: fc.constantFrom(1, 5, 128),
};

export const spoiledCase: fc.Arbitrary<SpoiledCase> = fc.record({
  ...limits,
  encoder: fc.nat({ max: 4 }),
  story: fc.nat({ max: 9 }),
  spoils: fc.array(fc.record({ block: fc.nat({ max: 60 }), at: fc.nat({ max: 5_000 }), by: byte }), {
    maxLength: 6,
  }),
});

export const decoderCase: fc.Arbitrary<DecoderCase> = fc.record({
  ...limits,
  blocks: fc.array(fc.array(piece, { maxLength: 10 }), { maxLength: 8 }),
});

export const tableCase: fc.Arbitrary<TableCase> = fc.record({
  steps: fc.array(
    fc.record({
      name: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 4_200 })),
      value: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 4_200 })),
      resize: fc.oneof({ weight: 5, arbitrary: fc.constant(-1) }, {
        weight: 1,
        arbitrary: fc.nat({ max: 4_096 }),
      }),
    }),
    { maxLength: 60, size: "max" },
  ),
});

const value = fc.oneof(
  fc.constantFrom("", "0", "a", "application/grpc", "trailers"),
  latin1.map((text) => text.replace(/[\0\r\n]/g, "").replace(/^[ \t]+|[ \t]+$/g, "")),
  fc.nat({ max: 600 }).map((length) => "w".repeat(length)),
);
export const roundTripCase: fc.Arbitrary<RoundTripCase> = fc.record({
  lists: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.array(fc.tuple(name, value), { maxLength: 12 }) },
      { weight: 1, arbitrary: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 100_000 })) },
    ),
    { maxLength: 30, size: "max" },
  ),
});
