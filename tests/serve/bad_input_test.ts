// What a broken or hostile peer sends: each gets a clear refusal, the server
// lives, its memory stays bounded.
import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { gatehouseJson } from "../lib/command.ts";
import {
  concat,
  FRAME,
  frame,
  goawayIn,
  grpcRequest,
  message,
  PREFACE,
  readUntilClose,
  responseFields,
} from "../lib/raw_http2.ts";
import { residentBytes, type Serving, startServe } from "../lib/serve.ts";

/** A server that has just answered a flood may hold this much more than before. */
const MAX_GROWTH_BYTES = 120 * 1024 * 1024;

/** Not the default, so that a refusal can only name it from the configuration. */
const MAX_MESSAGE_BYTES = 123_456;

let serving: Serving;
beforeAll(async () => {
  const limits = `handshake_timeout_ms = 2000\nmax_receive_message_bytes = ${MAX_MESSAGE_BYTES}`;
  serving = await startServe(`[limits]\n${limits}\n[log]\ncalls = "off"\n`);
}, 120_000);
afterAll(() => serving.stop());

afterEach(async () => {
  const reply = await gatehouseJson<{ payload_bytes: number }>([
    "echo",
    "still there",
    "--server",
    serving.tcp,
  ]);
  expect(reply.payload_bytes).toBe("still there".length);
});

const transports: [name: string, connect: () => Promise<Deno.Conn>][] = [
  ["TCP", () => {
    const [hostname, port] = serving.hostPort.split(":");
    return Deno.connect({ hostname, port: Number(port) });
  }],
  ["a Unix socket", () => Deno.connect({ transport: "unix", path: serving.unix.slice("unix://".length) })],
];

async function send(connect: () => Promise<Deno.Conn>, bytes: Uint8Array, timeoutMs = 5_000) {
  const conn = await connect();
  try {
    // The server may close while we are still sending.
    await new Response(bytes as Uint8Array<ArrayBuffer>).body?.pipeTo(conn.writable, { preventClose: true })
      .catch(() => {});
    return await readUntilClose(conn, timeoutMs);
  } finally {
    try {
      conn.close();
    } catch { /* closed already */ }
  }
}

test.each(transports)("garbage over %s is refused and closed", async (_name, connect) => {
  const garbage = crypto.getRandomValues(new Uint8Array(4096));
  const { closed } = await send(connect, garbage);
  expect(closed).toBe(true);
});

test.each(transports)("HTTP/1 over %s is told that HTTP/2 is spoken here", async (_name, connect) => {
  const { bytes, closed } = await send(
    connect,
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  );
  expect(closed).toBe(true);
  expect(new TextDecoder().decode(bytes)).toMatch(/^HTTP\/1\.1 505[^]*HTTP\/2/);
});

test.each(transports)(
  "a client that connects over %s and says nothing is closed after the handshake time",
  async (_name, connect) => {
    const { closed } = await send(connect, new Uint8Array(), 8_000);
    expect(closed).toBe(true);
  },
  20_000,
);

test.each(transports)("an oversized frame over %s is FRAME_SIZE_ERROR", async (_name, connect) => {
  const huge = frame(FRAME.DATA, 0, 1, new Uint8Array(1_000_000));
  const { bytes, closed } = await send(connect, concat(PREFACE, frame(FRAME.SETTINGS, 0, 0), huge));
  expect(closed).toBe(true);
  expect(goawayIn(bytes)?.code).toBe(6);
});

test.each(transports)(
  "a message longer than the limit over %s is RESOURCE_EXHAUSTED before it is taken in",
  async (_name, connect) => {
    const prefix = message(new Uint8Array()).slice();
    new DataView(prefix.buffer).setUint32(1, 0xffff_ffff);
    const conn = await connect();
    await conn.write(concat(
      PREFACE,
      frame(FRAME.SETTINGS, 0, 0),
      frame(FRAME.HEADERS, 4, 1, grpcRequest("/echo.EchoService/Echo")),
      frame(FRAME.DATA, 0, 1, prefix),
    ));
    const { bytes } = await readUntilClose(conn, 1_500);
    conn.close();
    const fields = responseFields(bytes, 1);
    expect(fields).toMatchObject({ ":status": "200", "grpc-status": String(status.RESOURCE_EXHAUSTED) });
    expect(fields["grpc-message"]).toContain(`larger than max (${0xffff_ffff} vs ${MAX_MESSAGE_BYTES})`);
  },
);

test("800 half-open clients leave memory bounded and the server answering", async () => {
  const before = await residentBytes(serving.pid);
  const conns: Deno.Conn[] = [];
  for (let i = 0; i < 800; i++) conns.push(await transports[1][1]());
  for (const conn of conns.slice(0, 400)) await conn.write(PREFACE.subarray(0, 10));
  const reply = await gatehouseJson<{ payload_bytes: number }>(["echo", "amid", "--server", serving.tcp]);
  expect(reply.payload_bytes).toBe(4);
  expect(await residentBytes(serving.pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
  for (const conn of conns) conn.close();
}, 60_000);
