// Calls by grpc-js's own client code over our channel, as generated stubs make them.
// Must never add to what grpc-js tells: only its events and callbacks become promises.
import { Buffer } from "node:buffer";
import {
  type CallOptions as StubOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
  status,
  type StatusObject,
} from "@grpc/grpc-js";
import type { Channel } from "../../../src/grpc/channel.ts";
import { type CallOptions, type ClientMethod, GrpcError } from "../../../src/grpc/client.ts";
import type { Caller, OpenCall } from "./caller.ts";

export function stubCaller(channel: Channel): Caller {
  const client = new Client("unused", credentials.createInsecure(), { channelOverride: channel });
  return {
    unary: (method, request, options) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(
          ...wire(method),
          request,
          metadataOf(options),
          stubOptions(options),
          settle(resolve, reject),
        );
        follow(call, options);
      }),

    serverStream: (method, request, options) => {
      const call = client.makeServerStreamRequest(
        ...wire(method),
        request,
        metadataOf(options),
        stubOptions(options),
      );
      return new Responses(call, options);
    },

    clientStream: (method, requests, options) =>
      new Promise((resolve, reject) => {
        const call = client.makeClientStreamRequest(
          ...wire(method),
          metadataOf(options),
          stubOptions(options),
          settle(resolve, reject),
        );
        let ended = false;
        call.on("status", () => ended = true);
        follow(call, options);
        (async () => {
          for await (const request of requests) {
            if (ended) return;
            await new Promise<void>((sent) => call.write(request, () => sent()));
          }
          call.end();
        })().catch(reject);
      }),

    bidi: (method, options) =>
      new Duplex(
        client.makeBidiStreamRequest(...wire(method), metadataOf(options), stubOptions(options)),
        options,
      ),
  };
}

/** Path, serializer, deserializer: how grpc-js's calls begin. */
function wire<Req, Res>({ path, requestSerialize, responseDeserialize }: ClientMethod<Req, Res>) {
  const serialize = (value: Req) => Buffer.from(requestSerialize(value));
  return [path, serialize, responseDeserialize] as const;
}

const metadataOf = ({ metadata }: CallOptions) => metadata ?? new Metadata();

const stubOptions = ({ deadlineMs }: CallOptions): StubOptions =>
  deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };

const asGrpcError = ({ code, details, metadata }: ServiceError) => new GrpcError(code, details, metadata);

const settle =
  <Res>(resolve: (value: Res) => void, reject: (error: GrpcError) => void) =>
  (error: ServiceError | null, value?: Res) => error ? reject(asGrpcError(error)) : resolve(value as Res);

/** Passes on the headers, the trailers and the caller's signal. */
function follow(call: Pick<ClientUnaryCall, "on" | "cancel">, options: CallOptions): void {
  call.on("metadata", (one: Metadata) => options.onMetadata?.(one));
  call.on("status", ({ code, metadata }: StatusObject) => {
    if (code === status.OK) options.onTrailers?.(metadata);
  });
  options.signal?.addEventListener("abort", () => call.cancel());
}

/** Keeps what comes until it is asked for: an error must not overtake a message. */
class Responses<Res> implements AsyncIterable<Res> {
  ended = false;
  readonly #inbox: Res[] = [];
  #error: GrpcError | undefined;
  #wake = () => {};

  constructor(call: ClientReadableStream<Res> | ClientDuplexStream<unknown, Res>, options: CallOptions) {
    call.on("data", (one: Res) => {
      this.#inbox.push(one);
      this.#wake();
    });
    call.on("error", (error: ServiceError) => this.#end(asGrpcError(error)));
    call.on("end", () => this.#end());
    follow(call as unknown as ClientUnaryCall, options);
  }

  async next(): Promise<Res | undefined> {
    if (this.#inbox.length === 0 && !this.ended) await new Promise<void>((wake) => this.#wake = wake);
    if (this.#inbox.length > 0) return this.#inbox.shift();
    if (this.#error !== undefined) throw this.#error;
    return undefined;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Res> {
    for (let one = await this.next(); one !== undefined; one = await this.next()) yield one;
  }

  /** grpc-js ends the stream before it emits the error, in the same turn. */
  #end(error?: GrpcError): void {
    this.#error ??= error;
    setTimeout(() => {
      this.ended = true;
      this.#wake();
    });
  }
}

class Duplex<Req, Res> extends Responses<Res> implements OpenCall<Req, Res> {
  readonly #call: ClientDuplexStream<Req, Res>;

  constructor(call: ClientDuplexStream<Req, Res>, options: CallOptions) {
    super(call, options);
    this.#call = call;
  }

  send(request: Req): Promise<void> {
    return new Promise((sent) => this.#call.write(request, () => sent()));
  }

  halfClose(): void {
    this.#call.end();
  }
}
