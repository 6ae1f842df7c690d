import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import {
  Metadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ErrorCode } from "../http2/mod.ts";
import { frameMessage } from "./message.ts";
import { peerOf } from "./peer_of.ts";
import { Server } from "./server.ts";
import { GrpcError } from "./status.ts";
import {
  type Callback,
  closeAll,
  connections,
  connectTo,
  definition,
  echo,
  hello,
  open,
  pause,
  records,
  start,
  type Unary,
} from "./server_testkit.ts";
import { GRPC_REQUEST, requestWith } from "./wire_client.ts";

afterEach(closeAll);

describe("the server, asked rightly", () => {
  it("answers a unary call with headers, a message and trailers", async () => {
    const { client } = start({ unary: echo });
    const answer = await client.call(GRPC_REQUEST, [hello]);
    expect(answer.headers).toMatchObject({ ":status": "200", "content-type": "application/grpc+proto" });
    expect(answer.data).toEqual(Buffer.from(hello));
    // OK has no text: a grpc-message is an error's.
    expect(answer.trailers).toEqual({ "grpc-status": "0" });
    expect(answer.reset).toBeUndefined();
  });

  it.each(["application/grpc", "application/grpc+proto", "application/grpc; a=b"])(
    "reads protobuf under the content type %s",
    async (contentType) => {
      const { client } = start({ unary: echo });
      const { trailers } = await client.call(requestWith({ "content-type": contentType }), [hello]);
      expect(trailers["grpc-status"]).toBe("0");
    },
  );

  it("takes a request in pieces of one byte", async () => {
    const server = new Server();
    server.addService(definition, { unary: echo });
    const client = connectTo(server, 1);
    open.push({ server, client });
    const pieces = Array.from(hello, (byte) => Uint8Array.of(byte));
    expect((await client.call(GRPC_REQUEST, pieces)).data).toEqual(Buffer.from(hello));
  });

  it("gives handlers the face of grpc-js's calls, and the peer", async () => {
    let seen: unknown;
    const { client } = start({
      unary(call: Unary, callback: Callback) {
        seen = {
          path: call.getPath(),
          host: call.getHost(),
          peer: call.getPeer(),
          transport: peerOf(call)?.transport,
          metadata: call.metadata.toJSON(),
          cancelled: call.cancelled,
          timeLeft: Math.round((Number(call.getDeadline()) - Date.now()) / 1_000),
        };
        call.sendMetadata(new Metadata());
        callback(null, call.request);
      },
    });
    await client.call([...GRPC_REQUEST, "x-key", "v", "grpc-timeout", "9S"], [hello]);
    expect(seen).toEqual({
      path: "/test.Service/Unary",
      host: "test",
      peer: "unix:///client",
      transport: "unix",
      metadata: { "x-key": ["v"] },
      cancelled: false,
      timeLeft: 9,
    });
  });

  it("tells a call that is not its own from one that is", () => {
    expect(peerOf({})).toBeUndefined();
  });

  it("answers gzip with gzip when the caller reads it, and plainly otherwise", async () => {
    const { client } = start({ unary: echo });
    const body = Buffer.alloc(5_000, "x");
    const request = frameMessage(body, "gzip");
    const both = await client.call(
      requestWith({ "grpc-encoding": "gzip", "grpc-accept-encoding": "identity,gzip" }),
      [request],
    );
    expect(both.headers["grpc-encoding"]).toBe("gzip");
    expect(both.data[0]).toBe(1);
    expect(both.data.length).toBeLessThan(200);
    const one = await client.call(requestWith({ "grpc-encoding": "gzip" }), [frameMessage(body, "gzip")]);
    expect(one.data).toEqual(Buffer.from(frameMessage(body)));
  });

  it("tells the hook each finished call once", async () => {
    const { client } = start({ unary: echo });
    await client.call(GRPC_REQUEST, [hello]);
    await client.call(requestWith({ ":path": "/nobody/Home" }), [hello]);
    expect(records).toMatchObject([
      {
        callId: 1,
        method: "/test.Service/Unary",
        known: true,
        status: status.OK,
        peer: { transport: "unix" },
      },
      { callId: 2, method: "/nobody/Home", known: false, status: status.UNIMPLEMENTED },
    ]);
    expect(records[0].durationMs).toBeGreaterThanOrEqual(0);
  });
});

