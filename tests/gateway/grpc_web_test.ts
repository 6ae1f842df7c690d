// gRPC-Web by a client that others wrote, over real sockets, and what no client of theirs sends.
import { Buffer } from "node:buffer";
import {
  Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { serviceDefinition } from "../../src/proto/mod.ts";
import { refuseForNow } from "../../src/services/refusal.ts";
import { type OpenGateway, openGateway } from "./open_gateway.ts";
import { streamMethod, unaryMethod, webTransport } from "./web_client.ts";

const echo = unaryMethod("/echo.EchoService/Echo", "echo.EchoRequest", "echo.EchoResponse");
const watch = streamMethod(
  "/gatehouse.v1.Events/Watch",
  "gatehouse.v1.WatchEventsRequest",
  "gatehouse.v1.Event",
);

type Echo = ServerUnaryCall<{ payload: string }, object>;
type Watch = ServerWritableStream<{ after_sequence: unknown }, object>;

let open: OpenGateway;
const seen: Metadata[] = [];
const cancelled = vi.fn();
beforeAll(async () => {
  open = await openGateway((server) => {
    server.addService(serviceDefinition("echo.EchoService"), {
      Echo(call: Echo, callback: sendUnaryData<object>) {
        seen.push(call.metadata);
        const { payload } = call.request;
        if (payload === "busy") {
          return callback(refuseForNow(status.RESOURCE_EXHAUSTED, "BUSY", "später", 1500));
        }
        if (payload === "never") return void call.on("cancelled", cancelled);
        const headers = new Metadata();
        headers.set("x-head", "h");
        headers.set("x-head-bin", Buffer.of(0, 255));
        call.sendMetadata(headers);
        const trailer = new Metadata();
        trailer.set("x-trail", "t");
        callback(null, { payload }, trailer);
      },
    });
    server.addService(serviceDefinition("gatehouse.v1.Events"), {
      async Watch(call: Watch) {
        call.on("cancelled", cancelled);
        for (let sequence = 1; sequence <= 3; sequence++) {
          call.write({ sequence, message: `event ${sequence}` });
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        if (Number(call.request.after_sequence) === 1) call.end();
        else if (Number(call.request.after_sequence) === 2) {
          call.emit("error", refuseForNow(status.UNAVAILABLE, "GONE", "gone", 10));
        }
      },
    });
  });
});
afterAll(async () => await open.close());

async function call(
  payload: string,
  options: { timeoutMs?: number; signal?: AbortSignal; header?: HeadersInit } = {},
) {
  const { signal, timeoutMs, header } = options;
  return await webTransport(open.url).unary(echo, signal, timeoutMs, header, { payload });
}

describe("connect-es by gRPC-Web", () => {
  test("gets a unary answer, with metadata at both ends", async () => {
    const { message, header, trailer } = await call("héllo", {
      header: { "x-ask": "a", "x-ask-bin": "AP8" },
    });
    expect(message).toMatchObject({ payload: "héllo" });
    expect(header.get("x-head")).toBe("h");
    expect(header.get("x-head-bin")).toBe("AP8");
    expect(trailer.get("x-trail")).toBe("t");
    const [metadata] = seen.slice(-1);
    expect(metadata.get("x-ask")).toEqual(["a"]);
    expect(metadata.get("x-ask-bin")).toEqual([Buffer.of(0, 255)]);
    expect(metadata.get("accept")).toEqual([]);
    expect(metadata.get("host")).toEqual([]);
  });

  test("gets a refusal with its details", async () => {
    const error = await call("busy").catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "später" });
    expect((error as ConnectError).details).toMatchObject([
      { type: "google.rpc.ErrorInfo" },
      { type: "google.rpc.RetryInfo" },
    ]);
  });

  test("has its deadline kept by the server", async () => {
    cancelled.mockClear();
    // Its own timer would be first: the header alone says it here.
    const error = await call("never", { header: { "grpc-timeout": "50m" } }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: Code.DeadlineExceeded });
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalled());
  });

  test("cancels a call by going", async () => {
    cancelled.mockClear();
    const abort = new AbortController();
    const pending = call("never", { signal: abort.signal }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(seen.at(-1)?.get("user-agent")).toBeDefined());
    setTimeout(() => abort.abort(), 50);
    expect(await pending).toMatchObject({ code: Code.Canceled });
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalled());
  });

  async function watched(afterSequence: bigint, most: number, signal?: AbortSignal) {
    const input = (async function* () {
      yield await Promise.resolve({ afterSequence });
    })();
    const { message } = await webTransport(open.url).stream(watch, signal, undefined, undefined, input);
    const got: unknown[] = [];
    for await (const one of message) {
      got.push((one as unknown as { message: string }).message);
      if (got.length === most) break;
    }
    return got;
  }

  test("gets a stream as it comes, to its end", async () => {
    expect(await watched(1n, 9)).toEqual(["event 1", "event 2", "event 3"]);
  });

  test("gets what ends a stream after its messages", async () => {
    await expect(watched(2n, 9)).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "gone" });
  });

  test("stops a stream by going", async () => {
    cancelled.mockClear();
    const abort = new AbortController();
    expect(await watched(0n, 2, abort.signal)).toEqual(["event 1", "event 2"]);
    abort.abort();
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalled());
  });

  test("is told of a method that isn't there", async () => {
    const nothing = unaryMethod("/echo.EchoService/Nothing", "echo.EchoRequest", "echo.EchoResponse");
    const error = await webTransport(open.url).unary(nothing, undefined, undefined, undefined, {})
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ code: Code.Unimplemented });
  });
});

