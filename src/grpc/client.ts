// Calls for the product's own code: promises and async iteration, nothing of grpc-js's stubs.
// Must never leave a call running that nobody waits for: leaving the iteration cancels it.
import type { Buffer } from "node:buffer";
import { type Metadata, propagate, status } from "@grpc/grpc-js";
import type { Channel } from "./channel.ts";
import type { CallListener } from "./call_start.ts";
import type { ClientCall } from "./client_call.ts";
import type { FullStatus } from "./client_status.ts";
import type { Encoding } from "./compression.ts";
import { followParent, PARENT_CANCELLED, type ParentCall } from "./parent_call.ts";
import { GrpcError } from "./status.ts";

export { GrpcError } from "./status.ts";

/** What a call needs of a method definition: that of grpc-js and proto-loader has it. */
export interface ClientMethod<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Uint8Array;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export interface CallOptions {
  readonly metadata?: Metadata;
  /** From now; DEADLINE_EXCEEDED after it. */
  readonly deadlineMs?: number;
  /** Aborting it cancels the call. */
  readonly signal?: AbortSignal;
  /** Waits while no address answers, instead of failing with UNAVAILABLE. */
  readonly waitForReady?: boolean;
  /** The server call on whose behalf this one is made: the rest of its deadline and its cancellation hold here. */
  readonly parent?: ParentCall;
  /** What the request is compressed with. Default: as the channel. */
  readonly encoding?: Encoding;
  /** The response's headers. */
  readonly onMetadata?: (metadata: Metadata) => void;
  /** The trailers of a call that ended well; a GrpcError has them otherwise. */
  readonly onTrailers?: (metadata: Metadata) => void;
}

/**
 * One request, one response.
 * @throws GrpcError whatever ends the call other than OK
 */
export async function unary<Request, Response>(
  channel: Channel,
  method: ClientMethod<Request, Response>,
  request: Request,
  options: CallOptions = {},
): Promise<Response> {
  const call = new StreamingCall(channel, method, options);
  call.sendOnly(request);
  return await single(call);
}

/** One request, many responses. Leaving the loop cancels the call. @throws GrpcError while iterating */
export function serverStream<Request, Response>(
  channel: Channel,
  method: ClientMethod<Request, Response>,
  request: Request,
  options: CallOptions = {},
): AsyncIterable<Response> {
  const call = new StreamingCall(channel, method, options);
  call.sendOnly(request);
  return call;
}

/** Many requests, one response. The server may answer before it has them all. @throws GrpcError */
export async function clientStream<Request, Response>(
  channel: Channel,
  method: ClientMethod<Request, Response>,
  requests: Iterable<Request> | AsyncIterable<Request>,
  options: CallOptions = {},
): Promise<Response> {
  const call = new StreamingCall(channel, method, options);
  // Not awaited: the server may answer while the source still thinks. It never rejects.
  void sendAll(call, requests);
  return await single(call);
}

/** Many of both, at will. */
export function bidi<Request, Response>(
  channel: Channel,
  method: ClientMethod<Request, Response>,
  options: CallOptions = {},
): StreamingCall<Request, Response> {
  return new StreamingCall(channel, method, options);
}

/** A call with both halves open: `send` and `halfClose` on one side, async iteration on the other. */
export class StreamingCall<Request, Response> implements AsyncIterable<Response>, CallListener {
  readonly #call: ClientCall;
  readonly #inbox: Response[] = [];
  #ending: FullStatus | undefined;
  #wake: (() => void) | undefined;
  #abort: (() => void) | undefined;
  #unfollow: (() => void) | undefined;

