// The body of one request: counted, bounded, read when somebody asks for it.
// Must never hold more than its limit, nor more than all requests together may.
import type { IncomingMessage } from "node:http";
import { status } from "@grpc/grpc-js";
import { HELD_TOO_MUCH, type HeldBytes } from "../../grpc/held_bytes.ts";
import { CallLimit } from "../../grpc/server_observer.ts";
import { GrpcError } from "../../grpc/status.ts";

export interface RequestBodyOptions {
  readonly limitBytes: number;
  readonly held: HeldBytes;
  readonly limited: (limit: string) => void;
  /** Somebody wants the body: tells the client so that waits for it (Expect: 100-continue). */
  readonly onWanted: () => void;
}

export class RequestBody {
  /** Somebody waits for bytes of the client. */
  waiting = false;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #heldBytes = 0;
  #wanted = false;

  constructor(private readonly message: IncomingMessage, private readonly options: RequestBodyOptions) {
    this.#chunks = message.iterator({ destroyOnReturn: false });
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => this.#pull(controller);
    this.stream = new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** What was held of it is given back: its request is answered. */
  release(): void {
    this.options.held.holdRequest(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.waiting = true;
    try {
      const chunk = await this.#next();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    } catch (error) {
      controller.error(error);
    } finally {
      this.waiting = false;
    }
  }

  /** @throws GrpcError */
  async #next(): Promise<Uint8Array | undefined> {
    this.#checkAnnounced();
    const { done, value } = await this.#chunks.next().catch(() => {
      throw new GrpcError(status.CANCELLED, "the client went before its request was whole");
    });
    if (done === true) return undefined;
    if (this.#heldBytes + value.length > this.options.limitBytes) throw this.#tooLarge();
    if (!this.options.held.holdRequest(value.length)) {
      this.options.limited(CallLimit.HELD_BYTES);
      throw new GrpcError(status.RESOURCE_EXHAUSTED, HELD_TOO_MUCH);
    }
    this.#heldBytes += value.length;
    return value;
  }

  /** Once, and before the client is told to send it. */
  #checkAnnounced(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (Number(this.message.headers["content-length"] ?? 0) > this.options.limitBytes) throw this.#tooLarge();
    this.options.onWanted();
  }

  #tooLarge(): GrpcError {
    this.options.limited(CallLimit.REQUEST_TOO_LARGE);
    return new GrpcError(
      status.RESOURCE_EXHAUSTED,
      `the request's body is larger than ${this.options.limitBytes} bytes; send less at once`,
    );
  }
}
