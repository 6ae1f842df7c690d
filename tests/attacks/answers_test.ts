// Attacks through what the agent answers: windows that stay shut, answers that nobody reads, a table that it shall keep.
// Must never read by accident: a socket that is drained is no attack.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorCode } from "../../src/http2/mod.ts";
import {
  ENCODER_TABLE_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_FRAME_BYTES,
  MAX_QUEUED_CONTROL_FRAMES,
  SETTINGS_BURST,
} from "../../src/http2/limits.ts";
import {
  concat,
  FRAME,
  framesIn,
  grpcRequest,
  message,
  PREFACE,
  readUntilClose,
  responseBlocks,
} from "../lib/raw_http2.ts";
import { connect, writeAll } from "./attack.ts";
import { Arena, sleep } from "./beside.ts";
import { expectGoodCallsBeside } from "./bounds.ts";
import {
  data,
  echoOf,
  END_STREAM,
  HEADER_TABLE_SIZE,
  headers,
  hello,
  INITIAL_WINDOW_SIZE,
  LARGEST_WINDOW,
  selfDependent,
  settingsFrame,
  stream,
  windowUpdate,
} from "./pieces.ts";

const STALL_MS = 1_000;
const CONFIG = `[connections]\nsend_stall_timeout_ms = ${STALL_MS}\n`;
/** Beside the limit: it is looked for in steps, and the machine may be busy. */
const GRACE_MS = 4_000;
/** Streams end after the limit, the connection after another, and each is looked for in steps. */
const ENDED_WITHIN_MS = 4 * STALL_MS + GRACE_MS;
const PEERS = 20;
/** Each makes megabytes of answers, which is real work: as many as leave room for the good client. */
const BULK_PEERS = 2;
/** Answers to so much fill the kernel's buffers of a socket, which hold some 4 MiB. */
const LARGE_BYTES = 1_000_000;
const LARGE_CALLS = 8;
const ASKS = 5_500;

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.start(CONFIG);
}, 120_000);
afterAll(() => arena.stop());

/** Resets among these frames, by stream. */
function resets(bytes: Uint8Array): Record<number, number> {
  const found: Record<number, number> = {};
  for (const { type, stream, payload } of framesIn(bytes)) {
    if (type === FRAME.RST_STREAM) found[stream] = payload[3];
  }
  return found;
}

describe("streams that can't send (CVE-2019-9511, CVE-2019-9517, CVE-2026-49975)", () => {
  const asked = concat(headers(0), data(0, echoOf(15_000), END_STREAM));

  test.each([
    ["a window that stays at 0", [INITIAL_WINDOW_SIZE, 0], asked, undefined],
    ["a window that grows by 1 now and then", [INITIAL_WINDOW_SIZE, 0], asked, windowUpdate(stream(0), 1)],
    [
      "a connection's window that is used up",
      [INITIAL_WINDOW_SIZE, LARGEST_WINDOW],
      concat(...Array.from({ length: 6 }, (_, i) => concat(headers(i), data(i, echoOf(15_000), END_STREAM)))),
      undefined,
    ],
  ])("%s: the stream is reset when its time is over", async (_, settings, requests, drop) => {
    const told = await expectGoodCallsBeside(arena, async () => {
      const conn = await connect(arena.serving.hostPort);
      await writeAll(conn, concat(PREFACE, hello(...settings), requests));
      let over = false;
      const read = readUntilClose(conn, STALL_MS * 2 + 500).finally(() => over = true);
      while (!over) {
        await sleep(100);
        if (drop && !over) await writeAll(conn, drop);
      }
      const { bytes } = await read;
      conn.close();
      return Object.values(resets(bytes));
    }, PEERS);
    for (const codes of told) {
      expect(codes.length).toBeGreaterThan(0);
      expect(new Set(codes)).toEqual(new Set([ErrorCode.ENHANCE_YOUR_CALM]));
    }
  }, 30_000);
});

