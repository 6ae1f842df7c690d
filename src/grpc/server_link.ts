// What a call on the server needs of its connection.
// Types only: server_connection.ts is one.
import type { status } from "@grpc/grpc-js";
import type { Connection } from "../http2/mod.ts";
import type { Clock } from "./clock.ts";
import type { Peer } from "./conn.ts";
import type { DeadlineQueue } from "./deadline_queue.ts";
import type { HeldBytes } from "./held_bytes.ts";
import type { ServerCall } from "./server_call.ts";
import type { ServerObserver } from "./server_observer.ts";

export interface ServerLink {
  readonly peer: Peer;
  readonly connection: Connection;
  readonly clock: Clock;
  /** When the bytes at hand were read, on `clock`. */
  readonly turnMs: number;
  readonly deadlines: DeadlineQueue;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  /** What is held for this connection's peer. */
  readonly held: HeldBytes;
  /** Undefined: nobody counts. */
  readonly observer: ServerObserver | undefined;
  /** The peer's number at `observer`. */
  readonly transport: number;
  /** Decompression made so much more than usual: too much of it slows down the connection. */
  inflated(excessBytes: number): void;
  /** There is output: flush it at the end of this turn. */
  wake(): void;
  /** The call's status is known: forget it, tell the hook. */
  ended(call: ServerCall, code: status, error: unknown): void;
}
