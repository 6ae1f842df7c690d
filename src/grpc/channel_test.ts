import { Buffer } from "node:buffer";
import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  propagate,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { Connection, type ConnectionEvents, ErrorCode } from "../http2/mod.ts";
import { Channel, type ChannelOptions, type Target } from "./channel.ts";
import { type ClientMethod, unary } from "./client.ts";
import { systemClock } from "./clock.ts";
import type { Conn, Dial } from "./conn.ts";
import { connPair, MemoryListener } from "./conn_pair.ts";
import { Driver } from "./driver.ts";
import { GrpcError } from "./status.ts";
import { Server, type ServerOptions } from "./server.ts";

const raw = (bytes: Buffer) => bytes;
const echoMethod = {
  path: "/test.Echo/Echo",
  requestStream: false,
  responseStream: false,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
};
const definition: ServiceDefinition = { echo: echoMethod };
const method: ClientMethod<Buffer, Buffer> = echoMethod;
const hello = Buffer.from("hello");
const pause = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));

type Handler = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => unknown;
const echo: Handler = (call, callback) => callback(null, call.request);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function serve(handler: Handler = echo, options: ServerOptions = {}) {
  const server = new Server(options);
  server.addService(definition, { echo: handler });
  const listener = new MemoryListener();
  void server.serve(listener);
  cleanups.push(() => server.shutdown(0));
  return { server, listener, target: { address: listener.address, dial: listener.dial } satisfies Target };
}

function channelTo(targets: Target[], options: ChannelOptions = {}): Channel {
  const channel = new Channel(targets, { maxBackoffMs: 50, ...options });
  cleanups.push(() => channel.close());
  return channel;
}

const broken = (address: string, reason: string): Target => ({
  address,
  dial: () => Promise.reject(new Error(reason)),
});

async function errorOf(promise: Promise<unknown>): Promise<GrpcError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof GrpcError) return error;
    throw error;
  }
  throw new Error("the call ended well");
}

describe("the channel's addresses", () => {
  it("are tried in order until one answers", async () => {
    const { target } = serve();
    const channel = channelTo([broken("vsock://3:1", "no such device"), target]);
    expect(await unary(channel, method, hello)).toEqual(hello);
    expect(channel.getTarget()).toBe("vsock://3:1,unix:///memory");
  });

  it("are all named with their errors when none answers", async () => {
    const channel = channelTo([
      broken("vsock://3:1", "no such device"),
      broken("tcp://h:1", "connection refused"),
    ]);
    const error = await errorOf(unary(channel, method, hello));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.details).toContain("vsock://3:1: no such device; tcp://h:1: connection refused");
  });

  it("that accept and then say nothing, or no HTTP/2, are passed over", async () => {
    const { target } = serve();
    const far: Conn[] = [];
    const silent: Dial = () => {
      const [near, other] = connPair();
      far.push(other);
      return Promise.resolve(near);
    };
    const babbling: Dial = async () => {
      const [near, other] = connPair();
      await other.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(3)));
      return near;
    };
    const hanging: Dial = () => new Promise(() => {});
    const targets = [silent, babbling, hanging].map((dial, i) => ({ address: `tcp://h:${i}`, dial }));
    const channel = channelTo([...targets, target], { connectTimeoutMs: 50 });
    expect(await unary(channel, method, hello)).toEqual(hello);
    expect(await far[0].read(new Uint8Array(100))).not.toBeNull();
  });

  it("are tried again after a pause", async () => {
    const { target } = serve();
    let attempts = 0;
    const flaky = {
      address: "a",
      dial: () => ++attempts < 3 ? Promise.reject(new Error("down")) : target.dial(),
    };
    const channel = channelTo([flaky]);
    await errorOf(unary(channel, method, hello));
    expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE);
    expect(await unary(channel, method, hello, { waitForReady: true })).toEqual(hello);
    expect(attempts).toBe(3);
  });

  it("need at least one", () => {
    expect(() => new Channel([])).toThrow("at least one address");
  });
});

describe("a server that goes away", () => {
  it("is left at GOAWAY: calls under way end there, new ones go to a new connection", async () => {
    let finish: (() => void) | undefined;
    const first = serve((call, callback) => void (finish = () => callback(null, call.request)));
    const second = serve();
    let dials = 0;
    const dial: Dial = () => dials++ === 0 ? first.listener.dial() : second.listener.dial();
    const channel = channelTo([{ address: "a", dial }]);
    const pending = unary(channel, method, hello);
    await pause();
    const down = first.server.shutdown(2_000);
    await pause();
    expect(await unary(channel, method, Buffer.from("next"))).toEqual(Buffer.from("next"));
    finish?.();
    expect(await pending).toEqual(hello);
    await down;
    expect(dials).toBe(2);
  });

  it("ends its calls with UNAVAILABLE when it vanishes; later ones connect again", async () => {
    const conns: Conn[] = [];
    const { listener } = serve((call, callback) => {
      if (call.request.length === 0) return;
      callback(null, call.request);
    });
    const dial: Dial = async () => {
      const conn = await listener.dial();
      conns.push(conn);
      return conn;
    };
    const channel = channelTo([{ address: "a", dial }]);
    await unary(channel, method, hello);
    const lost = errorOf(unary(channel, method, Buffer.alloc(0)));
    await pause();
    conns[0].close();
    expect(await lost).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining("dropped"),
    });
    expect(await unary(channel, method, hello)).toEqual(hello);
    expect(conns).toHaveLength(2);
  });

  it("repeats a call that was refused unseen, once", async () => {
    const attempts: number[] = [];
    const refusing = (times: number): Target => ({
      address: "a",
      dial: () => {
        const [near, far] = connPair();
        refusingServer(far, times, attempts);
        return Promise.resolve(near);
      },
    });
    expect(await unary(channelTo([refusing(1)]), method, hello)).toEqual(Buffer.alloc(0));
    expect(attempts).toEqual([1, 3]);
    attempts.length = 0;
    const error = await errorOf(unary(channelTo([refusing(9)]), method, hello));
    expect(error).toMatchObject({ code: status.UNAVAILABLE, details: "Stream refused by server" });
    expect(attempts).toEqual([1, 3]);
  });
});

