// A unary call on the server, with the face that grpc-js gives to handlers.
// The hot path: no stream, no event emitter until a handler listens, metadata read at first use.
import type { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { type Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import type { Peer } from "./conn.ts";
import type { UnaryMethod } from "./method.ts";
import { PEER } from "./peer_of.ts";
import { ServerCall } from "./server_call.ts";
import { GrpcError, statusFromError, statusFromThrown } from "./status.ts";
import { isThenable } from "./thenable.ts";

type Surface = ServerUnaryCall<unknown, unknown>;

/** An EventEmitter whose constructor does nothing: node's `on` and `emit` make up for it at first use. */
const LazyEventEmitter = function () {} as unknown as new () => EventEmitter;
LazyEventEmitter.prototype = EventEmitter.prototype;

/** What the handler sees. */
class UnarySurface extends LazyEventEmitter {
  readonly #call: UnaryCall;

  constructor(call: UnaryCall, public request: unknown) {
    super();
    this.#call = call;
  }

  get cancelled(): boolean {
    return this.#call.cancelled;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get [PEER](): Peer {
    return this.#call.link.peer;
  }

  getPeer(): string {
    return this.#call.link.peer.address;
  }

  sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  getDeadline(): number {
    return this.#call.deadline;
  }

  getPath(): string {
    return this.#call.method.path;
  }

  getHost(): string {
    return this.#call.head.authority;
  }

  getAuthContext(): ReturnType<Surface["getAuthContext"]> {
    return {};
  }

  getMetricsRecorder(): ReturnType<Surface["getMetricsRecorder"]> {
    throw new GrpcError(status.UNIMPLEMENTED, "This server records no per-call cost metrics (ORCA)");
  }
}

export class UnaryCall extends ServerCall {
  declare readonly method: UnaryMethod;
  #message: Buffer | undefined;
  #received = false;
  #surface: UnarySurface | undefined;

  protected override onMessage(message: Buffer): void {
    if (this.#received) {
      throw new GrpcError(
        status.UNIMPLEMENTED,
        `Received a second request message for unary method ${this.method.path}`,
      );
    }
    this.#received = true;
    this.#message = message;
  }

  protected override get waitingBytes(): number {
    return this.#message === undefined ? 0 : this.#message.length;
  }

  protected override onHalfClose(): void {
    const message = this.#message;
    this.#message = undefined;
    if (message === undefined) {
      this.endWith({
        code: status.UNIMPLEMENTED,
        details: `Received no request message for unary method ${this.method.path}`,
      });
      return;
    }
    let request: unknown;
    try {
      request = this.deserialize(message);
    } catch (error) {
      this.endWith(statusFromError(error));
      return;
    }
    this.#surface = new UnarySurface(this, request);
    try {
      const result: unknown = this.method.handler(this.#surface as Surface, this.respond);
      if (isThenable(result)) result.then(undefined, (error) => this.#thrown(error));
    } catch (error) {
      this.#thrown(error);
    }
  }

  #thrown(error: unknown): void {
    this.sendStatus(statusFromThrown(error), error);
  }

  protected override onCancel(): void {
    try {
      this.#surface?.emit("cancelled", "cancelled");
    } catch (error) {
      this.#thrown(error);
    }
  }

  override onWritable(): void {}
}
