// protobufjs's own service stubs (`Service.create`, and what pbjs generates) over a channel.
// Must never decode a message: protobufjs does both sides of that.
import type { RPCImpl } from "protobufjs";
import type { Channel } from "./channel.ts";
import { type CallOptions, type ClientMethod, serverStream, unary } from "./client.ts";

const raw = (bytes: Uint8Array) => bytes;

/**
 * What a protobufjs service calls. Errors are GrpcErrors; `service.end()` cancels its calls. A stream of responses
 * ends the whole service, since protobufjs has no sign for the end of one call: make a service for each stream.
 *
 * ```ts
 * const echo = EchoService.create(protobufRpc(channel));
 * const reply = await echo.echo({ payload: "hi" });
 * ```
 * @param options hold for every call
 */
export function protobufRpc(channel: Channel, options: Omit<CallOptions, "signal"> = {}): RPCImpl {
  const ending = new AbortController();
  return (method, request, callback) => {
    // protobufjs calls without a method when the service ends, which its types leave out.
    if ((method as unknown) === null) return ending.abort();
    const { path, responseStream } = method;
    if (typeof path !== "string") {
      throw new TypeError(`the stub of ${method.name} names no path: generate it with protobufjs 8 or later`);
    }
    const call: ClientMethod<Uint8Array, Uint8Array> = {
      path,
      requestSerialize: raw,
      responseDeserialize: raw,
    };
    const all = { ...options, signal: ending.signal };
    // Never rejects: what goes wrong is the callback's.
    if (responseStream) void tell(serverStream(channel, call, request, all), true, callback);
    else void tell([unary(channel, call, request, all)], false, callback);
  };
}

async function tell(
  answers: AsyncIterable<Uint8Array> | Iterable<Promise<Uint8Array>>,
  endsService: boolean,
  callback: Parameters<RPCImpl>[2],
): Promise<void> {
  const report = (error: Error | null, response?: Uint8Array | null) =>
    // Outside of this promise: what a callback throws is its owner's, not a failure of the call.
    queueMicrotask(() => callback(error, response));
  try {
    for await (const answer of answers) report(null, answer);
    if (endsService) report(null, null);
  } catch (error) {
    report(error instanceof Error ? error : new Error(String(error)));
  }
}
