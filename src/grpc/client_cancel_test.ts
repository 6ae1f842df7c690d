// Whatever ends a call, and whenever: the caller hears of it once, the server is told, nothing stays behind.
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { Client, credentials, Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ErrorCode } from "../http2/mod.ts";
import { Channel, type ChannelOptions, type Target } from "./channel.ts";
import { bidi, type CallOptions, type ClientMethod, unary } from "./client.ts";
import type { ParentCall } from "./parent_call.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { wireTarget } from "./wire_server.ts";

const method: ClientMethod<Uint8Array, Uint8Array> = {
  path: "/test.Service/Bidi",
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};
const message = new Uint8Array(10);
const settle = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
const NOTHING = { waiting: 0, open: 0, deadlines: 0 };

const channels: Channel[] = [];
afterEach(() => channels.splice(0).forEach((channel) => channel.close()));

function channelTo(target: Target, options: ChannelOptions = {}): Channel {
  const channel = new Channel([target], { maxBackoffMs: 20, ...options });
  channels.push(channel);
  return channel;
}

const codeOf = (promise: Promise<unknown>) => promise.then(() => status.OK, (error) => error.code as number);

describe("a call that is cancelled", () => {
  it("before there is a connection never reaches a server", async () => {
    const target = wireTarget();
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const channel = channelTo({ address: "a", dial: () => gate.then(() => target.dial()) });
    const abort = new AbortController();
    const call = codeOf(unary(channel, method, message, { signal: abort.signal, deadlineMs: 10_000 }));
    expect(channel.counts).toEqual({ waiting: 1, open: 0, deadlines: 1 });
    abort.abort();
    expect(await call).toBe(status.CANCELLED);
    expect(channel.counts).toEqual(NOTHING);
    open();
    await settle();
    expect(target.servers[0].requests.size).toBe(0);
  });

  it("for a request that can't be serialized leaves no stream behind", async () => {
    const target = wireTarget();
    const channel = channelTo(target);
    const broken = {
      ...method,
      requestSerialize: () => {
        throw new TypeError("text is no string");
      },
    };
    const ending = {
      code: status.INTERNAL,
      details: "Request message serialization failure: text is no string",
    };
    await expect(unary(channel, broken, message)).rejects.toMatchObject(ending);
    const call = bidi(channel, broken);
    await call.send(message);
    await expect(call.next()).rejects.toMatchObject(ending);
    await settle();
    expect(channel.counts).toEqual(NOTHING);
    expect([...target.servers[0].requests.values()].filter(({ reset }) => reset === undefined)).toEqual([]);
  });

  it("while it waits for a stream leaves its place to the next", async () => {
    const target = wireTarget(undefined, { maxConcurrentStreams: 1 });
    const channel = channelTo(target);
    const first = bidi(channel, method);
    await settle();
    const abort = new AbortController();
    const second = codeOf(unary(channel, method, message, { signal: abort.signal }));
    const third = unary(channel, method, message);
    await settle();
    expect(channel.counts).toEqual({ waiting: 2, open: 1, deadlines: 0 });
    abort.abort();
    expect(await second).toBe(status.CANCELLED);
    first.cancel();
    await settle();
    const [server] = target.servers;
    expect([...server.requests.keys()]).toEqual([1, 3]);
    server.answer(3);
    await third;
    expect(channel.counts).toEqual(NOTHING);
  });

  it("in the middle sends RST_STREAM CANCEL, once", async () => {
    const target = wireTarget((server, id) => server.begin(id));
    const channel = channelTo(target);
    const call = bidi(channel, method, { deadlineMs: 10_000 });
    await call.send(message);
    await settle();
    call.cancel("enough");
    call.cancel("again");
    await expect(call.next()).rejects.toMatchObject({ code: status.CANCELLED, details: "enough" });
    await settle();
    expect(target.servers[0].requests.get(1)).toMatchObject({ bytes: 15, reset: ErrorCode.CANCEL });
    expect(target.servers[0].connection.openStreams).toBe(0);
    expect(channel.counts).toEqual(NOTHING);
  });

  it("while its messages wait for the server's window lets its sender go on", async () => {
    const target = wireTarget((server) => server.reads = false);
    const channel = channelTo(target);
    const call = bidi(channel, method);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 100 && !call.ended; sent++) await call.send(new Uint8Array(100_000));
    })();
    await settle();
    call.cancel();
    await sending;
    expect(sent).toBeLessThan(100);
    await settle();
    expect(channel.counts).toEqual(NOTHING);
  });

  it("after its end stays what it was, and nothing more is sent", async () => {
    const target = wireTarget((server, id) => server.answer(id));
    const channel = channelTo(target);
    const call = bidi(channel, method);
    call.sendOnly(message);
    expect(await call.next()).toHaveLength(0);
    expect(await call.next()).toBeUndefined();
    call.cancel();
    await call.send(message);
    expect(await call.next()).toBeUndefined();
    await settle();
    expect(target.servers[0].requests.get(1)?.reset).toBeUndefined();
    expect(channel.counts).toEqual(NOTHING);
  });

  it("gives the connection's window back, unread messages included", async () => {
    const chunk = new Uint8Array(50_005);
    new DataView(chunk.buffer).setUint32(1, 50_000);
    const target = wireTarget((server, id) => {
      server.begin(id);
      server.send(id, chunk);
    });
    const channel = channelTo(target, { http2: { connectionWindowBytes: 65_535 } });
    for (let i = 0; i < 20; i++) {
      const call = bidi(channel, method);
      await settle(3);
      call.cancel();
    }
    const last = bidi(channel, method);
    expect(await last.next()).toHaveLength(50_000);
    last.cancel();
    expect(channel.counts).toEqual(NOTHING);
  });

  it("by its deadline tells the server so", async () => {
    const target = wireTarget();
    const channel = channelTo(target);
    await expect(unary(channel, method, message, { deadlineMs: 30 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: expect.stringContaining("remote_addr="),
    });
    await settle();
    const request = target.servers[0].requests.get(1);
    expect(request?.reset).toBe(ErrorCode.CANCEL);
    expect(Number.parseInt(String(request?.headers["grpc-timeout"]))).toBeLessThanOrEqual(30);
    expect(channel.counts).toEqual(NOTHING);
  });
});

