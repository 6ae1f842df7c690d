// A proxy in front of the agent, on a Unix socket: whom its PROXY v2 header names is the caller; whatever else comes
// there is closed within the time, without an answer and without harm to the others.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { concat } from "../../src/http2/testkit.ts";
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../src/proto/mod.ts";
import { MANY_NAMES } from "../../src/pki/certificate_testkit.ts";
import { readPem } from "../../src/pki/pem.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import {
  ascii,
  certificate,
  header,
  type HeaderParts,
  ssl,
  tlsVersion,
} from "../../src/transport/proxy_v2_testkit.ts";
import { FRAME, frame, goawayIn, PREFACE, readUntilClose } from "../lib/raw_http2.ts";
import { type Serving, startServe } from "../lib/serve.ts";

const HANDSHAKE_MS = 1_000;
/** The time limit, and what a busy machine may add. */
const CLOSED_MS = HANDSHAKE_MS + 4_000;
const MAX_PER_PEER = 2;

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");

let dir: string;
let socket: string;
let serving: Serving;
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-proxied-" });
  socket = join(dir, "behind-proxy.sock");
  const limits = `handshake_timeout_ms = ${HANDSHAKE_MS}\nmax_connections_per_peer = ${MAX_PER_PEER}`;
  serving = await startServe(
    `[listen]\nproxied = ["unix://${socket}"]\n[limits]\n${limits}\n[log]\nformat = "json"\n`,
  );
}, 120_000);
afterAll(async () => {
  await serving.stop();
  await Deno.remove(dir, { recursive: true });
});

/** A channel whose connections begin with this header; our client's frames follow in a write of their own. */
function through(parts: HeaderParts): Channel {
  const dial = dialer(parseAddress(`unix://${socket}`));
  return new Channel([{
    address: "unix:///behind-proxy",
    dial: async (signal) => {
      const conn = await dial(signal);
      const bytes = header(parts);
      for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
      return conn;
    },
  }]);
}

const derOf = (pem: string) => readPem(pem, "CERTIFICATE")[0];

async function echoThrough(parts: HeaderParts, payload: string): Promise<string> {
  const channel = through(parts);
  try {
    return (await unary(channel, Echo, { payload, timestamp: 1 }, { deadlineMs: 10_000 })).payload;
  } finally {
    channel.close();
  }
}

/** What the agent has logged of calls. */
function calls(): { transport: string; peer: string }[] {
  return serving.log().split("\n").filter((line) => line.includes('"component":"calls"'))
    .map((line) => JSON.parse(line));
}

async function send(path: string, bytes: Uint8Array, end = false) {
  const conn = await Deno.connect({ transport: "unix", path });
  const began = performance.now();
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at)).catch(() => bytes.length);
    if (end) await conn.closeWrite();
    const read = await readUntilClose(conn, CLOSED_MS);
    return { ...read, tookMs: performance.now() - began };
  } finally {
    conn.close();
  }
}

let port = 1;
afterEach(async () => {
  expect(await echoThrough({ source: [203, 0, 113, 99], sourcePort: port++ }, "goes on")).toBe("goes on");
});

test("an Echo behind a header is answered, and the call log has the header's client", async () => {
  const fields = ssl([tlsVersion(), certificate(derOf(MANY_NAMES.pem))]);
  expect(await echoThrough({ source: [192, 0, 2, 7], sourcePort: 4_711, fields }, "by IPv4")).toBe("by IPv4");
  const source = [0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), 7];
  expect(await echoThrough({ source, sourcePort: 4_712 }, "by IPv6")).toBe("by IPv6");
  await vi.waitFor(() => {
    const seen = calls().map(({ transport, peer }) => `${transport} ${peer}`);
    expect(seen).toContain("tcp tcp://192.0.2.7:4711");
    expect(seen).toContain("tcp tcp://[2001:db8::7]:4712");
  }, 5_000);
});

test("what comes in one piece with the header is the stream's beginning", async () => {
  const opening = concat(header(), PREFACE, frame(FRAME.SETTINGS, 0, 0), frame(FRAME.PING, 0, 1));
  const { bytes, closed } = await send(socket, opening);
  expect(closed).toBe(true);
  // A PING on a stream is PROTOCOL_ERROR: whoever says so has read the bytes behind the header.
  expect(goawayIn(bytes)?.code).toBe(1);
});

