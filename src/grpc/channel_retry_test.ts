// What a channel repeats by itself, where it goes when a server leaves, and in which rhythm it tries again.
import { connectivityState, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ErrorCode } from "../http2/mod.ts";
import { Channel, type ChannelOptions, type Target } from "./channel.ts";
import { bidi, type ClientMethod, unary } from "./client.ts";
import { MAX_QUEUED_CALLS, MAX_REPLAY_BYTES } from "./limits.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { wireTarget } from "./wire_server.ts";

const method: ClientMethod<Uint8Array, Uint8Array> = {
  path: "/test.Service/Unary",
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};
const message = new Uint8Array(10);
const settle = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));

const channels: Channel[] = [];
afterEach(() => channels.splice(0).forEach((channel) => channel.close()));

function channelTo(targets: Target[], options: ChannelOptions = {}): Channel {
  const channel = new Channel(targets, { maxBackoffMs: 20, ...options });
  channels.push(channel);
  return channel;
}

/** Moves time in small steps, so that what is sent is read in between. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let i = 0; i < ms; i += 20) {
    clock.advance(20);
    if (i % 100 === 0) await settle(0);
  }
}

interface Ending {
  code: number;
  details: string;
}
const endingOf = (promise: Promise<unknown>): Promise<Ending> =>
  promise.then(() => ({ code: status.OK, details: "" }), ({ code, details }) => ({ code, details }));

/** GOAWAY as a frame: the engine's own would take care to name no stream that it serves. */
function goawayFrame(lastStreamId: number): Uint8Array {
  const frame = new Uint8Array(17);
  frame.set([0, 0, 8, 7]);
  new DataView(frame.buffer).setUint32(9, lastStreamId);
  return frame;
}

describe("a GOAWAY", () => {
  it("lets the calls up to its last stream end, and repeats those above on a new connection", async () => {
    const target = wireTarget();
    const channel = channelTo([target]);
    const calls = [0, 1, 2].map(() => unary(channel, method, message));
    await settle();
    const [first] = target.servers;
    expect([...first.requests.keys()]).toEqual([1, 3, 5]);
    await first.raw(goawayFrame(1));
    await settle();
    expect(target.servers).toHaveLength(2);
    const second = target.servers[1];
    expect([...second.requests.values()].map(({ bytes, ended }) => [bytes, ended])).toEqual([[15, true], [
      15,
      true,
    ]]);
    first.answer(1, 1);
    second.answer(1, 2);
    second.answer(3, 3);
    expect((await Promise.all(calls)).map(({ length }) => length)).toEqual([1, 2, 3]);
  });

  it("doesn't make a call run twice that the server may have seen", async () => {
    const target = wireTarget((server, id) => server.begin(id));
    const channel = channelTo([target]);
    const call = bidi(channel, method);
    await settle();
    // It answered on stream 1 and says now that it never saw it: what it did can't be known.
    await target.servers[0].raw(goawayFrame(0));
    await expect(call.next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(target.servers).toHaveLength(1);
  });

  it("followed by the end of the connection fails the calls it had accepted", async () => {
    const target = wireTarget();
    const channel = channelTo([target]);
    const call = endingOf(unary(channel, method, message));
    await settle();
    await target.servers[0].raw(goawayFrame(1));
    await settle();
    target.servers[0].close();
    expect((await call).code).toBe(status.UNAVAILABLE);
    expect(target.servers).toHaveLength(1);
  });
});

describe("REFUSED_STREAM", () => {
  it("repeats a call with all it has sent, once", async () => {
    const refuse = (id: number) => id <= 3;
    const target = wireTarget((server, id) => {
      if (refuse(id)) setTimeout(() => server.reset(id, ErrorCode.REFUSED_STREAM), 5);
    });
    const channel = channelTo([target]);
    const call = bidi(channel, method);
    await call.send(message);
    await call.send(message);
    await settle(20);
    const [server] = target.servers;
    expect([...server.requests.keys()]).toEqual([1, 3]);
    expect(server.requests.get(3)?.bytes).toBe(30);
    await expect(call.next()).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: "Stream refused by server",
    });
    expect(server.requests.size).toBe(2);
  });

  it("ends a call that has sent more than is kept for a repetition", async () => {
    const target = wireTarget();
    const channel = channelTo([target]);
    const call = bidi(channel, method);
    for (let sent = 0; sent <= MAX_REPLAY_BYTES; sent += 50_000) await call.send(new Uint8Array(50_000));
    await settle();
    const [server] = target.servers;
    server.reset(1, ErrorCode.REFUSED_STREAM);
    await expect(call.next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(server.requests.size).toBe(1);
  });

  it("of any other code ends the call as the server said", async () => {
    const target = wireTarget((server, id) => server.reset(id, ErrorCode.ENHANCE_YOUR_CALM));
    expect((await endingOf(unary(channelTo([target]), method, message))).code).toBe(
      status.RESOURCE_EXHAUSTED,
    );
    expect(target.servers[0].requests.size).toBe(1);
  });
});

