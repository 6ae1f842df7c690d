// Our client against grpc-go's interop server over TCP: the same cases, seen from the other end.
// Against our own server too, which needs no program from outside.
import { Buffer } from "node:buffer";
import { Metadata, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Channel } from "../../src/grpc/channel.ts";
import {
  bidi,
  type CallOptions,
  clientStream,
  GrpcError,
  serverStream,
  type StreamingCall,
  unary,
} from "../../src/grpc/client.ts";
import { dialer, parseAddress } from "../../src/transport/mod.ts";
import { interopServer } from "../lib/tools.ts";
import { INITIAL_KEY, methods, payload, TRAILING_KEY } from "./grpc_testing.ts";
import { type InteropServer, startGrpcGoServer, startOwnServer } from "./interop_server.ts";

/** Sizes in bytes, as the descriptions of the cases have them. */
const REQUEST_SIZES = [27182, 8, 1828, 45904];
const RESPONSE_SIZES = [31415, 9, 2653, 58979];
const LARGE_REQUEST = 271828;
const LARGE_RESPONSE = 314159;

const tool = await interopServer();

describe("our client, grpc-go's server", () => {
  if ("reason" in tool) test.skip(`skipped: ${tool.reason}`, () => {});
  else cases(() => startGrpcGoServer(tool.path));
});

describe("our client, our server", () => cases(() => startOwnServer()));

/** Registers the 14 cases. */
function cases(start: () => Promise<InteropServer>): void {
  let server: InteropServer;
  let channel: Channel;
  beforeAll(async () => {
    server = await start();
    channel = new Channel([{ address: server.address, dial: dialer(parseAddress(server.address)) }]);
    await unary(channel, methods.emptyCall, {}, { waitForReady: true, deadlineMs: 30_000 });
  }, 60_000);
  afterAll(async () => {
    channel.close();
    await server.stop();
  });

  const fullDuplex = (options?: CallOptions) => bidi(channel, methods.fullDuplexCall, options);

  test("empty_unary", async () => {
    expect(await unary(channel, methods.emptyCall, {})).toEqual({});
  });

  test("large_unary", async () => {
    const request = { response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST) };
    const response = await unary(channel, methods.unaryCall, request);
    expect(response.payload?.type).toBe("COMPRESSABLE");
    expect(response.payload?.body).toEqual(Buffer.alloc(LARGE_RESPONSE));
  });

  test("client_streaming", async () => {
    const requests = REQUEST_SIZES.map((size) => ({ payload: payload(size) }));
    const response = await clientStream(channel, methods.streamingInputCall, requests);
    expect(response.aggregated_payload_size).toBe(74922);
  });

  test("server_streaming", async () => {
    const response_parameters = RESPONSE_SIZES.map((size) => ({ size }));
    const sizes: (number | undefined)[] = [];
    for await (
      const response of serverStream(channel, methods.streamingOutputCall, { response_parameters })
    ) {
      sizes.push(response.payload?.body.length);
    }
    expect(sizes).toEqual(RESPONSE_SIZES);
  });

  test("ping_pong", async () => {
    const call = fullDuplex();
    for (const [i, size] of REQUEST_SIZES.entries()) {
      await call.send({ response_parameters: [{ size: RESPONSE_SIZES[i] }], payload: payload(size) });
      expect((await call.next())?.payload?.body.length).toBe(RESPONSE_SIZES[i]);
    }
    call.halfClose();
    expect(await call.next()).toBeUndefined();
  });

  test("empty_stream", async () => {
    const call = fullDuplex();
    call.halfClose();
    expect(await call.next()).toBeUndefined();
  });

  test("timeout_on_sleeping_server", async () => {
    const call = fullDuplex({ deadlineMs: 1 });
    await call.send({ payload: payload(27182) });
    expect((await failureOf(call)).code).toBe(status.DEADLINE_EXCEEDED);
  });

  test("cancel_after_begin", async () => {
    const metadata = Metadata.fromHttp2Headers({ key1: "value1", key2: "value2" });
    const call = bidi(channel, methods.streamingInputCall, { metadata });
    // A turn of the event loop, in which the headers leave.
    await new Promise((resolve) => setTimeout(resolve));
    expect(call.ended).toBe(false);
    call.cancel();
    expect((await failureOf(call)).code).toBe(status.CANCELLED);
  });

  test("cancel_after_first_response", async () => {
    const call = fullDuplex();
    await call.send({ response_parameters: [{ size: 31415 }], payload: payload(27182) });
    expect((await call.next())?.payload?.body.length).toBe(31415);
    call.cancel();
    expect((await failureOf(call)).code).toBe(status.CANCELLED);
  });

  test("status_code_and_message", async () => {
    const request = { response_status: { code: 2, message: "test status message" } };
    const expected = { code: status.UNKNOWN, details: "test status message" };
    await expect(unary(channel, methods.unaryCall, request)).rejects.toMatchObject(expected);
    const call = fullDuplex();
    await call.send(request);
    call.halfClose();
    expect(await failureOf(call)).toMatchObject(expected);
  });

  test("special_status_message", async () => {
    const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    const request = { response_status: { code: 2, message } };
    await expect(unary(channel, methods.unaryCall, request)).rejects.toMatchObject({
      code: status.UNKNOWN,
      details: message,
    });
  });

  test("custom_metadata", async () => {
    const metadata = new Metadata();
    metadata.set(INITIAL_KEY, "test_initial_metadata_value");
    metadata.set(TRAILING_KEY, Buffer.from("0a0b0a0b0a0b", "hex"));
    const seen: { initial?: Metadata; trailing?: Metadata } = {};
    const options: CallOptions = {
      metadata,
      onMetadata: (initial) => seen.initial = initial,
      onTrailers: (trailing) => seen.trailing = trailing,
    };
    const echoed = () => {
      const { initial, trailing } = seen;
      delete seen.initial;
      delete seen.trailing;
      return [initial?.get(INITIAL_KEY), trailing?.get(TRAILING_KEY)];
    };
    const expected = [["test_initial_metadata_value"], [Buffer.from("0a0b0a0b0a0b", "hex")]];

    await unary(channel, methods.unaryCall, { response_size: 1, payload: payload(1) }, options);
    expect(echoed()).toEqual(expected);

    const call = fullDuplex(options);
    await call.send({ response_parameters: [{ size: 1 }], payload: payload(1) });
    expect((await call.next())?.payload?.body.length).toBe(1);
    call.halfClose();
    expect(await call.next()).toBeUndefined();
    expect(echoed()).toEqual(expected);
  });

  test("unimplemented_method", async () => {
    await expect(unary(channel, methods.unimplementedCall, {})).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });

  test("unimplemented_service", async () => {
    await expect(unary(channel, methods.unimplementedService, {})).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
}

/** What a call that must fail next fails with. */
async function failureOf<Request, Response>(call: StreamingCall<Request, Response>): Promise<GrpcError> {
  try {
    await call.next();
  } catch (error) {
    if (error instanceof GrpcError) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}
