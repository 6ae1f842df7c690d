import { status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ErrorCode } from "../http2/mod.ts";
import { type ConnectionPolicy, DEFAULT_POLICY } from "./connection_policy.ts";
import { PingStrikes } from "./ping_strikes.ts";
import {
  type Callback,
  closeAll,
  connections,
  echo,
  hello,
  pause,
  records,
  start,
  type Unary,
} from "./server_testkit.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { GRPC_REQUEST, requestWith, type WireClient } from "./wire_client.ts";

afterEach(closeAll);

const OFF: Partial<ConnectionPolicy> = { keepaliveTimeMs: Infinity };

/** A server on virtual time whose connection has answered its first call. */
async function started(
  policy: Partial<ConnectionPolicy>,
  implementation: UntypedServiceImplementation = { unary: echo },
) {
  const clock = new VirtualClock();
  const { client, server } = start(implementation, { clock, connections: { ...OFF, ...policy } });
  await client.settled;
  /** Second by second, so that what is sent is read in between. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1_000);
      await pause(1);
    }
  };
  return { client, server, clock, pass };
}

const goaways = (client: WireClient) => client.goaways.map(({ debug }) => debug);

describe("keepalive of the server", () => {
  it("asks a silent peer for a sign of life, and lets it stay when it gives one", async () => {
    const { client, pass } = await started({ keepaliveTimeMs: 10_000, keepaliveTimeoutMs: 3_000 });
    await pass(60);
    expect(client.goaways).toEqual([]);
    expect((await client.call(GRPC_REQUEST, [hello])).trailers["grpc-status"]).toBe("0");
  });

  it("ends a connection whose peer gives none", async () => {
    const { client, pass } = await started({ keepaliveTimeMs: 10_000, keepaliveTimeoutMs: 3_000 });
    client.deaf = true;
    await pass(11);
    expect(client.goaways).toEqual([]);
    await pass(6);
    expect(connections.at(-1)).toMatchObject({ event: "close", error: { message: "keepalive_timeout" } });
  });
});

describe("a server whose process stood still", () => {
  it("gives its peers their time again", async () => {
    const { client, clock, pass } = await started({ keepaliveTimeMs: 10_000, keepaliveTimeoutMs: 3_000 });
    client.deaf = true;
    await pass(12);
    clock.leap(3_600_000); // the PING is out, its answer may lie unread
    await pass(2);
    expect(connections.at(-1)?.event).toBe("open");
    await pass(5);
    expect(connections.at(-1)?.event).toBe("close");
  });
});

describe("a peer that pings", () => {
  const ping = (client: WireClient) => client.ping(new Uint8Array(8));

  it("sooner than it may gets too_many_pings after two strikes", async () => {
    const { client, clock } = await started({ minPingIntervalMs: 1_000 });
    for (let i = 0; i < 3; i++) ping(client);
    await pause();
    expect(client.goaways).toEqual([]);
    clock.advance(500);
    ping(client);
    await client.done;
    expect(client.goaways).toEqual([{ code: ErrorCode.ENHANCE_YOUR_CALM, debug: "too_many_pings" }]);
  });

  it("as often as it may, or once for each answer, is let be", async () => {
    const { client, clock } = await started({ minPingIntervalMs: 1_000 });
    for (let i = 0; i < 10; i++) {
      clock.advance(1_001);
      ping(client);
      await pause(1);
    }
    for (let i = 0; i < 10; i++) {
      await client.call(GRPC_REQUEST, [hello]);
      ping(client);
    }
    await pause();
    expect(client.goaways).toEqual([]);
  });

  it("without a call may do so every two hours where that is not permitted", () => {
    const strikes = new PingStrikes({ ...DEFAULT_POLICY, permitPingsWithoutCalls: false });
    const minute = 60_000;
    expect([0, 1, 2, 3].map((at) => strikes.allow(at * minute, 0, 0))).toEqual([true, true, true, false]);
    const active = new PingStrikes({ ...DEFAULT_POLICY, permitPingsWithoutCalls: false });
    expect([0, 1, 2, 3].map((at) => active.allow(at * minute, 0, 1))).toEqual([true, true, true, true]);
  });
});

describe("a connection", () => {
  it("of the maximum age is told to go, its calls go on, and end after the grace", async () => {
    let answer = () => {};
    const { client, pass } = await started({ maxAgeMs: 30_000, maxAgeGraceMs: 10_000 }, {
      unary: (call: Unary, callback: Callback) => answer = () => callback(null, call.request),
    });
    await pass(26);
    const finished = await client.open(GRPC_REQUEST, [hello]);
    await pause();
    const answerFirst = answer;
    const cut = await client.open(GRPC_REQUEST, [hello]);
    await pass(8);
    expect(goaways(client)).toEqual(["max_age", "max_age"]); // 2^31-1, then the last id
    answerFirst();
    expect((await finished.answer).trailers["grpc-status"]).toBe("0");
    await pass(11);
    expect((await cut.answer).reset).toBeDefined();
    expect(goaways(client).at(-1)).toBe("max_age_grace");
  });

  it("without a call for the idle time is told to go; one with calls now and then stays", async () => {
    const { client, pass } = await started({ maxIdleMs: 5_000 });
    for (let i = 0; i < 4; i++) {
      await pass(4);
      await client.call(GRPC_REQUEST, [hello]);
    }
    expect(client.goaways).toEqual([]);
    await pass(8);
    await client.done;
    expect(goaways(client)).toContain("max_idle");
  });

  it("is looked after only while there is one", async () => {
    const { client, clock, pass } = await started({});
    client.close();
    await pass(2);
    expect(clock.pending).toBe(0);
  });
});

describe("a request that comes too slowly", () => {
  const policy = { requestStallTimeoutMs: 5_000 };

  it.each([
    ["with headers alone", []],
    ["with a part of its message", [hello.subarray(0, 7)]],
    ["with its message and no end", [hello]],
  ])("%s ends with DEADLINE_EXCEEDED", async (_name, body) => {
    const { client, pass } = await started(policy);
    const { answer } = await client.open(GRPC_REQUEST, body, false);
    await pass(7);
    expect((await answer).headers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
    expect(records).toHaveLength(1);
  });

  it("and brings enough for its size may take its time", async () => {
    const { client, pass } = await started(policy);
    const body = new Uint8Array(5 + 100_000);
    body.set([0, 0, 1, 0x86, 0xa0]);
    const { id, answer } = await client.open(GRPC_REQUEST, [], false);
    for (let at = 0; at < body.length; at += 6_000) {
      client.send(id, body.slice(at, at + 6_000), at + 6_000 >= body.length);
      await pass(1);
    }
    expect((await answer).trailers["grpc-status"]).toBe("0");
  });

  it("is no stream that is quiet between two messages", async () => {
    const { client, pass } = await started(policy, {
      bidi: (call: NodeJS.ReadWriteStream) => call.pipe(call),
    });
    const request = requestWith({ ":path": "/test.Service/Bidi" });
    const { id, answer } = await client.open(request, [hello], false);
    await pass(20);
    client.send(id, hello, true);
    expect((await answer).data.length).toBe(2 * hello.length);
    const half = await client.open(request, [hello, hello.subarray(0, 3)], false);
    await pass(7);
    expect((await half.answer).trailers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
  });
});

describe("a handler that outlives its call", () => {
  it("keeps the call's place among the streams until it answers", async () => {
    const callbacks: Callback[] = [];
    const { client } = start({ unary: (_call: Unary, callback: Callback) => callbacks.push(callback) }, {
      http2: { maxConcurrentStreams: 2 },
    });
    for (let i = 0; i < 2; i++) {
      const { id } = await client.open(GRPC_REQUEST, [hello]);
      await pause();
      client.reset(id, ErrorCode.CANCEL);
    }
    expect((await client.call(GRPC_REQUEST, [hello])).reset).toBe(ErrorCode.REFUSED_STREAM);
    callbacks[0](null, hello as Parameters<Callback>[1]);
    const { answer } = await client.open(GRPC_REQUEST, [hello]);
    await pause();
    callbacks[2](null, hello as Parameters<Callback>[1]);
    expect((await answer).trailers["grpc-status"]).toBe("0");
  });

  it("keeps none when it listens for the end", async () => {
    const { client } = start({ unary: (call: Unary) => call.on("cancelled", () => {}) }, {
      http2: { maxConcurrentStreams: 1 },
    });
    for (let i = 0; i < 3; i++) {
      const { id, answer } = await client.open(GRPC_REQUEST, [hello]);
      await pause();
      expect(await Promise.race([answer, pause(5)])).toBeUndefined();
      client.reset(id, ErrorCode.CANCEL);
    }
  });
});
