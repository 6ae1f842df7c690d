// One call as a ClientCompatRequest describes it, and what became of it.
// Must go on after a cancellation as if there had been none: what the client tells then is the point.
import type { Metadata } from "@grpc/grpc-js";
import { type CallOptions, type ClientMethod, GrpcError } from "../../../src/grpc/client.ts";
import type { Caller } from "./caller.ts";
import {
  type ClientCompatRequest,
  type ClientResponseResult,
  type MessageType,
  methods,
  type PayloadResponse,
  STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM,
  types,
  unpackAny,
} from "./messages.ts";
import { fromGrpcError, toHeaders, toMetadata } from "./metadata.ts";
import { sleep } from "./sleep.ts";

/** @throws Error when the request itself can't be followed, never for what the call ended with */
export async function call(caller: Caller, request: ClientCompatRequest): Promise<ClientResponseResult> {
  const one = new Call(caller, request);
  try {
    await one.run();
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    one.result.error = fromGrpcError(error);
    one.result.response_trailers = toHeaders(error.metadata);
  }
  return one.result;
}

class Call {
  readonly result: ClientResponseResult = { payloads: [] };
  readonly #abort = new AbortController();
  readonly #options: CallOptions;

  constructor(private readonly caller: Caller, private readonly request: ClientCompatRequest) {
    this.#options = {
      metadata: toMetadata(request.request_headers),
      deadlineMs: request.timeout_ms,
      signal: this.#abort.signal,
      onMetadata: (metadata: Metadata) => this.result.response_headers = toHeaders(metadata),
      onTrailers: (metadata: Metadata) => this.result.response_trailers = toHeaders(metadata),
    };
  }

  run(): Promise<void> {
    switch (this.request.method) {
      case "Unary":
        return this.#unary(methods.Unary, types.UnaryRequest);
      case "IdempotentUnary":
        return this.#unary(methods.IdempotentUnary, types.IdempotentUnaryRequest);
      case "Unimplemented":
        return this.#unary(methods.Unimplemented, types.UnimplementedRequest);
      case "ServerStream":
        return this.#serverStream();
      case "ClientStream":
        return this.#clientStream();
      case "BidiStream":
        return this.#bidiStream();
      default:
        throw new TypeError(`ConformanceService has no method ${this.request.method}`);
    }
  }

  async #unary<Request>(method: ClientMethod<Request, PayloadResponse>, type: MessageType<Request>) {
    const request = this.#onlyMessage(type);
    this.#cancelAfterCloseSend();
    this.#received(await this.caller.unary(method, request, this.#options));
  }

  async #serverStream() {
    const request = this.#onlyMessage(types.ServerStreamRequest);
    const responses = this.caller.serverStream(methods.ServerStream, request, this.#options);
    this.#cancelAfterCloseSend();
    for await (const response of responses) this.#received(response);
  }

  async #clientStream() {
    const requests = this.#messages(types.ClientStreamRequest);
    this.result.num_unsent_requests = requests.length;
    const source = async function* (this: Call) {
      for (const request of requests) {
        await sleep(this.request.request_delay_ms);
        yield request;
        (this.result.num_unsent_requests as number)--;
      }
      this.#cancelBeforeCloseSend();
      this.#cancelAfterCloseSend();
    };
    this.#received(await this.caller.clientStream(methods.ClientStream, source.call(this), this.#options));
  }

  async #bidiStream() {
    const requests = this.#messages(types.BidiStreamRequest);
    const fullDuplex = this.request.stream_type === STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM;
    const stream = this.caller.bidi(methods.BidiStream, this.#options);
    this.result.num_unsent_requests = requests.length;
    for (const request of requests) {
      await sleep(this.request.request_delay_ms);
      if (stream.ended) break;
      await stream.send(request);
      this.result.num_unsent_requests--;
      if (!fullDuplex) continue;
      const response = await stream.next();
      if (response === undefined) return;
      this.#received(response);
    }
    this.#cancelBeforeCloseSend();
    stream.halfClose();
    this.#cancelAfterCloseSend();
    for await (const response of stream) this.#received(response);
  }

  #received({ payload }: PayloadResponse): void {
    // Absent in the answer of Unimplemented, and in an empty message.
    this.result.payloads.push(payload ?? {});
    if (this.result.payloads.length === this.request.cancel?.after_num_responses) this.#abort.abort();
  }

  #cancelBeforeCloseSend(): void {
    if (this.request.cancel?.before_close_send !== undefined) this.#abort.abort();
  }

  /** Also when no time is named: that means at once. */
  #cancelAfterCloseSend(): void {
    const { cancel } = this.request;
    if (!cancel || cancel.before_close_send !== undefined || cancel.after_num_responses !== undefined) return;
    setTimeout(() => this.#abort.abort(), cancel.after_close_send_ms ?? 0);
  }

  #messages<Request>(type: MessageType<Request>): Request[] {
    return (this.request.request_messages ?? []).map((any) => unpackAny(type, any));
  }

  #onlyMessage<Request>(type: MessageType<Request>): Request {
    const messages = this.#messages(type);
    if (messages.length !== 1) {
      throw new TypeError(`${this.request.method} takes one request, here are ${messages.length}`);
    }
    return messages[0];
  }
}