test.each<[name: string, bytes: Uint8Array]>([
  ["HTTP/2 without a header", concat(PREFACE, frame(FRAME.SETTINGS, 0, 0))],
  ["version 1's text", ascii("PROXY TCP4 192.0.2.7 198.51.100.1 40000 50051\r\n")],
  ["a LOCAL command", header({ command: 0x20 })],
  ["an unknown family", header({ family: 0x31 })],
  ["an oversized length", header({ length: 0xffff })],
  ["a field that reaches beyond the header", header({ fields: Uint8Array.of(0x20, 0xff, 0xff) })],
  [
    "an unverified certificate",
    header({ fields: ssl([tlsVersion(), certificate([0x30])], 3, [0, 0, 0, 1]) }),
  ],
])("%s is closed at once, without an answer", async (_name, bytes) => {
  const { bytes: answer, closed, tookMs } = await send(socket, concat(bytes, PREFACE));
  expect({ closed, answered: answer.length }).toEqual({ closed: true, answered: 0 });
  expect(tookMs).toBeLessThan(HANDSHAKE_MS);
});

test("a header that its sender ends in the middle is closed at once", async () => {
  const { bytes, closed, tookMs } = await send(socket, header().subarray(0, 20), true);
  expect({ closed, answered: bytes.length }).toEqual({ closed: true, answered: 0 });
  expect(tookMs).toBeLessThan(HANDSHAKE_MS);
});

test.each<[name: string, bytes: Uint8Array]>([
  ["silence", new Uint8Array()],
  ["half a header", header().subarray(0, 20)],
])("%s is closed after the handshake time", async (_name, bytes) => {
  const { bytes: answer, closed, tookMs } = await send(socket, bytes);
  expect({ closed, answered: answer.length }).toEqual({ closed: true, answered: 0 });
  expect(tookMs).toBeGreaterThan(HANDSHAKE_MS - 50);
});

test("silent connections by the hundred hold up nobody", async () => {
  const silent: Deno.Conn[] = [];
  for (let i = 0; i < 400; i++) silent.push(await Deno.connect({ transport: "unix", path: socket }));
  expect(await echoThrough({ source: [192, 0, 2, 8] }, "amid")).toBe("amid");
  for (const conn of silent) conn.close();
});

test("a header on a socket that isn't a proxy's names nobody: it is not HTTP/2, and is closed", async () => {
  const plain = await send(
    serving.unix.slice("unix://".length),
    concat(header({ sourcePort: 4_713 }), PREFACE),
  );
  expect(plain.closed).toBe(true);
  expect(goawayIn(plain.bytes)).toMatchObject({ code: 1, debug: expect.stringMatching(/^invalid_preface/) });
  expect(serving.log()).not.toContain(":4713");
});

test("connections are counted by the client's address, not by the proxy's socket", async () => {
  const from = (last: number) =>
    concat(header({ source: [198, 51, 100, last] }), PREFACE, frame(FRAME.SETTINGS, 0, 0));
  const held: Deno.Conn[] = [];
  try {
    for (const last of [1, 1, 2, 2, 3]) {
      const conn = await Deno.connect({ transport: "unix", path: socket });
      held.push(conn);
      await conn.write(from(last));
      expect(await conn.read(new Uint8Array(9))).toBe(9); // its SETTINGS
    }
    const { bytes, closed } = await send(socket, from(1));
    expect(closed).toBe(true);
    expect(goawayIn(bytes)?.debug).toBe("too_many_connections_of_peer");
  } finally {
    for (const conn of held) conn.close();
  }
});

test("the socket is for the agent's user and group only", async () => {
  expect((await Deno.lstat(socket)).mode! & 0o777).toBe(0o660);
});

test("refused headers are in the log with their reason", async () => {
  await vi.waitFor(() => {
    const line = serving.log().split("\n").find((one) => one.includes("without a good PROXY header"));
    expect(JSON.parse(line ?? "{}")).toMatchObject({
      level: "warn",
      address: `unix://${socket}`,
      reason: expect.stringMatching(/./),
    });
  });
});
