// A streaming call on the server: joins the wire half with the node stream that the handler sees.
// Must never hold more undelivered messages than the stream's window and one more.
import type { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import type { StreamHandler, StreamMethod } from "./method.ts";
import { ServerCall } from "./server_call.ts";
import { GrpcError, statusFromError } from "./status.ts";
import { StreamSurface } from "./stream_surface.ts";
import { isThenable } from "./thenable.ts";

export class StreamCall extends ServerCall {
  declare readonly method: StreamMethod;
  #surface: StreamSurface | undefined;
  /** Whole messages that the handler hasn't asked for yet. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Of the message that the handler's stream holds, or of the one request of a server-streaming call. */
  #givenBytes = 0;
  #wanted = false;
  #pushingEnd = false;
  #written: (() => void) | undefined;
  #request: { readonly value: unknown } | undefined;

  /** Starts the handler of a kind that streams requests; the server-streaming kind waits for its request. */
  start(): void {
    if (this.method.kind !== "serverStream") this.#run(new StreamSurface(this));
  }

  protected override get backlogged(): boolean {
    return this.#waiting.length > 0;
  }

  protected override get messageBytes(): number {
    return this.#waitingBytes + this.#givenBytes;
  }

  protected override onMessage(message: Buffer): void {
    if (this.method.kind === "serverStream") {
      if (this.#request !== undefined) {
        throw new GrpcError(
          status.UNIMPLEMENTED,
          `Received a second request message for server streaming method ${this.method.path}`,
        );
      }
      this.#request = { value: this.deserialize(message) };
      this.#givenBytes = message.length;
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    if (this.#wanted) this.#deliver();
  }

  protected override onHalfClose(): void {
    if (this.method.kind !== "serverStream") {
      this.#deliver();
    } else if (this.#request === undefined) {
      this.endWith({
        code: status.UNIMPLEMENTED,
        details: `Received no request message for server streaming method ${this.method.path}`,
      });
    } else {
      const surface = new StreamSurface(this);
      surface.request = this.#request.value;
      this.#run(surface);
    }
  }

  protected override onCancel(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = this.#givenBytes = 0;
    this.#surface?.cancel();
    this.onWritable();
  }

  override onWritable(): void {
    this.blocked = false;
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  /** The handler's stream has room for a message. */
  read(): void {
    this.#wanted = true;
    this.#givenBytes = 0;
    this.#deliver();
    this.account();
    this.giveBack();
  }

  /** One message of the handler's; `done` when the next may come. After the end it goes nowhere. */
  write(value: unknown, flags: number, done: () => void): void {
    if (this.sendMessage(value, flags)) done();
    else this.#written = done;
  }

  #deliver(): void {
    const surface = this.#surface;
    if (surface === undefined || this.ended) return;
    while (this.#wanted && this.#waiting.length > 0) {
      const bytes = this.#waiting.shift() as Buffer;
      this.#waitingBytes -= bytes.length;
      this.#givenBytes = bytes.length;
      let message: unknown;
      try {
        message = this.deserialize(bytes);
      } catch (error) {
        this.endWith(statusFromError(error));
        return;
      }
      this.#wanted = surface.push(message);
    }
    if (this.requestEnded && this.#waiting.length === 0 && !this.#pushingEnd) {
      this.#pushingEnd = true;
      surface.push(null);
    }
  }

  #run(surface: StreamSurface): void {
    this.#surface = surface;
    try {
      const handler: StreamHandler = this.method.handler;
      const result = handler(surface as unknown as Parameters<StreamHandler>[0], this.respond);
      if (isThenable(result)) result.then(undefined, (error) => surface.thrown(error));
    } catch (error) {
      surface.thrown(error);
    }
  }
}
