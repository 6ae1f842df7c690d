// What the server tells of the calls that are traced, and what their handlers may add.
// Types, and the way to a call's trace: src/telemetry/traces makes them. A call without one costs a comparison.
import type { status } from "@grpc/grpc-js";
import type { Peer } from "./conn.ts";

/** Chooses the calls that are traced. */
export interface CallTracer {
  /**
   * Decides on a call when its headers are there.
   * @param head the caller's own trace context, unread (W3C Trace Context)
   * @param startedMs on the server's clock
   * @param first whether it is the first call of its connection
   * @returns undefined: it isn't traced, and nothing was allocated for it
   */
  begin(
    method: string,
    peer: Peer,
    head: { readonly traceparent: string; readonly tracestate: string },
    startedMs: number,
    first: boolean,
  ): CallTrace | undefined;
}

/** One traced call. */
export interface CallTrace {
  /** A call that is made on its behalf begins. @param method `/package.Service/Method` */
  outgoing(method: string): OutgoingTrace;
  /** Once. @param endedMs on the server's clock */
  end(code: status, endedMs: number): void;
}

/** A call that was made on behalf of a traced one. */
export interface OutgoingTrace {
  /** For the request's metadata (W3C Trace Context). */
  readonly traceparent: string;
  readonly tracestate: string;
  /** Once. @param signer how long the signer says that its parts took, microseconds */
  end(code: status, signer?: { readonly queue_us: number; readonly sign_us: number }): void;
}

/** Under this key a call of this server holds its trace. */
export const TRACE = Symbol("trace");

/** The trace of a call that a handler serves; undefined for nearly all. */
export function traceOf(call: object): CallTrace | undefined {
  return (call as { readonly [TRACE]?: CallTrace })[TRACE];
}
