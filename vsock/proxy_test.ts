// The proxy over real sockets: whole payloads, half-closes, faults and stops.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dialHybrid } from "./hybrid.ts";
import { proxy, type ProxyOptions, type ProxyTraffic } from "./proxy.ts";
import { SocketConn } from "./socket_conn.ts";
import { FakeHybridDaemon, pattern, readExactly, roundTrip, serveEcho, writeAll } from "./test_peers.ts";
import type { Conn, Dial, Listener, Peer } from "./types.ts";
import { dialUnix, listenUnix } from "./unix.ts";

let dir: string;
let stops: (() => Promise<void> | void)[];

beforeEach(async () => {
  dir = await Deno.makeTempDir();
  stops = [];
});

afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  await Deno.remove(dir, { recursive: true });
});

function unixPeer(name: string): Peer {
  return { transport: "unix", address: `unix://${dir}/${name}` };
}

function dialName(name: string): Dial {
  return (signal) => dialUnix(`${dir}/${name}`, unixPeer(name), { signal });
}

function listenName(name: string): Promise<Listener> {
  return listenUnix(`${dir}/${name}`, unixPeer(name));
}

/** Starts a proxy at "front"; stopped after the test. */
async function startProxy(to: Dial, options: Partial<ProxyOptions> = {}): Promise<void> {
  const abort = new AbortController();
  const over = proxy({ listen: await listenName("front"), to, signal: abort.signal, ...options });
  stops.push(() => {
    abort.abort();
    return over;
  });
}

