// What stands between the gateway's transports (HTTP, gRPC-Web) and what they carry (REST, the page, metrics): calls of
// the agent's own server as bytes, and what a request's handler is given. Must never know of JSON or of a socket.
import type { Metadata } from "@grpc/grpc-js";
import type { Peer } from "../grpc/conn.ts";

/** A proof that came by HTTP: its signature is made over the request's line and body, not over a message. */
export interface HttpProof {
  /** An encoded gatehouse.v1.Proof. */
  readonly bytes: Uint8Array;
  /** What was signed as the path: "POST /v1/keys?x=y". */
  readonly target: string;
  /** SHA-256 of the body's bytes. */
  readonly digest: Uint8Array;
}

/** One call of the agent's own server. */
export interface GatewayCall {
  /** "/gatehouse.v1.Status/Get" */
  readonly path: string;
  /** The encoded request message. */
  readonly request: Uint8Array;
  readonly metadata?: Metadata;
  /** From now. */
  readonly deadlineMs?: number;
  /** Aborting it cancels the call: that of the HTTP request, which ends when its client goes. */
  readonly signal: AbortSignal;
  readonly proof?: HttpProof;
  /** The answer's headers. */
  readonly onMetadata?: (metadata: Metadata) => void;
  /** The trailers of a call that ended well; a GrpcError has them otherwise. */
  readonly onTrailers?: (metadata: Metadata) => void;
}

/** Calls as those of one HTTP connection's peer. Both end with GrpcError, whose metadata may hold grpc-status-details-bin. */
export interface GatewayCalls {
  /** The encoded response message. @throws GrpcError */
  unary(call: GatewayCall): Promise<Uint8Array>;
  /** Leaving the iteration cancels the call; reading on is the back pressure. @throws GrpcError while iterating */
  stream(call: GatewayCall): AsyncIterable<Uint8Array>;
}

/**
 * Hono's environment of every route. A request's body errors with a GrpcError when it is too large or too slow; its
 * signal is aborted when the client has gone.
 */
export interface GatewayEnv {
  Variables: {
    calls: GatewayCalls;
    peer: Peer;
  };
}