describe("the server, asked wrongly", () => {
  const refusals: [string, Record<string, string | undefined>, Record<string, string>][] = [
    ["another content type", { "content-type": "application/json" }, { ":status": "415" }],
    ["gRPC-Web", { "content-type": "application/grpc-web" }, { ":status": "415" }],
    ["messages that are no protobuf", { "content-type": "application/grpc+json" }, {
      ":status": "200",
      "grpc-status": "12",
    }],
    ["no content type", { "content-type": undefined }, { ":status": "415" }],
    ["another HTTP method", { ":method": "PUT" }, { ":status": "405", allow: "POST" }],
    ["an unknown path", { ":path": "/test.Service/Nope" }, { ":status": "200", "grpc-status": "12" }],
    ["an unknown encoding", { "grpc-encoding": "br" }, {
      "grpc-status": "12",
      "grpc-accept-encoding": "identity,deflate,gzip",
    }],
    ["a timeout that is none", { "grpc-timeout": "soon" }, { "grpc-status": "13" }],
  ];
  it.each(refusals)("refuses %s", async (_name, changes, expected) => {
    const { client } = start({ unary: echo });
    expect((await client.call(requestWith(changes), [hello])).headers).toMatchObject(expected);
  });

  it("refuses a path without its slash", async () => {
    const { client } = start({ unary: echo });
    const answer = await client.call(requestWith({ ":path": "test.Service/Unary" }), [hello]).catch(() =>
      undefined
    );
    expect(answer?.headers["grpc-status"] ?? "refused").toMatch(/12|refused/);
  });

  it("tells a caller that still sends to stop, with RST_STREAM NO_ERROR", async () => {
    const { client } = start({ unary: echo });
    const answer = await client.call(requestWith({ ":path": "/nobody/Home" }), [hello], false);
    expect(answer.headers["grpc-status"]).toBe("12");
    expect(answer.reset).toBe(ErrorCode.NO_ERROR);
  });

  it("refuses a message above its limit, naming it", async () => {
    const { client } = start({ unary: echo }, { maxReceiveMessageBytes: 1_000 });
    const answer = await client.call(GRPC_REQUEST, [frameMessage(Buffer.alloc(1_001))]);
    expect(answer.headers["grpc-status"]).toBe("8");
    expect(answer.headers["grpc-message"]).toContain("1001 vs 1000");
  });

  it("refuses a message that decompresses beyond its limit", async () => {
    const { client } = start({ unary: echo }, { maxReceiveMessageBytes: 10_000 });
    const bomb = frameMessage(gzipSync(Buffer.alloc(1_000_000)));
    bomb[0] = 1;
    const answer = await client.call(requestWith({ "grpc-encoding": "gzip" }), [bomb]);
    expect(answer.headers).toMatchObject({ "grpc-status": "8" });
  });

  it("refuses a stream that ends inside a message, and bytes that are no message", async () => {
    const { client } = start({ unary: echo });
    expect((await client.call(GRPC_REQUEST, [hello.slice(0, 7)])).headers["grpc-status"]).toBe("13");
    const unreadable = frameMessage(Buffer.from("unreadable"));
    const answer = await client.call(GRPC_REQUEST, [unreadable]);
    expect(answer.headers["grpc-status"]).toBe("13");
    expect(answer.headers["grpc-message"]).not.toContain("no such message");
  });
});

describe("handlers that fail", () => {
  const handlers: [string, (call: Unary, callback: Callback) => unknown, number, string][] = [
    [
      "throw",
      () => {
        throw new Error("secret");
      },
      status.UNKNOWN,
      "Unknown error",
    ],
    ["reject", () => Promise.reject(new Error("secret")), status.UNKNOWN, "Unknown error"],
    [
      "throw a status",
      () => Promise.reject(new GrpcError(status.NOT_FOUND, "no such key")),
      status.NOT_FOUND,
      "no such key",
    ],
    ["call back with an error", (_call, callback) => callback(new Error("said")), status.UNKNOWN, "said"],
    [
      "answer what can't be serialized",
      (_call, callback) => {
        callback(null, 5 as unknown as Buffer);
      },
      status.INTERNAL,
      "Error serializing response",
    ],
    [
      "send metadata that HTTP/2 can't carry",
      (_call, callback) => {
        const trailer = new Metadata();
        trailer.set("a:b", "1");
        callback({ code: status.ABORTED, details: "x" }, null, trailer);
      },
      status.INTERNAL,
      "The handler's trailing metadata can't be sent over HTTP/2",
    ],
  ];
  it.each(handlers)("that %s end their call only", async (_name, handler, code, details) => {
    const { client } = start({ unary: handler as never, bidi: echo as never });
    const { headers, trailers } = await client.call(GRPC_REQUEST, [hello]);
    expect({ ...headers, ...trailers }).toMatchObject({
      "grpc-status": String(code),
      "grpc-message": details,
    });
    expect(records).toHaveLength(1);
    expect(records[0].status).toBe(code);
  });

  it("that throw in a stream's listener end their call only, at once or later", async () => {
    const { client } = start({
      bidi(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on("data", (message: Buffer) => {
          if (message.length === 5) throw new Error("secret");
          return Promise.reject(new Error("secret, later"));
        });
      },
    });
    for (const body of ["hello", "hi"]) {
      const answer = await client.call(requestWith({ ":path": "/test.Service/Bidi" }), [
        frameMessage(Buffer.from(body)),
      ]);
      expect({ ...answer.headers, ...answer.trailers }["grpc-status"]).toBe(String(status.UNKNOWN));
    }
  });

  it("that answer twice are heard once", async () => {
    const { client } = start({
      unary(call: Unary, callback: Callback) {
        callback(null, call.request);
        callback(new Error("again"));
      },
    });
    expect((await client.call(GRPC_REQUEST, [hello])).trailers["grpc-status"]).toBe("0");
    expect(records).toHaveLength(1);
  });

  it("that fail in their hook disturb nothing", async () => {
    const { client } = start({ unary: echo }, {
      onCall() {
        throw new Error("disk full");
      },
    });
    expect((await client.call(GRPC_REQUEST, [hello])).trailers["grpc-status"]).toBe("0");
  });
});