  constructor(
    channel: Channel,
    private readonly method: ClientMethod<Request, Response>,
    private readonly options: CallOptions,
  ) {
    this.#call = channel.start({ path: method.path, ...options }, this);
    const { signal, parent } = options;
    if (this.#ending !== undefined) return;
    if (parent !== undefined) {
      this.#unfollow = followParent(parent, propagate.DEFAULTS, () => this.cancel(PARENT_CANCELLED));
    }
    if (signal === undefined) return;
    const abort = () => this.cancel();
    this.#abort = abort;
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  }

  /** True once the status is here; what came before may still be unread. */
  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /**
   * Ready when the next may be sent: awaiting it is the back pressure. After the end it goes nowhere. What can't
   * be serialized ends the call with INTERNAL.
   */
  send(request: Request): Promise<void> {
    return new Promise((sent) => {
      const message = this.#serialize(request);
      if (message === undefined) sent();
      else this.#call.send(message, 0, sent);
    });
  }

  /** The only message, with the end of the request. */
  sendOnly(request: Request): void {
    const message = this.#serialize(request);
    if (message !== undefined) this.#call.sendLast(message);
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  cancel(details = "Cancelled on client"): void {
    this.#call.cancel(status.CANCELLED, details);
  }

  /**
   * The next response, undefined after the last. One at a time.
   * @throws GrpcError when the call ended other than OK
   */
  async next(): Promise<Response | undefined> {
    if (this.#wake !== undefined) throw new TypeError("next() is waiting already: one reader for a call");
    if (this.#inbox.length === 0 && this.#ending === undefined) {
      const arrival = new Promise<void>((resolve) => this.#wake = resolve);
      this.#call.read();
      await arrival;
      this.#wake = undefined;
    }
    if (this.#inbox.length > 0) return this.#inbox.shift();
    const { code, details, metadata } = this.#ending as FullStatus;
    if (code === status.OK) return undefined;
    throw new GrpcError(code, details, metadata);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Response> {
    try {
      for (let one = await this.next(); one !== undefined; one = await this.next()) yield one;
    } finally {
      this.cancel();
    }
  }

  onMetadata(metadata: Metadata): void {
    this.#tell(this.options.onMetadata, metadata);
  }

  onMessage(message: Buffer): void {
    try {
      this.#inbox.push(this.method.responseDeserialize(message));
    } catch (error) {
      this.#call.cancel(
        status.INTERNAL,
        `Response message parsing error: ${error instanceof Error ? error.message : error}`,
      );
    }
    this.#wake?.();
  }

  onStatus(ending: FullStatus): void {
    this.#ending = ending;
    this.#unfollow?.();
    if (this.#abort !== undefined) this.options.signal?.removeEventListener("abort", this.#abort);
    if (ending.code === status.OK) this.#tell(this.options.onTrailers, ending.metadata);
    this.#wake?.();
  }

  /** Undefined: the call has ended for it. */
  #serialize(request: Request): Uint8Array | undefined {
    try {
      return this.method.requestSerialize(request);
    } catch (error) {
      this.#call.cancel(
        status.INTERNAL,
        `Request message serialization failure: ${error instanceof Error ? error.message : error}`,
      );
      return undefined;
    }
  }

  #tell(hook: ((metadata: Metadata) => void) | undefined, metadata: Metadata): void {
    try {
      hook?.(metadata);
    } catch (error) {
      this.cancel(`A metadata hook failed: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function single<Request, Response>(call: StreamingCall<Request, Response>): Promise<Response> {
  const response = await call.next();
  if (response === undefined) throw new GrpcError(status.UNIMPLEMENTED, "No message received");
  if (await call.next() === undefined) return response;
  call.cancel();
  throw new GrpcError(status.UNIMPLEMENTED, "Too many responses received");
}

/** Never rejects: a source that fails cancels the call, whose status tells it. */
async function sendAll<Request, Response>(
  call: StreamingCall<Request, Response>,
  requests: Iterable<Request> | AsyncIterable<Request>,
): Promise<void> {
  try {
    for await (const request of requests) {
      if (call.ended) return;
      await call.send(request);
    }
    call.halfClose();
  } catch (error) {
    call.cancel(`The request source failed: ${error instanceof Error ? error.message : error}`);
  }
}
