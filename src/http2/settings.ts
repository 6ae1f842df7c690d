// SETTINGS (RFC 9113 section 6.5): what the peer asked for, and what we announce.
// Must never raise what we spend for the peer above limits.ts; only the peer's own costs are its choice.
import { ErrorCode } from "./errors.ts";
import { readU16, readU32, SETTING_BYTES } from "./frame.ts";
import {
  ASSUMED_PEER_STREAMS,
  DECODER_TABLE_BYTES,
  type Http2Config,
  INITIAL_WINDOW_BYTES,
  MAX_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  MIN_MAX_FRAME_BYTES,
} from "./limits.ts";

const HEADER_TABLE_SIZE = 0x1;
const ENABLE_PUSH = 0x2;
const MAX_CONCURRENT_STREAMS = 0x3;
export const INITIAL_WINDOW_SIZE = 0x4;
const MAX_FRAME_SIZE = 0x5;
const MAX_HEADER_LIST_SIZE = 0x6;

/** RFC 7541: what both sides start with. */
const DEFAULT_HEADER_TABLE_BYTES = 4_096;

/** The peer's settings as of its last SETTINGS frame. */
export class PeerSettings {
  headerTableBytes = DEFAULT_HEADER_TABLE_BYTES;
  /** The smallest table size in the last frame: one frame may name several (RFC 7541 section 4.2). */
  smallestTableBytes = DEFAULT_HEADER_TABLE_BYTES;
  maxConcurrentStreams = ASSUMED_PEER_STREAMS;
  initialWindowBytes = INITIAL_WINDOW_BYTES;
  maxFrameBytes = MIN_MAX_FRAME_BYTES;
  /** Advisory (section 6.5.2). */
  maxHeaderListBytes = Infinity;
  /** What was wrong, when apply gave an error. */
  problem = "";
  #received = false;

  /** Applies a whole frame. Returns an error code, 0 when all is well; `problem` says what it was. */
  apply(from: Uint8Array, start: number, end: number, byServer: boolean): number {
    if (!this.#received) this.maxConcurrentStreams = Infinity; // the first frame ends our assumption
    this.#received = true;
    this.smallestTableBytes = Infinity;
    for (let at = start; at < end; at += SETTING_BYTES) {
      const error = this.#one(readU16(from, at), readU32(from, at + 2), byServer);
      if (error !== 0) return error;
    }
    return 0;
  }

  #one(id: number, value: number, byServer: boolean): number {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        this.smallestTableBytes = Math.min(this.smallestTableBytes, value);
        return 0;
      case ENABLE_PUSH:
        if (value === 0 || (value === 1 && !byServer)) return 0;
        this.problem = "ENABLE_PUSH has a value it may not have";
        return ErrorCode.PROTOCOL_ERROR;
      case MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        return 0;
      case INITIAL_WINDOW_SIZE:
        if (value <= MAX_WINDOW_BYTES) {
          this.initialWindowBytes = value;
          return 0;
        }
        this.problem = "INITIAL_WINDOW_SIZE is above 2^31-1";
        return ErrorCode.FLOW_CONTROL_ERROR;
      case MAX_FRAME_SIZE:
        if (value >= MIN_MAX_FRAME_BYTES && value <= MAX_MAX_FRAME_BYTES) {
          this.maxFrameBytes = value;
          return 0;
        }
        this.problem = "MAX_FRAME_SIZE is outside 16384 .. 16777215";
        return ErrorCode.PROTOCOL_ERROR;
      case MAX_HEADER_LIST_SIZE:
        this.maxHeaderListBytes = value;
        return 0;
      default:
        return 0; // section 6.5.2: unknown settings are ignored
    }
  }
}

/** Our SETTINGS as identifier, value pairs. */
export function ownSettings(config: Http2Config, isServer: boolean): number[] {
  const settings = [
    INITIAL_WINDOW_SIZE,
    config.streamWindowBytes,
    MAX_FRAME_SIZE,
    config.maxFrameBytes,
    MAX_HEADER_LIST_SIZE,
    config.maxHeaderListBytes,
    HEADER_TABLE_SIZE,
    DECODER_TABLE_BYTES,
  ];
  // We never push, and a client says so; a server may not mention it (section 6.5.2).
  if (isServer) settings.push(MAX_CONCURRENT_STREAMS, config.maxConcurrentStreams);
  else settings.push(ENABLE_PUSH, 0);
  return settings;
}