describe("the server's limit of streams", () => {
  it("holds when it is lowered while calls are open, and when it is raised again", async () => {
    const target = wireTarget();
    const channel = channelTo([target]);
    const calls = [...Array(4)].map(() => unary(channel, method, message));
    await settle();
    const [server] = target.servers;
    await server.limitStreams(2);
    await settle();
    const later = [...Array(6)].map(() => unary(channel, method, message));
    await settle();
    expect(channel.counts).toMatchObject({ open: 4, waiting: 6 });
    for (const id of [1, 3]) server.answer(id);
    await settle();
    expect(channel.counts).toMatchObject({ open: 2, waiting: 6 });
    server.answer(5);
    await settle();
    expect(channel.counts).toMatchObject({ open: 2, waiting: 5 });
    await server.limitStreams(100);
    await settle();
    expect(channel.counts).toMatchObject({ open: 7, waiting: 0 });
    for (const id of server.requests.keys()) if (id >= 7) server.answer(id);
    await Promise.all([...calls, ...later]);
  });

  it("of one lets waiting calls have it one after the other", async () => {
    const target = wireTarget((server, id) => server.answer(id), { maxConcurrentStreams: 1 });
    const channel = channelTo([target]);
    await Promise.all([...Array(20)].map(() => unary(channel, method, message, { deadlineMs: 2_000 })));
    expect(target.servers[0].requests.size).toBe(20);
  });

  it("of one gives the stream on when the rest of a request leaves after the answer", async () => {
    const config = { maxConcurrentStreams: 1, streamWindowBytes: 1_000, maxWindowBytes: 0 };
    const target = wireTarget((server) => server.reads = false, config);
    const channel = channelTo([target]);
    const first = unary(channel, method, new Uint8Array(1_500));
    await settle();
    const [server] = target.servers;
    server.answer(1);
    await first;
    const second = unary(channel, method, message, { deadlineMs: 1_000 });
    await settle();
    expect(channel.counts).toMatchObject({ open: 0, waiting: 1 });
    server.connection.consume(1, 1_000);
    server.reset(99, ErrorCode.CANCEL); // of no stream: it only wakes the driver
    await settle();
    expect(channel.counts).toMatchObject({ open: 1, waiting: 0 });
    server.answer(3);
    await second;
  });

  it("of none makes calls wait until their deadline, and says so", async () => {
    const target = wireTarget(undefined, { maxConcurrentStreams: 0 });
    const ending = await endingOf(unary(channelTo([target]), method, message, { deadlineMs: 30 }));
    expect(ending.code).toBe(status.DEADLINE_EXCEEDED);
    expect(ending.details).toContain("waiting for a free stream");
  });

  it("bounds the queue: a call too many ends with RESOURCE_EXHAUSTED", async () => {
    const channel = channelTo([{ address: "a", dial: () => new Promise(() => {}) }]);
    for (let i = 0; i < MAX_QUEUED_CALLS; i++) bidi(channel, method).next().catch(() => {});
    expect(channel.counts.waiting).toBe(MAX_QUEUED_CALLS);
    const ending = await endingOf(unary(channel, method, message));
    expect(ending).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(ending.details).toContain("wait for a connection");
    channel.close();
    expect(channel.counts.waiting).toBe(0);
  });
});

describe("a connection that has carried as many calls as it may", () => {
  it("gives its place to a new one, and ends when its own calls have", async () => {
    const target = wireTarget();
    const channel = channelTo([target], { maxCallsPerConnection: 3 });
    const calls = [...Array(7)].map(() => unary(channel, method, message));
    await settle(20);
    expect(target.servers.map(({ requests }) => requests.size)).toEqual([3, 3, 1]);
    for (const server of target.servers) for (const id of server.requests.keys()) server.answer(id);
    await Promise.all(calls);
    await target.servers[0].done;
    expect(channel.counts).toEqual({ waiting: 0, open: 0, deadlines: 0 });
  });
});

