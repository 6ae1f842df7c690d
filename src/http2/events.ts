// The vocabulary between the HTTP/2 engine and its user: header lists and events.
// Must never name a socket, a timer or a promise: events are plain synchronous calls.
import type { Http2Error } from "./errors.ts";
import { ENTRY_OVERHEAD_BYTES } from "./hpack_table.ts";

/**
 * Flat: name, value, name, value ... Names are lower-case, bytes are latin1. A list that the engine gave
 * (or was given) must not be changed afterwards: the same array may serve many calls.
 */
export type HeaderList = string[];

/** A list's size as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 section 6.5.2): 32 bytes more for each field. */
export function headerListBytes(headers: HeaderList): number {
  let bytes = (headers.length / 2) * ENTRY_OVERHEAD_BYTES;
  for (const text of headers) bytes += text.length;
  return bytes;
}

/** "initial": request or final response; "informational": 1xx; "trailers": after the body. */
export type HeadersKind = "initial" | "informational" | "trailers";

/** Called synchronously inside receive(), end() and tick(), and inside reset(), goaway() for local ends. */
export interface ConnectionEvents {
  /** A validated header section (RFC 9113 section 8). */
  onHeaders(streamId: number, headers: HeaderList, endStream: boolean, kind: HeadersKind): void;
  /** `data` is a view, valid only during the call. Give its bytes back with `Connection.consume`. */
  onData(streamId: number, data: Uint8Array, endStream: boolean): void;
  /**
   * The stream is gone: RST_STREAM came (`peer`), or the engine ended it (`local`): a peer's error, a
   * GOAWAY below it (REFUSED_STREAM: not processed, safe to retry), the connection's end (its error's
   * code, or CONNECTION_LOST at transport end). Not called for `Connection.reset`, nor for a stream
   * that ended normally.
   */
  onReset(streamId: number, code: number, by: "peer" | "local"): void;
  /** This stream's send queue fell under the low watermark after `sendData` returned false. */
  onWritable(streamId: number): void;
  /** The peer is going away. Streams above `lastStreamId` get `onReset(REFUSED_STREAM)` right after. */
  onGoaway(lastStreamId: number, code: number, debug: Uint8Array): void;
  /** The peer's settings changed (how many streams may be open, for example). */
  onSettings?(): void;
  /** The answer to `Connection.ping`. */
  onPong?(opaque: Uint8Array, nowMs: number): void;
  /** The peer pinged us; the engine has answered. For a keepalive policy that counts strikes. */
  onPing?(nowMs: number): void;
  /** A stream was ended for a peer's error, before its `onReset` (if it was ever announced): for logs. */
  onStreamError?(error: Http2Error): void;
  /** The connection is finished; every live stream got `onReset` first. Flush output, then close. */
  onClosed(error: Http2Error | undefined): void;
}
