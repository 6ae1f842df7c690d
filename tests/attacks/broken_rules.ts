// One frame that no peer may send: the connection ends with it.
// Must stay short: what needs many frames is in floods.ts.
import { ErrorCode } from "../../src/http2/mod.ts";
import * as limits from "../../src/http2/limits.ts";
import { concat, frame } from "../lib/raw_http2.ts";
import type { Attack } from "./attack.ts";
import {
  data,
  ECHO,
  headers,
  hello,
  HELLO_FRAMES,
  INITIAL_WINDOW_SIZE,
  integer,
  LARGEST_WINDOW,
  settingsFrame,
  stream,
  windowUpdate,
} from "./pieces.ts";

interface Broken {
  name: string;
  cve?: string[];
  limits?: string[];
  code: number;
  debug: RegExp;
  frames: Uint8Array[];
}

const broken = ({ name, cve, limits = [], code, debug, frames }: Broken): Attack => ({
  name,
  cve,
  limits,
  goaway: { code, debug },
  frames: HELLO_FRAMES + frames.length,
  script: () => concat(hello(), ...frames),
});

/** A dynamic table size update (RFC 7541, section 6.3). */
const TABLE_ABOVE = Uint8Array.from(integer(limits.DECODER_TABLE_BYTES + 1, 0x20, 5));

export const BROKEN_RULES: Attack[] = [
  broken({
    name: "a frame larger than announced",
    limits: ["MAX_FRAME_BYTES"],
    code: ErrorCode.FRAME_SIZE_ERROR,
    debug: /^DATA of 16385 bytes is too large$/,
    frames: [headers(0), data(0, new Uint8Array(limits.MAX_FRAME_BYTES + 1))],
  }),
  broken({
    name: "a decoder's table larger than announced",
    limits: ["DECODER_TABLE_BYTES"],
    code: ErrorCode.COMPRESSION_ERROR,
    debug: /^table size update above our setting$/,
    frames: [headers(0, concat(TABLE_ABOVE, ECHO))],
  }),
  broken({
    name: "a connection window above 2^31-1",
    limits: ["MAX_WINDOW_BYTES"],
    code: ErrorCode.FLOW_CONTROL_ERROR,
    debug: /window went above/,
    frames: [windowUpdate(0, LARGEST_WINDOW)],
  }),
  broken({
    name: "SETTINGS that take a stream's window above 2^31-1",
    limits: ["MAX_WINDOW_BYTES"],
    code: ErrorCode.FLOW_CONTROL_ERROR,
    debug: /above 2\^31-1/,
    frames: [headers(0), windowUpdate(stream(0), 1), settingsFrame(INITIAL_WINDOW_SIZE, LARGEST_WINDOW)],
  }),
  broken({
    name: "a promise of a stream",
    code: ErrorCode.PROTOCOL_ERROR,
    debug: /^PUSH_PROMISE/,
    frames: [headers(0), frame(5, 4, stream(0), concat(new Uint8Array(4), ECHO))],
  }),
];