describe("a peer that never reads", () => {
  const OPEN = concat(
    PREFACE,
    hello(INITIAL_WINDOW_SIZE, LARGEST_WINDOW),
    windowUpdate(0, LARGEST_WINDOW - INITIAL_WINDOW_BYTES),
  );
  const UNARY = concat(...Array.from({ length: LARGE_CALLS }, (_, i) => large(i)));
  const REFLECT = grpcRequest("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  /** ServerReflectionRequest, file_containing_symbol (4): a descriptor of some KiB comes back. */
  const SYMBOL = new TextEncoder().encode("crypto.CryptoService");
  const ASK = message(concat(Uint8Array.of(4 << 3 | 2, SYMBOL.length), SYMBOL));

  /** Sends, sends `later` when the socket is full, and never reads. @returns why the agent ended the connection, by its log: the GOAWAY stands behind what is unread */
  async function unread(script: Uint8Array, later = new Uint8Array()): Promise<string> {
    const conn = await connect(arena.serving.hostPort);
    const { port } = conn.localAddr as Deno.NetAddr;
    const written = writeAll(conn, concat(OPEN, script)).then(() => sleep(STALL_MS)).then(() =>
      writeAll(conn, later)
    );
    const line = new RegExp(`"connection ended".*:${port}","error":"Http2Error: ([^"]*)"`);
    const deadline = performance.now() + ENDED_WITHIN_MS;
    let why: string | undefined;
    while (why === undefined && performance.now() < deadline) {
      await sleep(100);
      why = line.exec(arena.serving.log())?.[1];
    }
    const { closed } = await readUntilClose(conn, GRACE_MS);
    conn.close();
    await written;
    return why !== undefined && closed ? why : "it goes on";
  }

  test.each([
    ["unary", UNARY, BULK_PEERS],
    ["stream", concat(headers(0, REFLECT), ...Array.from({ length: ASKS }, () => data(0, ASK))), 1],
  ])("%s answers: its streams end, then its connection with send_stalled", async (_, script, peers) => {
    const told = await expectGoodCallsBeside(arena, () => unread(script), peers);
    expect(new Set(told)).toEqual(new Set(["send_stalled"]));
  }, 40_000);

  test("what must be answered: too_many_queued_control_frames (CVE-2019-9514, CVE-2019-9515)", async () => {
    // Large answers fill the socket; then each frame makes the agent queue one more, within the limits of each kind.
    const flood = concat(
      ...Array.from({ length: SETTINGS_BURST - 1 }, () => settingsFrame()),
      ...Array.from({ length: MAX_QUEUED_CONTROL_FRAMES }, (_, i) => selfDependent(LARGE_CALLS + i)),
    );
    const told = await expectGoodCallsBeside(arena, () => unread(UNARY, flood), BULK_PEERS);
    expect(new Set(told)).toEqual(new Set(["too_many_queued_control_frames"]));
  }, 40_000);
});

/** A whole call with a request of LARGE_BYTES. */
function large(i: number): Uint8Array {
  const whole = echoOf(LARGE_BYTES);
  const frames = [headers(i)];
  for (let at = 0; at < whole.length; at += MAX_FRAME_BYTES) {
    const end = at + MAX_FRAME_BYTES;
    frames.push(data(i, whole.subarray(at, end), end >= whole.length ? END_STREAM : 0));
  }
  return concat(...frames);
}

test(
  "a huge table for our encoder is not used: 4 KiB, whatever SETTINGS offer (CVE-2026-49975)",
  async () => {
    const told = await expectGoodCallsBeside(arena, async () => {
      const conn = await connect(arena.serving.hostPort);
      // Methods that there are not: each answer has a text of its own, which an encoder could keep.
      const calls = Array.from(
        { length: 100 },
        (_, i) => headers(i, grpcRequest(`/no.Such/${i}`), END_STREAM),
      );
      await writeAll(conn, concat(PREFACE, hello(HEADER_TABLE_SIZE, 0xffff_ffff), ...calls));
      const { bytes } = await readUntilClose(conn, 500);
      conn.close();
      return bytes;
    });
    // A decoder with a table of so many bytes refuses a block that raises it.
    expect(ENCODER_TABLE_BYTES).toBe(4_096);
    for (const bytes of told) {
      expect(responseBlocks(bytes)).toHaveLength(100);
    }
  },
  30_000,
);
