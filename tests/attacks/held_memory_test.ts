// A peer that never ends its requests, nor reads its answers: what it can make the
// agent hold is bounded, and good calls go on beside it.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_HELD_BYTES } from "../../src/grpc/limits.ts";
import { gatehouseJson } from "../lib/command.ts";
import { concat, FRAME, frame, headerBlock, message, PREFACE } from "../lib/raw_http2.ts";
import { residentBytes, type Serving, startServe } from "../lib/serve.ts";

/** Beside what is held: what a collection has not taken yet; unbounded it would be 4 GiB and more. */
const OVERHEAD_BYTES = 384 * 1024 * 1024;
const CONNECTIONS = 8;
const STREAMS = 128;
/** One message just under gRPC's default limit. */
const MESSAGE_BYTES = 4 * 1024 * 1024 - 100;

let serving: Serving;
beforeAll(async () => {
  serving = await startServe('[log]\ncalls = "off"\n');
}, 120_000);
afterAll(() => serving.stop(), 60_000);

const HEADERS = headerBlock([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/echo.EchoService/Echo"],
  [":authority", "test"],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
  ["grpc-encoding", "gzip"],
]);

/** Random text in each: compressed to less, a connection would end for its inflation. */
const RANDOM_BYTES = 90_000;

/** An EchoRequest of 4 MiB of text: some 70 KiB when compressed. */
function large(): Uint8Array {
  const length: number[] = [];
  for (let rest = MESSAGE_BYTES; rest > 0; rest >>>= 7) length.push((rest & 127) | (rest > 127 ? 128 : 0));
  const text = new Uint8Array(MESSAGE_BYTES).fill(97);
  crypto.getRandomValues(text.subarray(0, 65_536));
  crypto.getRandomValues(text.subarray(65_536, RANDOM_BYTES));
  for (let i = 0; i < RANDOM_BYTES; i++) text[i] = 64 + text[i] % 64;
  const request = concat(Uint8Array.of(10, ...length), text);
  const framed = message(new Uint8Array(gzipSync(request)));
  framed[0] = 1;
  return framed;
}

/** @param conns takes what it opens, for the caller to close */
async function attack(endStream: boolean, conns: Deno.Conn[]): Promise<void> {
  const [hostname, port] = serving.hostPort.split(":");
  const compressed = large();
  for (let c = 0; c < CONNECTIONS; c++) {
    const conn = await Deno.connect({ hostname, port: Number(port) });
    conns.push(conn);
    const parts = [PREFACE, frame(FRAME.SETTINGS, 0, 0), frame(FRAME.SETTINGS, 1, 0)];
    for (let s = 0; s < STREAMS; s++) {
      const id = 2 * s + 1;
      parts.push(frame(FRAME.HEADERS, 4, id, HEADERS));
      for (let at = 0; at < compressed.length; at += 16_384) {
        const end = at + 16_384;
        const flags = endStream && end >= compressed.length ? 1 : 0;
        parts.push(frame(FRAME.DATA, flags, id, compressed.subarray(at, end)));
      }
    }
    const bytes = concat(...parts);
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    const reply = await gatehouseJson<{ payload: string }>(["echo", "beside", "--server", serving.tcp]);
    expect(reply.payload).toBe("beside");
  }
}

test.each([
  ["requests of 4 MiB without an end", false],
  ["answers of 4 MiB that nobody reads", true],
])(`${CONNECTIONS * STREAMS} %s: memory stays bounded and good calls go on`, async (_name, endStream) => {
  const before = await residentBytes(serving.pid);
  const conns: Deno.Conn[] = [];
  try {
    await attack(endStream, conns);
    expect(await residentBytes(serving.pid) - before).toBeLessThan(MAX_HELD_BYTES + OVERHEAD_BYTES);
  } finally {
    for (const conn of conns) conn.close();
  }
  const reply = await gatehouseJson<{ payload_bytes: number }>(
    ["echo", "--size", "3000000", "--server", serving.tcp],
  );
  expect(reply.payload_bytes).toBe(3_000_000);
}, 120_000);
