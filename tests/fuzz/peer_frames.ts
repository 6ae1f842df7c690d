// The peer's frames, right and wrong, from the fields of a step.
// Must never keep HPACK state: every field is a literal, so that a broken block spoils no later one.
import { Flag, FrameType } from "../../src/http2/frame.ts";
import { concat, frame, u32 } from "../../src/http2/testkit.ts";
import { writeLatin1 } from "../../src/http2/latin1.ts";

const repeat = (count: number, pair: string[]): string[] => Array.from({ length: count }, () => pair).flat();
const POST = [":method", "POST", ":scheme", "http", ":path", "/a.B/C", ":authority", "h"];
const GRPC = [...POST, "te", "trailers", "content-type", "application/grpc"];

/** What a client may send, then what it may not. */
const REQUESTS: string[][] = [
  GRPC,
  POST,
  [...GRPC, "grpc-timeout", "1S", "x-bin", "AAEC"],
  [...POST, "content-length", "5"],
  [":method", "HEAD", ":scheme", "http", ":path", "/"],
  [":method", "CONNECT", ":authority", "h:1"],
  [...POST, "cookie", "a=b", "cookie", "c=d", "x", "y".repeat(900)],
  [...POST, "content-length", "0"],
  [...POST, "x", "z".repeat(20_000)],
  [...POST, ...repeat(200, ["a", ""])],
  POST.slice(2),
  [...POST, "Upper", "x"],
  [...POST, "connection", "close"],
  [...POST, "te", "gzip"],
  [...POST, ":path", "/"],
  ["x", "y", ...POST],
];
const RESPONSES: string[][] = [
  [":status", "200", "content-type", "application/grpc"],
  [":status", "200"],
  [":status", "200", "content-length", "5"],
  [":status", "100"],
  [":status", "204"],
  [":status", "304", "content-length", "9"],
  ["grpc-status", "0"],
  ["grpc-status", "0", "x", "y".repeat(400)],
  [":status", "103", "link", "x"],
  [":status", "101"],
  [":status", "abc"],
  [":status", "200", "x", "z".repeat(20_000)],
  [],
  [":status", "200", ...repeat(200, ["a", ""])],
  [":method", "GET"],
  [":status", "404"],
];

/** @param list 0..15 the usual ones of this direction, 16..31 mostly the other direction's or trailers */
export function peerList(fromClient: boolean, list: number): string[] {
  const usual = fromClient ? REQUESTS : RESPONSES;
  if (list < 16) return usual[list];
  if (list < 24) return RESPONSES[list - 16 + 6] ?? [];
  return usual[list - 24];
}

/** Well-formed lists for the application: requests, responses, trailers. */
export const APP_REQUESTS: string[][] = REQUESTS.slice(0, 9);
export const APP_RESPONSES: string[][] = [...RESPONSES.slice(0, 9), RESPONSES[11], RESPONSES[15]];

/** HPACK literals; `form` chooses among without, with and never indexed. */
export function literals(headers: string[], form = 0): Uint8Array {
  const out: number[] = [];
  const text = (value: string) => {
    integer(out, value.length);
    const bytes = new Uint8Array(value.length);
    writeLatin1(value, bytes, 0);
    for (const byte of bytes) out.push(byte);
  };
  for (let i = 0; i < headers.length; i += 2) {
    out.push([0x00, 0x40, 0x10][(form + i / 2) % 3]);
    text(headers[i]);
    text(headers[i + 1]);
  }
  return Uint8Array.from(out);
}

function integer(out: number[], value: number): void {
  if (value < 0x7f) return void out.push(value);
  out.push(0x7f);
  let rest = value - 0x7f;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

/** A whole block on a stream. Bits of `form`: 1 padded, 2 with priority, 4 and 8 pieces, 16 depends on itself, 32 cut short, 64 never ends. */
export function headerFrames(id: number, block: Uint8Array, end: boolean, form: number): Uint8Array {
  let flags = end ? Flag.END_STREAM : 0;
  let before: number[] = [];
  let after = 0;
  if (form & 1) {
    flags |= Flag.PADDED;
    before = [7];
    after = 7;
  }
  if (form & 2) {
    flags |= Flag.PRIORITY;
    before = [...before, ...u32(form & 16 ? id : 0), 15];
  }
  const limit = Math.max(
    1,
    Math.min(16_000, form & 4 ? Math.ceil(block.length / (form & 8 ? 12 : 3)) : 16_000),
  );
  const parts: Uint8Array[] = [];
  let at = 0;
  do {
    const piece = [...block.subarray(at, at + limit)];
    at += limit;
    const last = at >= block.length ? Flag.END_HEADERS : 0;
    if (parts.length === 0) {
      const payload = [...before, ...piece, ...new Array<number>(after).fill(0)];
      parts.push(frame(FrameType.HEADERS, flags | last, id, form & 32 ? payload.slice(0, 3) : payload));
    } else if (!(form & 64 && last)) parts.push(frame(FrameType.CONTINUATION, last, id, piece));
  } while (at < block.length);
  return concat(...parts);
}

export function dataFrame(id: number, size: number, end: boolean, pad: number): Uint8Array {
  const flags = (end ? Flag.END_STREAM : 0) | (pad >= 0 ? Flag.PADDED : 0);
  const payload = new Uint8Array(size + (pad >= 0 ? 1 + pad : 0)).fill(size & 0xff);
  if (pad >= 0) payload[0] = pad;
  return frame(FrameType.DATA, flags, id, payload);
}

export function settingsFrame(pairs: [number, number][]): Uint8Array {
  return frame(FrameType.SETTINGS, 0, 0, pairs.flatMap(([id, value]) => [id >> 8, id & 0xff, ...u32(value)]));
}

/** One of the frames that floods are made of. `nextId` opens a stream. */
export function floodFrame(what: number, id: number, nextId: () => number): Uint8Array {
  switch (what) {
    case 0:
      return frame(FrameType.PING, 0, 0, new Uint8Array(8));
    case 1:
      return settingsFrame([]);
    case 2:
      return frame(FrameType.PRIORITY, 0, id || 1, [0, 0, 0, 0, 1]);
    case 3:
      return frame(FrameType.WINDOW_UPDATE, 0, 0, u32(1));
    case 4: {
      const opened = nextId();
      return concat(
        headerFrames(opened, literals(GRPC), true, 0),
        frame(FrameType.RST_STREAM, 0, opened, u32(8)),
      );
    }
    case 5:
      return dataFrame(id || 1, 0, false, -1);
    case 6:
      return frame(FrameType.PING, Flag.ACK, 0, new Uint8Array(8));
    case 7:
      return headerFrames(nextId(), literals(GRPC), true, 0);
    case 8:
      return frame(0x42, 0, 0, [1, 2, 3]);
    default:
      return concat(headerFrames(nextId(), literals(POST.slice(2)), true, 0));
  }
}