async function startEcho(name: string): Promise<void> {
  const listener = await listenName(name);
  const served = serveEcho(listener);
  stops.push(() => {
    listener.close();
    return served;
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}

describe("proxy", () => {
  test("carries 2 MiB both ways on several connections at once and counts the bytes", async () => {
    await startEcho("back");
    const ends: ProxyTraffic[] = [];
    const met: string[] = [];
    await startProxy(dialName("back"), {
      onConnection: (client, target) => met.push(`${client.address} ${target.address}`),
      onEnd: (_client, traffic) => ends.push(traffic),
    });
    const sent = pattern(2 << 20);
    await Promise.all(Array.from({ length: 4 }, async () => {
      const conn = await dialName("front")();
      expect(await roundTrip(conn, sent)).toEqual(sent);
      conn.close();
    }));
    await until(() => ends.length === 4);
    expect(met).toHaveLength(4);
    expect(met[0]).toBe(`unix://${dir}/front unix://${dir}/back`);
    for (const end of ends) expect([end.sentBytes, end.receivedBytes]).toEqual([sent.length, sent.length]);
  });

  test("carries 2 MiB both ways to a hybrid VSOCK socket", async () => {
    const path = `${dir}/vm.sock`;
    const daemon = new FakeHybridDaemon(path, ["answer"]);
    stops.push(() => daemon.close());
    await startProxy((signal) => dialHybrid({ transport: "vsock+unix", path, port: 50051 }, { signal }));
    const conn = await dialName("front")();
    const sent = pattern(2 << 20);
    expect(await roundTrip(conn, sent)).toEqual(sent);
    conn.close();
  });

  test("hands on a half-close, and the answer that comes after it", async () => {
    const back = await listenName("back");
    const served = (async () => {
      for await (const conn of back) {
        const question = await readExactly(conn, 1000);
        await writeAll(conn, new TextEncoder().encode(`${question.length} bytes, then the end`));
        conn.close();
      }
    })();
    stops.push(() => {
      back.close();
      return served;
    });
    await startProxy(dialName("back"));
    const conn = await dialName("front")();
    await writeAll(conn, new Uint8Array(10));
    await conn.closeWrite!();
    expect(new TextDecoder().decode(await readExactly(conn, 1000))).toBe("10 bytes, then the end");
    conn.close();
  });

  test("a target that knows no half-close still answers, and the pair ends after silence", async () => {
    const path = `${dir}/vm.sock`;
    const daemon = new FakeHybridDaemon(path, ["answer"]);
    stops.push(() => daemon.close());
    const ends: ProxyTraffic[] = [];
    await startProxy((signal) => dialHybrid({ transport: "vsock+unix", path, port: 1 }, { signal }), {
      halfCloseSilenceMs: 50,
      onEnd: (_client, traffic) => ends.push(traffic),
    });
    const conn = await dialName("front")();
    const sent = pattern(300_000);
    const back = readExactly(conn, sent.length);
    await writeAll(conn, sent);
    await conn.closeWrite!();
    expect(await back).toEqual(sent);
    expect(await conn.read(new Uint8Array(1))).toBe(null);
    await until(() => ends.length === 1);
    conn.close();
  });

  test("a target that can't be reached closes that client, is reported, and the next works", async () => {
    const errors: unknown[] = [];
    await startProxy(dialName("back"), { onError: (error) => errors.push(error) });
    const unlucky = await dialName("front")();
    expect(await unlucky.read(new Uint8Array(1))).toBe(null);
    unlucky.close();
    expect(errors).toHaveLength(1);
    expect(String(errors[0])).toContain("no such socket file");
    await startEcho("back");
    const conn = await dialName("front")();
    expect(await roundTrip(conn, pattern(100))).toEqual(pattern(100));
    conn.close();
  });

  test("refuses a client beyond the limit and serves again when one has left", async () => {
    await startEcho("back");
    const errors: unknown[] = [];
    let ended = 0;
    await startProxy(dialName("back"), {
      maxConnections: 1,
      onError: (error) => errors.push(error),
      onEnd: () => ended++,
    });
    const first = await dialName("front")();
    await roundTrip(first, pattern(10));
    const second = await dialName("front")();
    expect(await second.read(new Uint8Array(1))).toBe(null);
    second.close();
    expect(String(errors[0])).toContain("1 connections are open");
    first.close();
    await until(() => ended === 1);
    const third = await dialName("front")();
    expect(await roundTrip(third, pattern(10))).toEqual(pattern(10));
    third.close();
  });

  test("hooks that throw end neither the pair nor the proxy", async () => {
    await startEcho("back");
    const fail = () => {
      throw new Error("the log is broken");
    };
    await startProxy(dialName("back"), { onConnection: fail, onEnd: fail, onError: fail });
    for (let i = 0; i < 2; i++) {
      const conn = await dialName("front")();
      expect(await roundTrip(conn, pattern(10))).toEqual(pattern(10));
      conn.close();
    }
  });

  test("stops at the signal although a client takes nothing, and leaves no socket file", async () => {
    const abort = new AbortController();
    const back = await listenName("back");
    const accepted: Conn[] = [];
    const flooded = (async () => {
      for await (const conn of back) {
        accepted.push(conn);
        (async () => {
          for (;;) await conn.write(new Uint8Array(1 << 16));
        })().catch(() => conn.close());
      }
    })();
    const over = proxy({ listen: await listenName("front"), to: dialName("back"), signal: abort.signal });
    const conn = await dialName("front")();
    await new Promise((resolve) => setTimeout(resolve, 100));
    abort.abort();
    await over;
    await expect(Deno.lstat(`${dir}/front`)).rejects.toThrow(Deno.errors.NotFound);
    conn.close();
    back.close();
    for (const each of accepted) each.close();
    await flooded;
  });

  test("holds no more than its buffers while the client takes nothing", async () => {
    // What the target has sent by the time everything is full: the kernel's buffers and one of ours.
    const target = Promise.withResolvers<Conn>();
    const back = await listenName("back");
    const served = (async () => {
      for await (const conn of back) target.resolve(conn);
    })();
    stops.push(() => {
      back.close();
      return served;
    });
    await startProxy(dialName("back"));
    const conn = await dialName("front")();
    const sender = await target.promise;
    let sentBytes = 0;
    const sending = (async () => {
      for (;;) sentBytes += await sender.write(new Uint8Array(1 << 16));
    })().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sentBytes).toBeLessThan(4 << 20);
    conn.close();
    sender.close();
    await sending;
  });

  test("works between anything with the shape of a Conn", async () => {
    await startEcho("back");
    await startProxy(async (signal) => {
      const inner = await dialName("back")(signal);
      expect(inner).toBeInstanceOf(SocketConn);
      return {
        peer: inner.peer,
        read: (into) => inner.read(into),
        write: (bytes) => inner.write(bytes.subarray(0, 1000)),
        close: () => inner.close(),
      };
    });
    const conn = await dialName("front")();
    const sent = pattern(50_000);
    expect(await roundTrip(conn, sent)).toEqual(sent);
    conn.close();
  });
});
