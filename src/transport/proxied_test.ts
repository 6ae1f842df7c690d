// The listener behind a proxy: who is let in, who is closed and when, and that nobody holds up the next one.
import { afterEach, expect, test, vi } from "vitest";
import { concat } from "../http2/testkit.ts";
import type { Conn } from "../grpc/conn.ts";
import { MemoryListener } from "../grpc/conn_pair.ts";
import { proxied, type ProxiedOptions } from "./proxied.ts";
import { ascii, certificate, header, ssl, tlsVersion } from "./proxy_v2_testkit.ts";

/** Longer than any test: what closes sooner wasn't the time limit. */
const NEVER_MS = 60_000;

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function start(options: Partial<ProxiedOptions> = {}, pieceBytes = 65_536) {
  const memory = new MemoryListener({ pieceBytes });
  const listener = proxied(memory, { timeoutMs: NEVER_MS, ...options });
  open.push(listener);
  const accepted = listener[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await accepted.next();
    if (done) throw new Error("the listener has ended");
    return value;
  };
  return { memory, listener, next };
}

async function write(conn: Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function readAll(conn: Conn, lenBytes: number): Promise<string> {
  const bytes = new Uint8Array(lenBytes);
  for (let at = 0; at < lenBytes;) {
    const read = await conn.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return new TextDecoder().decode(bytes);
}

const ended = async (conn: Conn) => await conn.read(new Uint8Array(1)) === null;

test("the peer is the header's, with its certificate, and the stream begins behind the header", async () => {
  const { memory, next } = start();
  const der = Uint8Array.of(0x30, 1, 2);
  const client = await memory.dial();
  await write(
    client,
    concat(header({ fields: ssl([tlsVersion(), certificate(der)]) }), ascii("first bytes")),
  );
  const conn = await next();
  expect(conn.peer).toEqual({
    transport: "tcp",
    address: "tcp://192.0.2.7:40000",
    tls: { version: "TLSv1.3", clientCertificate: der },
  });
  expect(await readAll(conn, "first bytes".length)).toBe("first bytes");
  await write(conn, ascii("answer"));
  expect(await readAll(client, "answer".length)).toBe("answer");
  conn.close();
  expect(await ended(client)).toBe(true);
});

test("an IPv6 client's address has its brackets; without TLS the peer has none", async () => {
  const { memory, next } = start();
  const client = await memory.dial();
  await write(client, header({ source: [0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), 9] }));
  expect((await next()).peer).toEqual({ transport: "tcp", address: "tcp://[2001:db8::9]:40000" });
});

test("a header in pieces of one byte is read", async () => {
  const { memory, next } = start({}, 1);
  const client = await memory.dial();
  const writing = write(client, concat(header(), ascii("x")));
  expect(await readAll(await next(), 1)).toBe("x");
  await writing;
});

test("a slow header holds up nobody, and its connection is served when it is whole", async () => {
  const { memory, next } = start();
  const slow = await memory.dial();
  await write(slow, header({ sourcePort: 1 }).subarray(0, 20));
  for (const sourcePort of [2, 3]) {
    await write(await memory.dial(), header({ sourcePort }));
    expect((await next()).peer.address).toBe(`tcp://192.0.2.7:${sourcePort}`);
  }
  await write(slow, header({ sourcePort: 1 }).subarray(20));
  expect((await next()).peer.address).toBe("tcp://192.0.2.7:1");
});

test.each<[name: string, bytes: Uint8Array, reason: RegExp]>([
  ["HTTP/2 without a header", ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), /signature/],
  ["a LOCAL command", header({ command: 0x20 }), /LOCAL/],
  ["a length above the bound", header({ length: 0xffff }), /too many/],
])("%s is closed at once, and the next one served", async (_name, bytes, reason) => {
  const reasons: string[] = [];
  const { memory, next } = start({ onRefused: (reason) => reasons.push(reason) });
  const bad = await memory.dial();
  await write(bad, bytes);
  const served = next();
  expect(await ended(bad)).toBe(true);
  expect(reasons).toEqual([expect.stringMatching(reason)]);
  await write(await memory.dial(), header());
  expect((await served).peer.transport).toBe("tcp");
});

