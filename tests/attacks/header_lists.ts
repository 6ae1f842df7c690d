// Header lists that are large, or get large when they are decoded, and blocks that do not end.
// Must stay legal HPACK: a compression error would end the connection before the limit does.
import { ErrorCode } from "../../src/http2/mod.ts";
import * as limits from "../../src/http2/limits.ts";
import { concat, FRAME, frame } from "../lib/raw_http2.ts";
import type { Attack } from "./attack.ts";
import { ECHO, END_HEADERS, END_STREAM, headers, hello, HELLO_FRAMES, integer, stream } from "./pieces.ts";

const { ENHANCE_YOUR_CALM } = ErrorCode;
/** Index 2 of the static table, `:method: GET`: a field of one byte. */
const STATIC_FIELD = 0x82;
/** Index 62, the newest entry of the dynamic table: as a field, and as the name of one with an empty value. */
const NEWEST_FIELD = 0xbe;
const NEWEST_NAME = Uint8Array.of(0x0f, 62 - 15, 0);
/** The most that the decoder's table holds with its overhead of 32 bytes. */
const ENTRY_BYTES = limits.DECODER_TABLE_BYTES - 32;

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const times = (count: number, piece: Uint8Array): Uint8Array =>
  concat(...Array.from({ length: count }, () => piece));

/** A literal (RFC 7541, section 6.2): `first` is 0x40 for one that enters the table, 0 for one that doesn't. */
function literal(first: number, name: Uint8Array, value: Uint8Array, huffman = 0): Uint8Array {
  return concat(
    Uint8Array.from([first, ...integer(name.length)]),
    name,
    Uint8Array.from(integer(value.length, huffman)),
    value,
  );
}

const NAME = Uint8Array.of(0x78);
const PLANTED = literal(0x40, NAME, filled(ENTRY_BYTES - NAME.length, 0x61));
const PLANTED_NAME = literal(0x40, filled(ENTRY_BYTES, 0x78), new Uint8Array());

/** One block, in as many frames as it needs. */
function blockFrames(block: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < block.length; at += limits.MAX_FRAME_BYTES) {
    const end = at + limits.MAX_FRAME_BYTES;
    const flags = (at === 0 ? END_STREAM : 0) | (end >= block.length ? END_HEADERS : 0);
    frames.push(
      frame(at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION, flags, stream(0), block.subarray(at, end)),
    );
  }
  return frames;
}

const bomb = (name: string, cve: string, limit: string, block: Uint8Array): Attack => ({
  name,
  cve: [cve],
  limits: [limit, "HEADER_BOMB_FACTOR"],
  goaway: { code: ENHANCE_YOUR_CALM, debug: "header_list_bomb" },
  frames: HELLO_FRAMES + blockFrames(block).length,
  script: () => concat(hello(), ...blockFrames(block)),
});

/** Lists that decode to the limit's double, again and again. */
function tooLarge(name: string, limit: string, block: Uint8Array, framesEach: number): Attack {
  const budget = limits.STREAM_ERROR_BURST + limits.STREAM_ERRORS_PER_SECOND;
  const count = Math.floor(budget / limits.REFUSED_LIST_COST) + 1;
  const cut = limits.MAX_FRAME_BYTES;
  const request = (i: number): Uint8Array =>
    block.length <= cut ? headers(i, block, END_STREAM) : concat(
      frame(FRAME.HEADERS, END_STREAM, stream(i), block.subarray(0, cut)),
      frame(FRAME.CONTINUATION, END_HEADERS, stream(i), block.subarray(cut)),
    );
  return {
    name,
    limits: [limit, "REFUSED_LIST_COST", "STREAM_ERROR_BURST", "STREAM_ERRORS_PER_SECOND"],
    goaway: { code: ENHANCE_YOUR_CALM, debug: "too_many_stream_errors" },
    refusal: { status: "431" },
    frames: HELLO_FRAMES + count * framesEach,
    script: () => concat(hello(), ...Array.from({ length: count }, (_, i) => request(i))),
  };
}

/** A header block that does not end. */
function endless(name: string, limit: string, debug: string, pieces: Uint8Array[]): Attack {
  return {
    name,
    cve: ["CVE-2024-27316", "CVE-2023-45288"],
    limits: [limit],
    goaway: { code: ENHANCE_YOUR_CALM, debug },
    frames: HELLO_FRAMES + 1 + pieces.length,
    script: () => concat(hello(), frame(FRAME.HEADERS, 0, stream(0), ECHO), ...pieces),
  };
}

const continuation = (payload: Uint8Array = new Uint8Array()): Uint8Array =>
  frame(FRAME.CONTINUATION, 0, stream(0), payload);

export const HEADER_LISTS: Attack[] = [
  endless(
    "CONTINUATION flood",
    "MAX_CONTINUATION_FRAMES",
    "too_many_continuations",
    Array.from({ length: limits.MAX_CONTINUATION_FRAMES + 1 }, () => continuation()),
  ),
  endless(
    "CONTINUATION frames of full size",
    "MAX_HEADER_BLOCK_BYTES",
    "header_block_too_large",
    Array.from(
      { length: limits.MAX_HEADER_BLOCK_BYTES / limits.MAX_FRAME_BYTES },
      () => continuation(filled(limits.MAX_FRAME_BYTES, STATIC_FIELD)),
    ),
  ),
  bomb(
    "HPACK bomb: one table entry of 4 KiB, a thousand times",
    "CVE-2016-6581",
    "MAX_HEADER_LIST_BYTES",
    concat(ECHO, PLANTED, filled(1_000, NEWEST_FIELD)),
  ),
  bomb(
    "HPACK bomb: fields of one byte, 16,000 of them",
    "CVE-2026-49975",
    "MAX_HEADER_COUNT",
    concat(ECHO, filled(16_000, STATIC_FIELD)),
  ),
  bomb(
    "HPACK re-decoding: a name of 4 KiB, a thousand times",
    "CVE-2022-41723",
    "MAX_HEADER_LIST_BYTES",
    concat(ECHO, PLANTED_NAME, times(1_000, NEWEST_NAME)),
  ),
  bomb(
    "HPACK re-decoding: one Huffman string as long as a block may be",
    "CVE-2022-41723",
    "MAX_HEADER_LIST_BYTES",
    concat(ECHO, literal(0, NAME, filled(60_000, 0), 0x80)), // 96,000 times the letter 0, of 5 bits
  ),
  tooLarge(
    "header lists larger than announced, by size",
    "MAX_HEADER_LIST_BYTES",
    concat(ECHO, literal(0, NAME, filled(2 * limits.MAX_HEADER_LIST_BYTES - 1_000, 0x61))),
    2,
  ),
  tooLarge(
    "header lists larger than announced, by count",
    "MAX_HEADER_COUNT",
    concat(ECHO, times(2 * limits.MAX_HEADER_COUNT, literal(0, NAME, NAME))),
    1,
  ),
];
