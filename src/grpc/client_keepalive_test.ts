import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ErrorCode } from "../http2/mod.ts";
import { Channel, type ChannelOptions, fromGrpcJsOptions, type Target } from "./channel.ts";
import { bidi, type ClientMethod } from "./client.ts";
import { ClientKeepalive, type KeepaliveLink } from "./client_keepalive.ts";
import type { Conn } from "./conn.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { WireServer, wireTarget } from "./wire_server.ts";

const method: ClientMethod<Uint8Array, Uint8Array> = {
  path: "/test.Service/Bidi",
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};
/** In memory a few turns of the event loop carry anything there and back. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

class FakeLink implements KeepaliveLink {
  heardMs = 0;
  openCalls = 1;
  pings: number[] = [];
  lost: string[] = [];

  constructor(private readonly clock: VirtualClock) {}

  ping(): void {
    this.pings.push(this.clock.nowMs());
  }

  lose(reason: string): void {
    this.lost.push(reason);
  }
}

function keepalive(permitWithoutCalls = false, timeMs = 1_000, timeoutMs = 200) {
  const clock = new VirtualClock();
  const link = new FakeLink(clock);
  const one = new ClientKeepalive({ timeMs, timeoutMs, permitWithoutCalls }, clock, link);
  one.wake();
  return { clock, link, one };
}

describe("the client's keepalive", () => {
  it("asks after silence, not while bytes come", () => {
    const { clock, link } = keepalive();
    for (let i = 0; i < 10; i++) {
      clock.advance(900);
      link.heardMs = clock.nowMs();
    }
    expect(link.pings).toEqual([]);
    clock.advance(999);
    expect(link.pings).toEqual([]);
    clock.advance(1);
    expect(link.pings).toEqual([10_000]);
  });

  it("ends a connection that says nothing, and takes any byte for an answer", () => {
    const { clock, link } = keepalive();
    clock.advance(1_100);
    link.heardMs = clock.nowMs();
    clock.advance(100);
    expect(link.lost).toEqual([]);
    clock.advance(900);
    expect(link.pings).toEqual([1_000, 2_100]);
    clock.advance(199);
    expect(link.lost).toEqual([]);
    clock.advance(1);
    expect(link.lost).toEqual(["keepalive ping failed: the server sent nothing within 200 ms"]);
    clock.advance(100_000);
    expect(link.lost).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it("keeps its rhythm when the time to answer is the longer one", () => {
    const { clock, link } = keepalive(false, 100, 1_000);
    clock.advance(110);
    link.heardMs = clock.nowMs();
    clock.advance(200);
    expect(link.pings).toEqual([100, 210]);
    clock.advance(899);
    expect(link.lost).toEqual([]);
    clock.advance(1);
    expect(link.lost).toHaveLength(1);
  });

  it("sleeps without calls, and asks at once when one opens after the silence", () => {
    const { clock, link, one } = keepalive();
    link.openCalls = 0;
    clock.advance(50_000);
    expect(link.pings).toEqual([]);
    expect(clock.pending).toBe(0);
    link.openCalls = 1;
    one.wake();
    expect(link.pings).toEqual([50_000]);
  });

  it("asks without calls where that is permitted", () => {
    const { clock, link } = keepalive(true);
    link.openCalls = 0;
    clock.advance(1_000);
    expect(link.pings).toEqual([1_000]);
  });

  it("gives the server its time again when this process stood still", () => {
    const { clock, link } = keepalive();
    clock.advance(1_000);
    expect(link.pings).toHaveLength(1);
    clock.leap(10_000);
    clock.advance(0);
    expect(link.lost).toEqual([]);
    clock.advance(200);
    expect(link.lost).toHaveLength(1);
  });

  it("leaves no timer behind when it is stopped", () => {
    const { clock, one } = keepalive();
    one.stop();
    expect(clock.pending).toBe(0);
  });
});

describe("a channel with keepalive", () => {
  const channels: Channel[] = [];
  afterEach(() => channels.splice(0).forEach((channel) => channel.close()));

  const options = { keepaliveTimeMs: 10_000, keepaliveTimeoutMs: 1_000 };
  function channelTo(target: Target, more: ChannelOptions = options) {
    const clock = new VirtualClock();
    const channel = new Channel([target], { clock, ...more });
    channels.push(channel);
    return { clock, channel };
  }

  it("keeps a call alive as long as the server answers", async () => {
    const target = wireTarget();
    const { clock, channel } = channelTo(target);
    const call = bidi(channel, method);
    await settle();
    for (let i = 1; i <= 5; i++) {
      clock.advance(10_000);
      await settle();
      expect(target.servers[0].pings).toBe(i);
    }
    expect(call.ended).toBe(false);
    call.cancel();
  });

  it("ends its calls with UNAVAILABLE when the server is silent, and connects anew", async () => {
    const target = wireTarget();
    let silent = false;
    const { clock, channel } = channelTo({
      address: target.address,
      dial: async () => {
        const conn = await target.dial();
        const read = async (into: Uint8Array): Promise<number | null> => {
          for (;;) {
            const length = await conn.read(into);
            if (length === null || !silent || target.servers.length > 1) return length;
          }
        };
        return { ...conn, read };
      },
    });
    const call = bidi(channel, method);
    await settle();
    silent = true;
    clock.advance(10_000);
    await settle();
    clock.advance(999);
    expect(call.ended).toBe(false);
    clock.advance(1);
    await expect(call.next()).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: "Connection dropped: keepalive ping failed: the server sent nothing within 1000 ms",
    });
    const next = bidi(channel, method);
    await settle();
    expect(target.servers).toHaveLength(2);
    expect(target.servers[1].requests.size).toBe(1);
    next.cancel();
  });

  it("gives a real socket up whose other end falls silent", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let silent = false;
    const asConn = (conn: Deno.TcpConn): Conn => ({
      peer: { transport: "tcp", address: "tcp://127.0.0.1" },
      read: (into) => conn.read(into),
      write: (bytes) => silent ? Promise.resolve(bytes.length) : conn.write(bytes),
      close: () => conn.close(),
    });
    const accepting = listener.accept().then((conn) => new WireServer(asConn(conn)));
    const channel = new Channel([{
      address: "tcp://127.0.0.1",
      dial: async () => {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
        return { ...asConn(conn), write: (bytes: Uint8Array) => conn.write(bytes) };
      },
    }], { keepaliveTimeMs: 50, keepaliveTimeoutMs: 500 });
    channels.push(channel);
    const call = bidi(channel, method);
    const server = await accepting;
    await expect.poll(() => server.pings).toBeGreaterThan(2);
    expect(call.ended).toBe(false);
    silent = true;
    await expect(call.next()).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining("keepalive ping failed"),
    });
    await server.done;
    listener.close();
  });

  it("sends no PING without calls", async () => {
    const target = wireTarget();
    const { clock, channel } = channelTo(target);
    channel.getConnectivityState(true);
    await settle();
    clock.advance(100_000);
    await settle();
    expect(target.servers[0].pings).toBe(0);
  });

  it("doubles its time when the server says too_many_pings", async () => {
    const target = wireTarget();
    const { clock, channel } = channelTo(target, { ...options, keepalivePermitWithoutCalls: true });
    channel.getConnectivityState(true);
    await settle();
    for (const { server, timeMs } of [{ server: 0, timeMs: 10_000 }, { server: 1, timeMs: 20_000 }]) {
      clock.advance(timeMs - 1);
      await settle();
      expect(target.servers[server].pings).toBe(0);
      clock.advance(1);
      await settle();
      expect(target.servers[server].pings).toBe(1);
      target.servers[server].goaway(ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings");
      await settle();
      clock.advance(1_000);
      channel.getConnectivityState(true);
      await settle();
    }
    expect(target.servers).toHaveLength(3);
    clock.advance(39_999);
    await settle();
    expect(target.servers[2].pings).toBe(0);
    clock.advance(1);
    await settle();
    expect(target.servers[2].pings).toBe(1);
  });

  it("takes grpc-js's option names, -1 for never", async () => {
    const never = wireTarget();
    const { clock: neverClock, channel: without } = channelTo(
      never,
      fromGrpcJsOptions({ "grpc.keepalive_time_ms": -1, "grpc.keepalive_permit_without_calls": 1 }),
    );
    const target = wireTarget();
    const { clock, channel } = channelTo(
      target,
      fromGrpcJsOptions({
        "grpc.keepalive_time_ms": 5_000,
        "grpc.keepalive_timeout_ms": 100,
        "grpc.keepalive_permit_without_calls": 1,
      }),
    );
    without.getConnectivityState(true);
    channel.getConnectivityState(true);
    await settle();
    neverClock.advance(1_000_000);
    clock.advance(5_000);
    await settle();
    expect([never.servers[0].pings, target.servers[0].pings]).toEqual([0, 1]);
  });

  it("refuses times that are not positive", () => {
    const { dial, address } = wireTarget();
    for (const keepaliveTimeMs of [0, -1, NaN]) {
      expect(() => new Channel([{ address, dial }], { keepaliveTimeMs })).toThrow(RangeError);
    }
  });
});