describe("the addresses of a channel, after a fall-back", () => {
  it("stay as they are while the connection lives, and start with the first again after it", async () => {
    const vsock = wireTarget((server, id) => server.answer(id, 1));
    const tcp = wireTarget((server, id) => server.answer(id, 2));
    let down = true;
    const first: Target = {
      address: "vsock://3:1",
      dial: () => down ? Promise.reject(new Error("no such device")) : vsock.dial(),
    };
    const channel = channelTo([first, { address: "tcp://h:1", dial: tcp.dial }]);
    const answer = async () => (await unary(channel, method, message)).length;
    expect(await answer()).toBe(2);
    down = false;
    expect(await answer()).toBe(2);
    tcp.servers[0].goaway(ErrorCode.NO_ERROR);
    await settle();
    expect(await answer()).toBe(1);
    expect(tcp.servers).toHaveLength(1);
    down = true;
    vsock.servers[0].close();
    await settle();
    expect(await answer()).toBe(2);
  });
});

describe("the pauses between attempts", () => {
  it("grow with jitter up to their most, and start anew after a connection that was good", async () => {
    const clock = new VirtualClock();
    const attempts: number[] = [];
    const target = wireTarget();
    let up = false;
    const channel = channelTo([{
      address: "a",
      dial: () => {
        attempts.push(clock.nowMs());
        return up ? target.dial() : Promise.reject(new Error("down"));
      },
    }], { clock, maxBackoffMs: 2_000 });
    const call = bidi(channel, method, { waitForReady: true });
    const run = (ms: number) => pass(clock, ms);
    await run(12_000);
    const pauses = attempts.slice(1).map((at, i) => at - attempts[i]);
    const expected = [200, 320, 512, 819, 1_311, 2_000, 2_000];
    expect(pauses.length).toBeGreaterThanOrEqual(expected.length);
    expected.forEach((ms, i) => {
      expect(pauses[i]).toBeGreaterThanOrEqual(ms * 0.8 - 1);
      expect(pauses[i]).toBeLessThanOrEqual(ms * 1.2 + 140);
    });
    expect(new Set(pauses.slice(5, 7)).size).toBe(2);
    up = true;
    await run(3_000);
    expect(channel.getConnectivityState(false)).toBe(connectivityState.READY);
    await run(2_000);
    up = false;
    attempts.length = 0;
    target.servers[0].close();
    await settle();
    await expect(call.next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    bidi(channel, method, { waitForReady: true }).next().catch(() => {});
    await run(1_000);
    expect(attempts[1] - attempts[0]).toBeLessThanOrEqual(380);
  });

  it("start anew while a connection that was good and said GOAWAY still carries a call", async () => {
    const clock = new VirtualClock();
    const attempts: number[] = [];
    const target = wireTarget();
    let up = false;
    const dial = () => {
      attempts.push(clock.nowMs());
      return up ? target.dial() : Promise.reject(new Error("down"));
    };
    const channel = channelTo([{ address: "a", dial }], { clock, maxBackoffMs: 20_000 });
    const run = (ms: number) => pass(clock, ms);
    const long = bidi(channel, method, { waitForReady: true });
    await run(10_000);
    up = true;
    await run(10_000);
    expect(channel.getConnectivityState(false)).toBe(connectivityState.READY);
    up = false;
    attempts.length = 0;
    bidi(channel, method, { waitForReady: true }).next().catch(() => {});
    await settle();
    await target.servers[0].raw(goawayFrame(1)); // the second call goes elsewhere
    await settle();
    await run(1_000);
    expect(long.ended).toBe(false);
    expect(attempts[1] - attempts[0]).toBeLessThanOrEqual(380);
  });

  it("are kept by a server that accepts and closes at once", async () => {
    const clock = new VirtualClock();
    const target = wireTarget();
    const channel = channelTo([{
      address: "a",
      dial: async () => {
        const conn = await target.dial();
        setTimeout(() => target.servers.at(-1)?.close(), 1);
        return conn;
      },
    }], { clock });
    const codes: number[] = [];
    for (let i = 0; i < 20; i++) {
      codes.push((await endingOf(unary(channel, method, message))).code);
      await settle(2);
    }
    expect(new Set(codes)).toEqual(new Set([status.UNAVAILABLE]));
    expect(target.servers.length).toBeLessThanOrEqual(2);
  });
});
