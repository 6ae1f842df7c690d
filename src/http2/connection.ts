// One HTTP/2 connection (RFC 9113) as a state machine: bytes and a time go in, events and bytes come out.
// Must never touch a socket, a timer or a promise, and never throw for what a peer sends.
import { Http2Error } from "./errors.ts";
import type { ConnectionEvents, HeaderList } from "./events.ts";
import type { Http2Config } from "./limits.ts";

export type { ConnectionEvents, HeaderList, HeadersKind } from "./events.ts";
export type { Http2Config } from "./limits.ts";

export type Role = "server" | "client";

/* Signatures first; the bodies follow in the next commits. */
export declare class Connection {
  constructor(role: Role, config: Partial<Http2Config>, events: ConnectionEvents, nowMs: number);
  /** Takes what the transport read, split anywhere. Never throws on peer input. */
  receive(bytes: Uint8Array, nowMs: number): void;
  /** The transport ended or failed. */
  end(nowMs: number): void;
  /** Runs time-based limits. */
  tick(nowMs: number): void;
  /** Milliseconds until `tick` has something to do, undefined when nothing is timed. */
  nextTimeoutMs(nowMs: number): number | undefined;
  /**
   * The next bytes to write, undefined when there are none. Everything that is ready is packed into one
   * array. It is valid until the next call of takeOutput, so write it out before asking again.
   */
  takeOutput(maxBytes?: number): Uint8Array | undefined;
  /** After the output is flushed, close the transport. */
  readonly wantsClose: boolean;
  /** Set before the last onReset calls: why the connection ended; undefined while it lives or after a clean end. */
  readonly error: Http2Error | undefined;
  /** True from the moment the connection is finished (before the last onReset calls). */
  readonly closed: boolean;
  /** Client: opens a stream. -1 if none may be opened now. */
  request(headers: HeaderList, endStream: boolean): number;
  readonly canOpenStream: boolean;
  /** Response, informational response (1xx `:status`) or trailers. */
  sendHeaders(streamId: number, headers: HeaderList, endStream: boolean): void;
  /** False: back off until onWritable. Takes ownership of `data`. */
  sendData(streamId: number, data: Uint8Array, endStream: boolean): boolean;
  /** Gives received body bytes back to the peer's windows. */
  consume(streamId: number, bytes: number): void;
  reset(streamId: number, code: number): void;
  /** `opaque` is 8 bytes. */
  ping(opaque: Uint8Array): void;
  goaway(code: number, debug?: string): void;
  readonly openStreams: number;
}