test("a peer that ends within its header is let go", async () => {
  const reasons: string[] = [];
  const { memory, next } = start({ onRefused: (reason) => reasons.push(reason) });
  const cut = await memory.dial();
  await write(cut, header().subarray(0, 27));
  cut.close();
  const served = next();
  await vi.waitFor(() => expect(reasons).toEqual(["it ended before its header was whole"]));
  await write(await memory.dial(), header());
  await served;
});

test("a silent peer and one that drips are closed after the time, counted from their coming", async () => {
  const { memory, next } = start({ timeoutMs: 150 });
  const began = performance.now();
  void next().catch(() => {}); // the end of the test is the end of the listener
  const silent = await memory.dial();
  const dripping = await memory.dial();
  const bytes = header();
  let drops = 0;
  const drip = setInterval(() => void dripping.write(bytes.subarray(drops, ++drops)).catch(() => {}), 20);
  open.push({ close: () => clearInterval(drip) });
  expect(await Promise.all([ended(silent), ended(dripping)])).toEqual([true, true]);
  const tookMs = performance.now() - began;
  expect(tookMs).toBeGreaterThan(140);
  expect(tookMs).toBeLessThan(2_000);
  expect(drops).toBeGreaterThan(0);
});

test("above the number of headers that may be awaited the oldest is closed, and a good one still gets in", async () => {
  const { memory, next } = start({ maxPending: 2 });
  const served = next();
  const silent = [await memory.dial(), await memory.dial(), await memory.dial()];
  expect(await ended(silent[0])).toBe(true);
  await write(await memory.dial(), header({ sourcePort: 5 }));
  expect((await served).peer.address).toBe("tcp://192.0.2.7:5");
  expect(await ended(silent[1])).toBe(true);
  await write(silent[2], header({ sourcePort: 6 }));
  expect((await next()).peer.address).toBe("tcp://192.0.2.7:6");
});

test("whoever doesn't take connections leaves them in the kernel's queue", async () => {
  const memory = new MemoryListener();
  let accepted = 0;
  const counted = {
    address: memory.address,
    close: () => memory.close(),
    async *[Symbol.asyncIterator]() {
      for await (const conn of memory) {
        accepted++;
        yield conn;
      }
    },
  };
  const listener = proxied(counted, { timeoutMs: NEVER_MS, maxPending: 4 });
  open.push(listener);
  for (let i = 0; i < 50; i++) await write(await memory.dial(), header({ sourcePort: i + 1 }));
  const iterator = listener[Symbol.asyncIterator]();
  await iterator.next();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(accepted).toBeLessThan(12);
  for (let i = 1; i < 50; i++) expect((await iterator.next()).done).toBe(false);
  expect(accepted).toBe(50);
});

test("close() ends the iteration and closes who waits for a header or to be served", async () => {
  const { memory, listener, next } = start();
  await write(await memory.dial(), header({ sourcePort: 1 }));
  await next();
  const silent = await memory.dial();
  const ready = await memory.dial();
  await write(ready, header({ sourcePort: 2 }));
  await new Promise((resolve) => setTimeout(resolve, 10));
  listener.close();
  expect(await Promise.all([ended(silent), ended(ready)])).toEqual([true, true]);
  await expect(next()).rejects.toThrow("the listener has ended");
});

test("refusals are reported once a second at most, with the number of the others", async () => {
  const reports: [string, number][] = [];
  const now = vi.spyOn(performance, "now").mockReturnValue(5_000);
  try {
    const { memory, next } = start({ onRefused: (...report) => reports.push(report) });
    void next().catch(() => {});
    const refuse = async () => {
      const bad = await memory.dial();
      await write(bad, ascii("x"));
      await ended(bad);
    };
    for (let i = 0; i < 4; i++) await refuse();
    expect(reports).toHaveLength(1);
    now.mockReturnValue(6_001);
    await refuse();
    expect(reports.map(([, unreported]) => unreported)).toEqual([0, 3]);
  } finally {
    now.mockRestore();
  }
});

test("a log that throws ends nothing", async () => {
  const { memory, next } = start({
    onRefused: () => {
      throw new Error("the log is broken");
    },
  });
  const served = next();
  const bad = await memory.dial();
  await write(bad, ascii("x"));
  expect(await ended(bad)).toBe(true);
  await write(await memory.dial(), header());
  await served;
});
