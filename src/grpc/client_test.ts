import { Buffer } from "node:buffer";
import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Channel } from "./channel.ts";
import { bidi, type ClientMethod, clientStream, serverStream, unary } from "./client.ts";
import { MemoryListener } from "./conn_pair.ts";
import { Server } from "./server.ts";

const raw = (bytes: Buffer) => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Service/${name}`,
  requestStream,
  responseStream,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
});
const methods = {
  unary: method("Unary", false, false),
  clientStream: method("ClientStream", true, false),
  serverStream: method("ServerStream", false, true),
  bidi: method("Bidi", true, true),
};

let cancelled = 0;
const server = new Server();
server.addService(methods as ServiceDefinition, {
  unary(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
    call.on("cancelled", () => cancelled++);
    if (call.request.toString() === "hang") return;
    const trailer = new Metadata();
    trailer.set("x-trailer", "t");
    call.sendMetadata(call.metadata);
    if (call.request.toString() === "fail") {
      callback({ code: status.NOT_FOUND, details: "none" }, null, trailer);
    } else callback(null, call.request, trailer);
  },
  async clientStream(call: ServerReadableStream<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
    let length = 0;
    for await (const message of call) {
      length += message.length;
      if (message.toString() === "enough") break;
    }
    callback(null, Buffer.from(String(length)));
  },
  async serverStream(call: ServerWritableStream<Buffer, Buffer>) {
    call.on("cancelled", () => cancelled++);
    for (let i = 0; !call.cancelled && i < 1_000; i++) {
      if (!call.write(Buffer.alloc(10_000, i))) await new Promise((resolve) => call.once("drain", resolve));
    }
    call.end();
  },
  bidi(call: ServerDuplexStream<Buffer, Buffer>) {
    call.on("data", (message: Buffer) => {
      if (call.write(message)) return;
      call.pause();
      call.once("drain", () => call.resume());
    });
    call.on("end", () => call.end());
  },
});
const listener = new MemoryListener();
const channel = new Channel([{ address: listener.address, dial: listener.dial }]);
beforeAll(() => void server.serve(listener));
afterAll(async () => {
  channel.close();
  await server.shutdown(100);
});

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const pause = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));

describe("unary calls", () => {
  it("give the response, its metadata and its trailers", async () => {
    const metadata = new Metadata();
    metadata.set("x-key", "v");
    const seen: unknown[] = [];
    const response = await unary(channel, methods.unary, Buffer.from("hi"), {
      metadata,
      onMetadata: (one) => seen.push(one.get("x-key")),
      onTrailers: (one) => seen.push(one.get("x-trailer")),
    });
    expect(text(response)).toBe("hi");
    expect(seen).toEqual([["v"], ["t"]]);
  });

  it("reject with the status and its trailers", async () => {
    await expect(unary(channel, methods.unary, Buffer.from("fail"))).rejects.toMatchObject({
      name: "GrpcError",
      code: status.NOT_FOUND,
      details: "none",
      message: "5 NOT_FOUND: none",
    });
    const error = await unary(channel, methods.unary, Buffer.from("fail")).catch((one) => one);
    expect(error.metadata.get("x-trailer")).toEqual(["t"]);
  });

  it("end at their deadline and at their signal, on both sides", async () => {
    const before = cancelled;
    const hang = Buffer.from("hang");
    await expect(unary(channel, methods.unary, hang, { deadlineMs: 20 })).rejects.toMatchObject({ code: 4 });
    const abort = new AbortController();
    const aborted = unary(channel, methods.unary, hang, { signal: abort.signal });
    setTimeout(() => abort.abort(), 10);
    await expect(aborted).rejects.toMatchObject({ code: status.CANCELLED });
    await expect(unary(channel, methods.unary, hang, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: status.CANCELLED,
    });
    await pause();
    // The third may have been cancelled before it was sent.
    expect(cancelled - before).toBeGreaterThanOrEqual(2);
  });

  it("fail when the response can't be read", async () => {
    const unreadable: ClientMethod<Buffer, Buffer> = {
      ...methods.unary,
      responseDeserialize: () => {
        throw new Error("no such message");
      },
    };
    await expect(unary(channel, unreadable, Buffer.from("hi"))).rejects.toMatchObject({
      code: status.INTERNAL,
    });
  });
});

describe("streaming calls", () => {
  it("give all responses to a slow reader", async () => {
    let count = 0;
    for await (const message of serverStream(channel, methods.serverStream, Buffer.alloc(0))) {
      expect(message).toEqual(Buffer.alloc(10_000, count++));
      if (count % 100 === 0) await pause(1);
    }
    expect(count).toBe(1_000);
  });

  it("are cancelled when the reader leaves", async () => {
    const before = cancelled;
    for await (const _ of serverStream(channel, methods.serverStream, Buffer.alloc(0))) break;
    await pause();
    expect(cancelled - before).toBe(1);
  });

  it("send all requests and give one response", async () => {
    async function* requests() {
      for (let i = 0; i < 50; i++) {
        if (i % 10 === 0) await pause(1);
        yield Buffer.alloc(20_000);
      }
    }
    expect(text(await clientStream(channel, methods.clientStream, requests()))).toBe("1000000");
  });

  it("give the response though the source of requests still waits", async () => {
    async function* requests() {
      yield Buffer.from("enough");
      await new Promise(() => {});
    }
    expect(text(await clientStream(channel, methods.clientStream, requests()))).toBe("6");
  });

  it("end with the failure of the source of requests", async () => {
    // deno-lint-ignore require-yield -- it fails before its first
    function* requests(): Generator<Buffer> {
      throw new Error("disk gone");
    }
    await expect(clientStream(channel, methods.clientStream, requests())).rejects.toMatchObject({
      code: status.CANCELLED,
      details: expect.stringContaining("disk gone"),
    });
  });

  it("talk both ways for as long as they like", async () => {
    const call = bidi(channel, methods.bidi);
    for (let i = 0; i < 100; i++) {
      await call.send(Buffer.from(String(i)));
      expect(text(await call.next() as Buffer)).toBe(String(i));
    }
    call.halfClose();
    expect(await call.next()).toBeUndefined();
    expect(call.ended).toBe(true);
  });

  it("hold back a sender whose messages nobody reads", async () => {
    const call = bidi(channel, methods.bidi);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1_000 && !call.ended; sent++) await call.send(Buffer.alloc(10_000));
    })();
    await pause(100);
    expect(sent).toBeLessThan(200);
    call.cancel();
    await sending;
  });
});
