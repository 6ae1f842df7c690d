// What a streaming handler sees: a node Duplex with the face of grpc-js's server calls, for all three kinds.
// Must never let an error of a handler's listener out: it becomes the call's status.
import { Duplex, type DuplexOptions } from "node:stream";
import { Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { CALL, giveServerSurface, type ServerSurface } from "./server_surface.ts";
import type { StreamCall } from "./stream_call.ts";
import { type CallStatus, OK_STATUS, statusFromError, statusFromThrown } from "./status.ts";

type Surface = ServerDuplexStream<unknown, unknown>;

/**
 * One message stays in the readable half at most: what waits beyond it stays encoded in the call,
 * where the stream's window bounds it.
 */
const READABLE_MESSAGES = 1;

/**
 * Responses that node queues behind one for which there is no room. Node's default of 16 would let a peer that
 * doesn't read pin 16 messages more on each stream, uncounted. At 1 each write would wait for a tick.
 */
const WRITABLE_MESSAGES = 2;

/** Options of node's streams that its types leave out. */
interface MissingOptions {
  readable: boolean;
  writable: boolean;
  captureRejections: boolean;
}

/** What giveServerSurface adds. */
export interface StreamSurface extends Omit<ServerSurface, typeof CALL> {}

export class StreamSurface extends Duplex {
  cancelled = false;
  /** Server streaming only: the one request. */
  request: unknown;
  readonly [CALL]: StreamCall;
  #trailers: Metadata | undefined;
  #ending: CallStatus = OK_STATUS;
  #endingError: unknown;

  constructor(call: StreamCall) {
    const { kind } = call.method;
    const options: DuplexOptions & MissingOptions = {
      objectMode: true,
      readable: kind !== "serverStream",
      writable: kind !== "clientStream",
      readableHighWaterMark: READABLE_MESSAGES,
      writableHighWaterMark: WRITABLE_MESSAGES,
      captureRejections: true,
    };
    super(options);
    this[CALL] = call;
  }

  /** Ends the responses; the argument is the trailing metadata, as in grpc-js. */
  // deno-lint-ignore no-explicit-any -- node's own overloads take anything
  override end(trailers?: any): this {
    if (trailers instanceof Metadata) this.#trailers = trailers;
    return super.end();
  }

  /**
   * 'error' is how a handler gives a status (`call.emit("error", {code, details})`), and what a listener
   * throws must not reach the event loop, where it would end the process.
   */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event === "error") {
      this.#fail(statusFromError(values[0]), values[0]);
      if (this.listenerCount("error") === 0) return true;
    }
    try {
      return super.emit(event, ...values);
    } catch (error) {
      this.#fail(statusFromThrown(error), error);
      return true;
    }
  }

  /** The handler threw or rejected. */
  thrown(error: unknown): void {
    this.#fail(statusFromThrown(error), error);
  }

  /** The call ended without the handler: the peer cancelled, the deadline passed, the connection ended. */
  cancel(): void {
    this.cancelled = true;
    this.emit("cancelled", "cancelled");
    this.destroy();
  }

  override _read(): void {
    this[CALL].read();
  }

  override _write(value: unknown, encoding: string, done: () => void): void {
    // grpc-js passes write flags in the place of the encoding.
    const flags = Number(encoding);
    this[CALL].write(value, Number.isNaN(flags) ? 0 : flags, done);
  }

  override _final(done: () => void): void {
    done();
    const metadata = this.#ending.metadata ?? this.#trailers;
    this[CALL].sendStatus(metadata ? { ...this.#ending, metadata } : this.#ending, this.#endingError);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // node destroys with an AbortError when a handler leaves `for await` early; that is no failure.
    const failure = error?.name === "AbortError" ? null : error;
    if (failure !== null) this[CALL].sendStatus(statusFromError(failure), failure);
    // A client-streaming handler may have read enough and still call back; without its writable half no other can.
    else if (this[CALL].method.kind !== "clientStream") {
      this[CALL].sendStatus({
        code: status.UNKNOWN,
        details: "The handler destroyed its call without a status",
      });
    }
    done(failure);
  }

  /** What was written before goes out first, then the status: as grpc-js. */
  #fail(ending: CallStatus, error: unknown): void {
    if (this[CALL].ended) return;
    this.#ending = ending;
    this.#endingError = error;
    if (this[CALL].method.kind === "clientStream" || this.destroyed || this.writableFinished) {
      this[CALL].sendStatus(ending, error);
    } else {
      super.end();
    }
  }
}

giveServerSurface(StreamSurface);
