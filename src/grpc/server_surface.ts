// The part of grpc-js's server calls that unary and streaming handlers see alike. The two have different
// bases (a bare emitter, a node Duplex), so it is given to their prototypes instead of inherited.
import { type Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { type CallTrace, TRACE } from "./call_trace.ts";
import type { Peer } from "./conn.ts";
import { PEER } from "./peer_of.ts";
import type { ServerCall } from "./server_call.ts";
import { GrpcError } from "./status.ts";

type Surface = ServerUnaryCall<unknown, unknown>;

/** Where a surface has the call that it is the face of. */
export const CALL = Symbol("call");

export class ServerSurface {
  declare readonly [CALL]: ServerCall;

  get metadata(): Metadata {
    return this[CALL].metadata;
  }

  get [PEER](): Peer {
    return this[CALL].link.peer;
  }

  get [TRACE](): CallTrace | undefined {
    return this[CALL].trace;
  }

  getPeer(): string {
    return this[CALL].link.peer.address;
  }

  sendMetadata(metadata: Metadata): void {
    this[CALL].sendMetadata(metadata);
  }

  getDeadline(): number {
    return this[CALL].deadline;
  }

  getPath(): string {
    return this[CALL].method.path;
  }

  getHost(): string {
    return this[CALL].head.authority;
  }

  getAuthContext(): ReturnType<Surface["getAuthContext"]> {
    return {};
  }

  getMetricsRecorder(): ReturnType<Surface["getMetricsRecorder"]> {
    throw new GrpcError(status.UNIMPLEMENTED, "This server records no per-call cost metrics (ORCA)");
  }
}

/** Gives a class what ServerSurface has; its type says so by an interface of the same name. */
export function giveServerSurface(target: { readonly prototype: object }): void {
  const { constructor: _own, ...shared } = Object.getOwnPropertyDescriptors(ServerSurface.prototype);
  Object.defineProperties(target.prototype, shared);
}