const post = (body: Uint8Array | string, type: string) =>
  fetch(`${open.url}/echo.EchoService/Echo`, {
    method: "POST",
    headers: { "content-type": type },
    body: typeof body === "string" ? body : Uint8Array.from(body),
  });
const frame = (content: Uint8Array, flags = 0, length = content.length) => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, content]);
};
const HI = frame(Buffer.from([0x0a, 2, 0x68, 0x69]));
const statusIn = (body: string) => Number(/grpc-status: (\d+)/.exec(body)?.[1]);

describe("-text", () => {
  const text = "application/grpc-web-text";

  test.each([
    ["in one piece", HI.toString("base64")],
    ["in padded pieces", HI.subarray(0, 4).toString("base64") + HI.subarray(4).toString("base64")],
  ])("takes a message %s and answers in base64", async (_name, body) => {
    const response = await post(body, text);
    expect(response.headers.get("content-type")).toBe("application/grpc-web-text+proto");
    const answer = await response.text();
    const frames = Buffer.concat(answer.split(/(?<==)(?!=)/).map((piece) => Buffer.from(piece, "base64")));
    expect(frames.subarray(5, 9)).toEqual(HI.subarray(5));
    expect(statusIn(frames.toString("latin1"))).toBe(status.OK);
  });

  test("refuses what isn't base64", async () => {
    const body = Buffer.from(await (await post("!!", text)).text(), "base64").toString();
    expect(statusIn(body)).toBe(status.INTERNAL);
  });
});

describe("what is no request", () => {
  const type = "application/grpc-web+proto";

  test.each([
    ["nothing", Buffer.alloc(0), status.INTERNAL],
    ["half a prefix", Buffer.of(0, 0), status.INTERNAL],
    ["a length that isn't there", frame(Buffer.of(1), 0, 1000), status.INTERNAL],
    ["two messages", Buffer.concat([HI, HI]), status.INTERNAL],
    ["trailers", frame(Buffer.from("a: b\r\n"), 0x80), status.INTERNAL],
    ["a compressed message", frame(Buffer.of(1), 1), status.UNIMPLEMENTED],
    ["no protobuf", frame(Buffer.of(0xff, 0xff)), status.INTERNAL],
  ])("is refused by a status: %s", async (_name, body, code) => {
    const response = await post(body, type);
    expect(response.status).toBe(200);
    expect(statusIn(await response.text())).toBe(code);
  });

  test("another codec than protobuf is none of ours", async () => {
    expect((await post("{}", "application/grpc-web+json")).status).toBe(404);
  });

  test("metadata that only the gateway says is taken out", async () => {
    const response = await fetch(`${open.url}/echo.EchoService/Echo`, {
      method: "POST",
      headers: { "content-type": type, "gatehouse-http-request-bin": "AAAA", "x-other": "o" },
      body: Uint8Array.from(HI),
    });
    await response.body?.cancel();
    const [metadata] = seen.slice(-1);
    expect(metadata.get("x-other")).toEqual(["o"]);
    expect(metadata.get("gatehouse-http-request-bin")).toEqual([]);
  });
});

test("an HTTP connection that has gone leaves no connection in memory", async () => {
  const client = Deno.createHttpClient({});
  const response = await fetch(`${open.url}/v1/echo`, {
    client,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"payload":"x"}',
  });
  await response.text();
  const before = open.calls();
  expect(before).toBeGreaterThan(0);
  client.close();
  await vi.waitFor(() => expect(open.calls()).toBe(before - 1));
});
