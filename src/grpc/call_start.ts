// What a caller gives for a call, and what it is told of it.
// Types only: client_call.ts runs the call.
import type { Buffer } from "node:buffer";
import type { Metadata } from "@grpc/grpc-js";
import type { FullStatus } from "./client_status.ts";
import type { Encoding } from "./compression.ts";
import type { ParentCall } from "./parent_call.ts";

/** What a caller asks for. */
export interface CallStart {
  readonly path: string;
  readonly metadata?: Metadata;
  /** From now. */
  readonly deadlineMs?: number;
  readonly host?: string;
  readonly waitForReady?: boolean;
  /** Other than the channel's. */
  readonly encoding?: Encoding;
  /** The call on whose behalf this one is made: its deadline holds here too. */
  readonly parent?: ParentCall;
}

/** What a call tells. Called inside the connection's events: must not throw. */
export interface CallListener {
  onMetadata(metadata: Metadata): void;
  /** One for each `read()`. */
  onMessage(message: Buffer): void;
  /** The last one. */
  onStatus(ending: FullStatus): void;
}
