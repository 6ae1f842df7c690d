// Requests that make the agent reset them: MadeYouReset in each of its ways (CVE-2025-8671), and more streams than announced.
// Each is refused by name at once, and the connection ends when the refusals are too many.
import { ErrorCode } from "../../src/http2/mod.ts";
import * as limits from "../../src/http2/limits.ts";
import { concat, FRAME, frame, grpcRequest, headerBlock } from "../lib/raw_http2.ts";
import type { Attack } from "./attack.ts";
import {
  CALL,
  data,
  ECHO,
  END_STREAM,
  headers,
  hello,
  HELLO_FRAMES,
  LARGEST_WINDOW,
  selfDependent,
  stream,
  u32,
  windowUpdate,
} from "./pieces.ts";

/** Refusals that end a connection, with those that the clock forgives in the second that it may take. */
const TIMES = limits.STREAM_ERROR_BURST + limits.STREAM_ERRORS_PER_SECOND + 1;
/** The agent's streams at once, by default (docs/configuration.md). */
const STREAMS = 128;
const { PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, STREAM_CLOSED, REFUSED_STREAM } = ErrorCode;

interface Way {
  /** MadeYouReset by ... */
  by: string;
  code: number;
  /** The i-th wrong request, of `framesEach` frames. */
  piece: (i: number) => Uint8Array;
  framesEach: number;
  /** The frames that provoke the reset have a bound of their own, of the same size: either may be first. */
  or?: string;
  attackers?: number;
}

/** Each connection is good for as many signatures as it may have streams: real work, which is no attack on Echo. */
const SIGNING_ATTACKERS = 2;

const madeYouReset = ({ by, code, piece, framesEach, or, attackers }: Way): Attack => ({
  name: `MadeYouReset by ${by}`,
  cve: ["CVE-2025-8671"],
  limits: ["STREAM_ERROR_BURST", "STREAM_ERRORS_PER_SECOND"],
  goaway: {
    code: ErrorCode.ENHANCE_YOUR_CALM,
    debug: or ? new RegExp(`^(too_many_stream_errors|${or})$`) : "too_many_stream_errors",
  },
  refusal: { reset: code },
  attackers,
  frames: HELLO_FRAMES + TIMES * framesEach,
  script: () => concat(hello(), ...Array.from({ length: TIMES }, (_, i) => piece(i))),
});

const SIGN = grpcRequest("/crypto.CryptoService/Sign");
/** A whole call that takes the signer a while. */
const sign = (i: number): Uint8Array => concat(headers(i, SIGN), data(i, CALL, END_STREAM));
const withField = (name: string, value: string) => concat(ECHO, headerBlock([[name, value]]));
const SHORT_PRIORITY = Uint8Array.of(0);
const dependsOnItself = (i: number): Uint8Array => concat(u32(stream(i)), SHORT_PRIORITY);
const priority = (i: number, payload: Uint8Array) => frame(FRAME.PRIORITY, 0, stream(i), payload);

export const MADE_YOU_RESET: Attack[] = [
  {
    by: "WINDOW_UPDATE 0",
    code: PROTOCOL_ERROR,
    piece: (i: number) => concat(headers(i), windowUpdate(stream(i), 0)),
    framesEach: 2,
    or: "too_many_window_updates",
  },
  {
    by: "WINDOW_UPDATE 0 on a call that the signer works on",
    code: PROTOCOL_ERROR,
    piece: (i: number) => concat(sign(i), windowUpdate(stream(i), 0)),
    framesEach: 3,
    or: "too_many_window_updates",
    attackers: SIGNING_ATTACKERS,
  },
  {
    by: "a window above 2^31-1",
    code: FLOW_CONTROL_ERROR,
    piece: (i: number) => concat(headers(i), windowUpdate(stream(i), LARGEST_WINDOW)),
    framesEach: 2,
    or: "too_many_window_updates",
  },
  {
    by: "DATA after END_STREAM",
    code: STREAM_CLOSED,
    piece: (i: number) => concat(sign(i), data(i, CALL)),
    framesEach: 3,
    attackers: SIGNING_ATTACKERS,
  },
  {
    by: "HEADERS after END_STREAM",
    code: STREAM_CLOSED,
    piece: (i: number) => concat(sign(i), headers(i, ECHO, END_STREAM)),
    framesEach: 3,
    attackers: SIGNING_ATTACKERS,
  },
  {
    by: "a PRIORITY frame of another length",
    code: FRAME_SIZE_ERROR,
    piece: (i: number) => concat(headers(i), priority(i, SHORT_PRIORITY)),
    framesEach: 2,
    or: "too_many_priority_frames",
  },
  {
    by: "a PRIORITY frame that makes a stream depend on itself",
    code: PROTOCOL_ERROR,
    piece: (i: number) => concat(headers(i), priority(i, dependsOnItself(i))),
    framesEach: 2,
    or: "too_many_priority_frames",
  },
  {
    by: "HEADERS that depend on themselves",
    code: PROTOCOL_ERROR,
    piece: selfDependent,
    framesEach: 1,
  },
  {
    by: "a body longer than content-length",
    code: PROTOCOL_ERROR,
    piece: (i: number) => concat(headers(i, withField("content-length", "3")), data(i, CALL)),
    framesEach: 2,
  },
  {
    by: "a body shorter than content-length",
    code: PROTOCOL_ERROR,
    piece: (i: number) => concat(headers(i, withField("content-length", "99")), data(i, CALL, END_STREAM)),
    framesEach: 2,
  },
  {
    by: "a request without :path",
    code: PROTOCOL_ERROR,
    piece: (i: number) => headers(i, headerBlock([[":method", "POST"], [":scheme", "http"]])),
    framesEach: 1,
  },
  {
    by: "a field name in capitals",
    code: PROTOCOL_ERROR,
    piece: (i: number) => headers(i, withField("X-Loud", "1")),
    framesEach: 1,
  },
  {
    by: "trailers without END_STREAM",
    code: PROTOCOL_ERROR,
    piece: (i: number) => concat(headers(i), headers(i, headerBlock([["x", "y"]]))),
    framesEach: 2,
  },
].map(madeYouReset);

export const TOO_MANY_STREAMS: Attack = {
  name: "more than the advertised streams",
  limits: ["STREAM_ERROR_BURST", "STREAM_ERRORS_PER_SECOND"],
  goaway: { code: ErrorCode.ENHANCE_YOUR_CALM, debug: "too_many_stream_errors" },
  refusal: { reset: REFUSED_STREAM },
  frames: HELLO_FRAMES + STREAMS + TIMES,
  script: () => concat(hello(), ...Array.from({ length: STREAMS + TIMES }, (_, i) => headers(i))),
};