describe("a call with a deadline", () => {
  it("tells the server what is left of it, after waiting and when it is repeated", async () => {
    const clock = new VirtualClock();
    const target = wireTarget();
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const channel = channelTo({ address: "a", dial: () => gate.then(() => target.dial()) }, { clock });
    const call = unary(channel, method, message, { deadlineMs: 5_000 });
    clock.advance(3_000);
    open();
    await settle();
    const [server] = target.servers;
    clock.advance(500);
    server.reset(1, ErrorCode.REFUSED_STREAM);
    await settle();
    const direct = unary(channel, method, message, { deadlineMs: 700 });
    await settle();
    const timeouts = [...server.requests.values()].map(({ headers }) => headers["grpc-timeout"]);
    expect(timeouts).toEqual(["2000m", "1500m", "700m"]);
    for (const id of [3, 5]) server.answer(id);
    await Promise.all([call, direct]);
  });
});

describe("a thousand calls that end in every way", () => {
  it("leave no stream, no queue entry, no deadline", async () => {
    let turn = 0;
    const target = wireTarget((server, id) => {
      switch (turn++ % 5) {
        case 0:
          return server.answer(id);
        case 1:
          return server.reset(id, ErrorCode.REFUSED_STREAM);
        case 2:
          return server.reset(id, ErrorCode.INTERNAL_ERROR);
        case 3:
          return server.begin(id);
      }
    }, { maxConcurrentStreams: 7 });
    const channel = channelTo(target);
    const calls = Array.from({ length: 1_000 }, (_, i) => {
      const signal = i % 3 === 0 ? AbortSignal.timeout(i % 40) : undefined;
      return codeOf(unary(channel, method, message, { signal, deadlineMs: 20 + i % 300 }));
    });
    const codes = new Set(await Promise.all(calls));
    expect(codes.size).toBeGreaterThanOrEqual(4);
    await settle(20);
    expect(channel.counts).toEqual(NOTHING);
    expect(target.servers[0].connection.openStreams).toBe(0);
    expect(target.servers).toHaveLength(1);
  });
});

describe("a call on behalf of another", () => {
  class FakeParent extends EventEmitter {
    cancelled = false;
    deadline: Date | number = Infinity;
    getDeadline = () => this.deadline;
  }
  const asParent = (parent: FakeParent) => parent as unknown as ParentCall;

  it("ends with it, whether the parent's end comes before or after its start", async () => {
    const target = wireTarget();
    const channel = channelTo(target);
    const parent = new FakeParent();
    const call = codeOf(unary(channel, method, message, { parent: asParent(parent) }));
    await settle();
    parent.cancelled = true;
    parent.emit("cancelled", "cancelled");
    expect(await call).toBe(status.CANCELLED);
    expect(await codeOf(unary(channel, method, message, { parent: asParent(parent) }))).toBe(
      status.CANCELLED,
    );
    await settle();
    expect(target.servers[0].requests.get(1)?.reset).toBe(ErrorCode.CANCEL);
    expect(channel.counts).toEqual(NOTHING);
  });

  it("gets the rest of its deadline, unless its own is earlier", async () => {
    const target = wireTarget((server, id) => server.answer(id));
    const channel = channelTo(target);
    const parent = new FakeParent();
    // Between two seconds: the system's clock may be set back a little meanwhile.
    parent.deadline = new Date(Date.now() + 4_500);
    for (const deadlineMs of [undefined, 60_000, 1_000]) {
      await unary(channel, method, message, { parent: asParent(parent), deadlineMs });
    }
    const timeouts = [...target.servers[0].requests.values()].map(({ headers }) =>
      Number.parseInt(headers["grpc-timeout"])
    );
    expect(timeouts.map((ms) => Math.ceil(ms / 1_000))).toEqual([5, 5, 1]);
  });

  it("leaves no listener on it, by the plain API and by a stub", async () => {
    const target = wireTarget((server, id) => server.answer(id));
    const channel = channelTo(target);
    const parent = new FakeParent();
    const options: CallOptions = { parent: asParent(parent) };
    for (let i = 0; i < 20; i++) await unary(channel, method, message, options);
    const stub = new Client("unused", credentials.createInsecure(), { channelOverride: channel });
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => {
        stub.makeUnaryRequest(
          method.path,
          (bytes: Buffer) => bytes,
          (bytes) => bytes,
          Buffer.from(message),
          new Metadata(),
          { parent: parent as unknown as ServerUnaryCall<Buffer, Buffer> },
          resolve,
        );
      });
    }
    await settle();
    expect(parent.listenerCount("cancelled")).toBe(0);
  });
});
