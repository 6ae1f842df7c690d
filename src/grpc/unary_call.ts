// A unary call on the server, with the face that grpc-js gives to handlers.
// The hot path: no stream, no event emitter until a handler listens, metadata read at first use.
import type { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { type ServerUnaryCall, status } from "@grpc/grpc-js";
import type { UnaryMethod } from "./method.ts";
import { ServerCall } from "./server_call.ts";
import { CALL, giveServerSurface, type ServerSurface } from "./server_surface.ts";
import { GrpcError, statusFromError, statusFromThrown } from "./status.ts";
import { isThenable } from "./thenable.ts";

type Surface = ServerUnaryCall<unknown, unknown>;

/** An EventEmitter whose constructor does nothing: node's `on` and `emit` make up for it at first use. */
const LazyEventEmitter = function () {} as unknown as new () => EventEmitter;
LazyEventEmitter.prototype = EventEmitter.prototype;

/** What giveServerSurface adds. */
interface UnarySurface extends Omit<ServerSurface, typeof CALL> {}

/** What the handler sees. */
class UnarySurface extends LazyEventEmitter {
  readonly [CALL]: UnaryCall;

  constructor(call: UnaryCall, public request: unknown) {
    super();
    this[CALL] = call;
  }

  get cancelled(): boolean {
    return this[CALL].cancelled;
  }
}

giveServerSurface(UnarySurface);

export class UnaryCall extends ServerCall {
  declare readonly method: UnaryMethod;
  #message: Buffer | undefined;
  /** Of the request: they count until the handler has ended, since what it decoded is a view of them. */
  #messageBytes = 0;
  #received = false;
  #surface: UnarySurface | undefined;
  /** The call is over, its handler runs on: it keeps its place among the connection's streams. */
  #outlived = false;

  protected override onMessage(message: Buffer): void {
    if (this.#received) {
      throw new GrpcError(
        status.UNIMPLEMENTED,
        `Received a second request message for unary method ${this.method.path}`,
      );
    }
    this.#received = true;
    this.#message = message;
    this.#messageBytes = message.length;
  }

  protected override get messageBytes(): number {
    return this.#messageBytes;
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
      if (isThenable(result)) result.then(() => this.#handlerEnded(), (error) => this.#thrown(error));
    } catch (error) {
      this.#thrown(error);
    }
  }

  #thrown(error: unknown): void {
    this.sendStatus(statusFromThrown(error), error);
    this.#handlerEnded();
  }

  /** A handler that listens for the end is done with it; any other runs until it answers. */
  protected override onCancel(): void {
    if (this.#surface === undefined) return;
    try {
      if (this.#surface.emit("cancelled", "cancelled")) return;
    } catch (error) {
      return this.#thrown(error);
    }
    this.#outlived = true;
    this.link.connection.holdSlot();
    this.link.held.keepRequest(this.#messageBytes);
  }

  protected override onLateAnswer(): void {
    this.#handlerEnded();
  }

  #handlerEnded(): void {
    if (!this.#outlived) return;
    this.#outlived = false;
    this.link.connection.releaseSlot();
    this.link.held.keepRequest(-this.#messageBytes);
  }

  override onWritable(): void {}
}
