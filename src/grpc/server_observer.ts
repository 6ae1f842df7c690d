// What a server tells of its calls and connections as they happen, for metrics.
// Types only. Called inside a connection's events: an observer must not throw, wait or cost anything to speak of.
import type { Http2Error } from "../http2/mod.ts";
import type { Peer } from "./conn.ts";
import type { MethodKind } from "./method.ts";

export interface ServerObserver {
  /** Asked once for each method of each server; only paths of services that were added, so they are few. */
  method(path: string, kind: MethodKind): MethodObserver;
  /** For calls of what no service has, whatever path they name. */
  readonly unknown: MethodObserver;
  /** The number under which calls of such a peer are told; asked once a connection. */
  transport(peer: Peer): number;
  /** @param streams that are open on it, good until disconnected() */
  connected(transport: number, streams: OpenStreams): void;
  /** @param error why, if it didn't end well */
  disconnected(transport: number, streams: OpenStreams, error: Http2Error | undefined): void;
  /** A limit turned something away. @param limit its name: the word of the GOAWAY, or one of CallLimit */
  limited(limit: string): void;
}

/** What a connection is to an observer. */
export interface OpenStreams {
  readonly openStreams: number;
}

export interface MethodObserver {
  started(transport: number): void;
  /** One request message came. @param bytes of it, without its prefix, decompressed */
  received(transport: number, bytes: number): void;
  /** One response message was given to the connection. @param bytes of it, without its prefix, not compressed */
  sent(transport: number, bytes: number): void;
  /** Once for each started(). @param code the gRPC status */
  ended(transport: number, code: number, durationMs: number): void;
}

/** Limits of calls and messages: what no GOAWAY names. */
export const CallLimit = {
  /** What one connection, or all, may make the server hold (held_bytes.ts). */
  HELD_BYTES: "held_bytes",
  UNREAD_RESPONSES: "unread_responses",
  REQUEST_TOO_LARGE: "request_too_large",
  RESPONSE_TOO_LARGE: "response_too_large",
  REQUEST_TOO_SLOW: "request_too_slow",
  /** Reads of a connection pause for what its compressed messages became. */
  INFLATION: "inflation",
} as const;

/** What the gateway turns away by limits of HTTP (src/gateway/http). */
export const HttpLimit = {
  HEAD_TOO_LARGE: "http_head_too_large",
  HEAD_TOO_SLOW: "http_head_too_slow",
  PIPELINED: "http_too_many_pipelined",
} as const;

export type HttpLimit = typeof HttpLimit[keyof typeof HttpLimit];

export type CallLimit = typeof CallLimit[keyof typeof CallLimit];