describe("the limits of a channel", () => {
  it("queue calls above the server's concurrent streams, in order", async () => {
    let running = 0, most = 0;
    const done: string[] = [];
    const { target } = serve(async (call, callback) => {
      most = Math.max(most, ++running);
      await pause(3);
      running--;
      callback(null, call.request);
    }, { http2: { maxConcurrentStreams: 4 } });
    const channel = channelTo([target]);
    await Promise.all(Array.from({ length: 30 }, async (_, i) => {
      done.push(String(await unary(channel, method, Buffer.from(String(i)))));
    }));
    expect(most).toBeLessThanOrEqual(4);
    expect(done).toEqual(Array.from({ length: 30 }, (_, i) => String(i)));
  });

  it("let a waiting call's deadline pass, saying what it waited for", async () => {
    const channel = channelTo([{ address: "a", dial: () => new Promise(() => {}) }]);
    const error = await errorOf(unary(channel, method, hello, { deadlineMs: 30 }));
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    expect(error.details).toContain("waiting for a connection (a hasn't answered yet)");
  });

  it("end waiting calls at close, and let those under way finish", async () => {
    const { target } = serve(async (call, callback) => {
      await pause(30);
      callback(null, call.request);
    });
    const channel = channelTo([target]);
    const running = unary(channel, method, hello);
    await pause(10);
    channel.close();
    expect(await running).toEqual(hello);
    expect((await errorOf(unary(channel, method, hello))).code).toBe(status.UNAVAILABLE);
    const waiting = channelTo([{ address: "a", dial: () => new Promise(() => {}) }]);
    const queued = errorOf(unary(waiting, method, hello));
    waiting.close();
    expect((await queued).details).toContain("closed");
  });
});

describe("stubs of grpc-js over the channel", () => {
  const stub = (channel: Channel) =>
    new Client("unused", credentials.createInsecure(), { channelOverride: channel });

  it("wait for it to be ready", async () => {
    const { target } = serve();
    const client = stub(channelTo([target]));
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + 2_000, (error) => error ? reject(error) : resolve())
    );
    expect(client.getChannel().getConnectivityState(false)).toBe(connectivityState.READY);
  });

  it("are told when it doesn't become ready in time", async () => {
    const client = stub(channelTo([{ address: "a", dial: () => new Promise(() => {}) }]));
    const error = await new Promise((resolve) => client.waitForReady(Date.now() + 30, resolve));
    expect(error).toBeInstanceOf(Error);
  });

  it("take a deadline and a cancellation from the call that they serve", async () => {
    let parentCall: ServerUnaryCall<Buffer, Buffer> | undefined;
    const back = serve(() => {});
    const backClient = stub(channelTo([back.target]));
    const codes: number[] = [];
    const flags = [propagate.DEADLINE, propagate.CANCELLATION];
    const front = serve((call) => {
      parentCall = call;
      backClient.makeUnaryRequest(method.path, raw, raw, hello, new Metadata(), {
        parent: call,
        propagate_flags: flags.shift(),
      }, (error) => {
        codes.push(error?.code ?? 0);
      });
    });
    const channel = channelTo([front.target]);
    await errorOf(unary(channel, method, hello, { deadlineMs: 40 }));
    await pause();
    const abort = new AbortController();
    const second = errorOf(unary(channel, method, hello, { signal: abort.signal }));
    await pause();
    abort.abort();
    await second;
    await pause();
    expect(parentCall?.cancelled).toBe(true);
    expect(codes).toEqual([status.DEADLINE_EXCEEDED, status.CANCELLED]);
  });

  it("can't send call credentials over a plain transport", async () => {
    const { target } = serve();
    const creds = credentials.createFromMetadataGenerator((_options, callback) =>
      callback(null, new Metadata())
    );
    const code = await new Promise((resolve) => {
      stub(channelTo([target])).makeUnaryRequest(
        method.path,
        raw,
        raw,
        hello,
        new Metadata(),
        { credentials: creds },
        (error) => resolve(error?.code),
      );
    });
    expect(code).toBe(status.UNAUTHENTICATED);
  });
});

/** Refuses the first `times` streams, then answers with an empty message. */
function refusingServer(conn: Conn, times: number, attempts: number[]): void {
  const events: ConnectionEvents = {
    onHeaders(streamId) {
      attempts.push(streamId);
      if (attempts.length <= times) return connection.reset(streamId, ErrorCode.REFUSED_STREAM);
      connection.sendHeaders(streamId, [":status", "200", "content-type", "application/grpc"], false);
      connection.sendData(streamId, new Uint8Array(5), false);
      connection.sendHeaders(streamId, ["grpc-status", "0"], true);
    },
    onData: () => {},
    onReset: () => {},
    onWritable: () => {},
    onGoaway: () => {},
    onClosed: () => {},
  };
  const connection = new Connection("server", {}, events, systemClock.nowMs());
  void new Driver(conn, connection, systemClock, 0).run();
}
