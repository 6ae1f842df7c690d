// The four kinds of call, as calls.ts makes them: by our own client API, or (stub_caller.ts) by grpc-js's stubs.
import type { Channel } from "../../../src/grpc/channel.ts";
import {
  bidi,
  type CallOptions,
  type ClientMethod,
  clientStream,
  serverStream,
  unary,
} from "../../../src/grpc/client.ts";

/** What a bidirectional call gives; see StreamingCall of src/grpc/client.ts. */
export interface OpenCall<Request, Response> extends AsyncIterable<Response> {
  readonly ended: boolean;
  send(request: Request): Promise<void>;
  halfClose(): void;
  next(): Promise<Response | undefined>;
}

/** All of it rejects with GrpcError. */
export interface Caller {
  unary<Req, Res>(method: ClientMethod<Req, Res>, request: Req, options: CallOptions): Promise<Res>;
  serverStream<Req, Res>(
    method: ClientMethod<Req, Res>,
    request: Req,
    options: CallOptions,
  ): AsyncIterable<Res>;
  clientStream<Req, Res>(
    method: ClientMethod<Req, Res>,
    requests: AsyncIterable<Req>,
    options: CallOptions,
  ): Promise<Res>;
  bidi<Req, Res>(method: ClientMethod<Req, Res>, options: CallOptions): OpenCall<Req, Res>;
}

export const ownCaller = (channel: Channel): Caller => ({
  unary: (method, request, options) => unary(channel, method, request, options),
  serverStream: (method, request, options) => serverStream(channel, method, request, options),
  clientStream: (method, requests, options) => clientStream(channel, method, requests, options),
  bidi: (method, options) => bidi(channel, method, options),
});