describe("the end of a call", () => {
  it("comes by its deadline, and the handler is told", async () => {
    let told = 0;
    const { client } = start({
      unary(call: Unary) {
        call.on("cancelled", () => told++);
      },
    });
    const answer = await client.call(requestWith({ "grpc-timeout": "20m" }), [hello]);
    expect(answer.headers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
    expect(told).toBe(1);
    expect(records[0].status).toBe(status.DEADLINE_EXCEEDED);
  });

  it("comes by the caller's reset, and streams are destroyed", async () => {
    let surface: ServerWritableStream<Buffer, Buffer> | undefined;
    const { client } = start({
      serverStream(call: ServerWritableStream<Buffer, Buffer>) {
        surface = call;
        call.write(Buffer.from("one"));
      },
    });
    const { id } = await client.open(requestWith({ ":path": "/test.Service/ServerStream" }), [hello]);
    await pause();
    client.reset(id, ErrorCode.CANCEL);
    await pause();
    expect(surface).toMatchObject({ cancelled: true, destroyed: true });
    expect(records[0].status).toBe(status.CANCELLED);
  });

  it("comes by the connection's end", async () => {
    let told = 0;
    const { client } = start({
      unary(call: Unary) {
        call.on("cancelled", () => told++);
      },
    });
    await client.open(GRPC_REQUEST, [hello]);
    await pause();
    client.close();
    await pause();
    expect(told).toBe(1);
    expect(connections.map(({ event }) => event)).toEqual(["open", "close"]);
  });

  it("comes when a client-streaming handler leaves its loop early and answers", async () => {
    const { client } = start({
      async clientStream(call: ServerReadableStream<Buffer, Buffer>, callback: Callback) {
        for await (const message of call) {
          callback(null, message);
          break;
        }
      },
    });
    const answer = await client.call(requestWith({ ":path": "/test.Service/ClientStream" }), [hello], false);
    expect(answer.trailers["grpc-status"]).toBe("0");
    expect(answer.reset).toBe(ErrorCode.NO_ERROR);
  });
});

describe("back pressure", () => {
  it("holds back a caller whose messages nobody reads", async () => {
    const { client } = start({ clientStream() {} });
    const { id } = await client.open(requestWith({ ":path": "/test.Service/ClientStream" }), [], false);
    await pause();
    let taken = 0;
    while (taken < 100 && client.connection.sendData(id, frameMessage(Buffer.alloc(10_000)), false)) {
      taken++;
      await pause(1);
    }
    expect(taken).toBeLessThan(60);
  });

  it("holds back a handler whose caller does not read", async () => {
    let written = 0;
    const { client } = start({
      async serverStream(call: ServerWritableStream<Buffer, Buffer>) {
        while (!call.cancelled) {
          const more = call.write(Buffer.alloc(20_000));
          written++;
          if (!more) await new Promise((resolve) => call.once("drain", resolve));
        }
      },
    });
    client.connection.consume = () => {};
    const { id } = await client.open(requestWith({ ":path": "/test.Service/ServerStream" }), [hello]);
    await pause(100);
    expect(written).toBeGreaterThan(5);
    expect(written).toBeLessThan(100);
    client.reset(id, ErrorCode.CANCEL);
    await pause();
  });
});

describe("shutdown", () => {
  it("lets calls under way finish and refuses later ones", async () => {
    let answer: (() => void) | undefined;
    const { server, client } = start({
      unary(call: Unary, callback: Callback) {
        answer = () => callback(null, call.request);
      },
    });
    const { answer: pending } = await client.open(GRPC_REQUEST, [hello]);
    await pause();
    const down = server.shutdown(5_000);
    await pause();
    expect(client.goaways[0]).toMatchObject({ code: ErrorCode.NO_ERROR });
    expect(client.connection.canOpenStream).toBe(false);
    answer?.();
    expect((await pending).trailers["grpc-status"]).toBe("0");
    await down;
    expect(server.connectionCount).toBe(0);
  });

  it("cancels what still runs after the grace", async () => {
    let told = 0;
    const { server, client } = start({
      unary(call: Unary) {
        call.on("cancelled", () => told++);
      },
    });
    const { answer } = await client.open(GRPC_REQUEST, [hello]);
    await pause();
    await server.shutdown(30);
    expect(told).toBe(1);
    expect((await answer).reset).toBeDefined();
  });

  it("turns connections away above their number, with a reason", async () => {
    const { server, client } = start({ unary: echo }, { maxConnections: 1 });
    await client.call(GRPC_REQUEST, [hello]);
    const second = connectTo(server);
    await second.done;
    expect(second.goaways).toEqual([{ code: ErrorCode.ENHANCE_YOUR_CALM, debug: "too_many_connections" }]);
    expect(server.connectionCount).toBe(1);
    expect(connections.map(({ event }) => event)).toEqual(["open", "refused"]);
  });

  it("keeps places for those who come by VSOCK or a Unix socket when the network has taken the rest", async () => {
    const { server, client } = start({ unary: echo }, { maxConnections: 33 });
    client.close();
    const from = (host: number): Parameters<typeof connectTo>[2] => ({
      transport: "tcp",
      address: `tcp://192.0.2.${host}:7`,
    });
    const strangers = Array.from({ length: 32 }, (_, host) => connectTo(server, undefined, from(host)));
    await strangers[31].done;
    expect(strangers[31].goaways[0]?.debug).toBe("too_many_connections");
    for (const transport of ["unix", "vsock"] as const) {
      const peer = { transport, address: `${transport}://x`, cid: 2 };
      const administrator = connectTo(server, undefined, peer);
      expect((await administrator.call(GRPC_REQUEST, [hello])).trailers["grpc-status"]).toBe("0");
      administrator.close();
    }
    for (const stranger of strangers) stranger.close();
  });

  it("turns one peer's connections away above their number, and lets another peer in", async () => {
    const { server, client } = start({ unary: echo }, { maxConnectionsPerPeer: 1 });
    await client.call(GRPC_REQUEST, [hello]);
    const second = connectTo(server);
    await second.done;
    expect(second.goaways).toEqual([{
      code: ErrorCode.ENHANCE_YOUR_CALM,
      debug: "too_many_connections_of_peer",
    }]);
    const other = connectTo(server, undefined, { transport: "vsock", address: "vsock://2:7", cid: 2 });
    expect((await other.call(GRPC_REQUEST, [hello])).trailers["grpc-status"]).toBe("0");
    other.close();
  });

  it("counts a client behind a proxy by its own network, not by the proxy's socket", async () => {
    const { server, client } = start({ unary: echo }, { maxConnectionsPerPeer: 1 });
    await client.call(GRPC_REQUEST, [hello]);
    const from = (host: string) =>
      connectTo(server, undefined, { transport: "tcp", address: `tcp://[${host}]:7` });
    const first = from("2001:db8::1");
    expect((await first.call(GRPC_REQUEST, [hello])).trailers["grpc-status"]).toBe("0");
    const neighbour = from("2001:db8::2");
    await neighbour.done;
    expect(neighbour.goaways[0]?.debug).toBe("too_many_connections_of_peer");
    const stranger = from("2001:db8:0:1::1");
    expect((await stranger.call(GRPC_REQUEST, [hello])).trailers["grpc-status"]).toBe("0");
    first.close();
    stranger.close();
  });

  it("sends no message above its limit: RESOURCE_EXHAUSTED names both sizes", async () => {
    const { client } = start({ unary: echo }, { maxSendMessageBytes: 3 });
    const { trailers, headers } = await client.call(GRPC_REQUEST, [hello]);
    expect({ ...headers, ...trailers }["grpc-status"]).toBe("8");
    expect({ ...headers, ...trailers }["grpc-message"]).toMatch(/ at most 3$/);
  });
});

describe("registration", () => {
  it("refuses a method twice and a definition without methods", () => {
    const server = new Server();
    server.addService(definition, {});
    expect(() => server.addService(definition, {})).toThrow("already provided");
    expect(() => new Server().addService({}, {})).toThrow("empty");
  });

  it("keeps `this` for handlers that are methods", async () => {
    class Service {
      suffix = "!";
      unary(call: Unary, callback: Callback): void {
        callback(null, Buffer.concat([call.request, Buffer.from(this.suffix)]));
      }
    }
    const { client } = start(new Service() as unknown as UntypedServiceImplementation);
    expect((await client.call(GRPC_REQUEST, [hello])).data.subarray(5).toString()).toBe("hello!");
  });
});
