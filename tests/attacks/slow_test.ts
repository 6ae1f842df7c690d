// Slow loris, on every part of a connection: each is closed by time, and holds nobody else up meanwhile.
// The times are configured short; header blocks and SETTINGS have fixed ones of 10 s.
import { afterAll, beforeAll, expect, test } from "vitest";
import { ErrorCode } from "../../src/http2/mod.ts";
import { concat, FRAME, frame, goawayIn, PREFACE, readUntilClose, responseFields } from "../lib/raw_http2.ts";
import { connect, writeAll } from "./attack.ts";
import { Arena, sleep } from "./beside.ts";
import { expectGoodCallsBeside } from "./bounds.ts";
import { CALL, data, ECHO, headers, hello, settingsFrame, stream } from "./pieces.ts";

const CONFIG = `
[limits]
handshake_timeout_ms = 1000
[connections]
request_stall_timeout_ms = 1000
`;
/** What the agent needs beside its time limit: a look a second, the linger before a close, a busy machine. */
const GRACE_MS = 4_000;
/** Slow peers at once. */
const PEERS = 50;

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.start(CONFIG);
}, 120_000);
afterAll(() => arena.stop());

interface Slow {
  bytes: Uint8Array;
  closed: boolean;
  tookMs: number;
}

/** Sends `opening` at once, then `drop` after each `everyMs`, until it is closed or `withinMs` is over. */
async function slowPeer(
  opening: Uint8Array,
  drop: (i: number) => Uint8Array,
  everyMs: number,
  withinMs: number,
): Promise<Slow> {
  const conn = await connect(arena.serving.hostPort);
  const startedMs = performance.now();
  try {
    await writeAll(conn, opening);
    let over = false;
    const read = readUntilClose(conn, withinMs).finally(() => over = true);
    for (let i = 0; !over; i++) {
      await sleep(everyMs);
      if (!over) await writeAll(conn, drop(i));
    }
    return { ...await read, tookMs: performance.now() - startedMs };
  } finally {
    conn.close();
  }
}

const nothing = (): Uint8Array => new Uint8Array();

test.each([
  ["nothing at all", nothing(), nothing],
  ["the preface, a byte at a time", nothing(), (i: number) => PREFACE.subarray(i, i + 1)],
  ["no SETTINGS after the preface", PREFACE, nothing],
  [
    "SETTINGS, a byte at a time",
    PREFACE,
    (i: number) => settingsFrame(1, 4_096, 3, 100, 4, 65_535).subarray(i, i + 1),
  ],
])("slow loris on the opening: %s", async (_, opening, drop) => {
  const told = await expectGoodCallsBeside(
    arena,
    () => slowPeer(opening, drop, 100, 1_000 + GRACE_MS),
    PEERS,
  );
  for (const { bytes, closed, tookMs } of told) {
    expect(closed).toBe(true);
    expect(goawayIn(bytes)).toEqual({ code: ErrorCode.PROTOCOL_ERROR, debug: "preface_timeout" });
    expect(tookMs).toBeGreaterThan(900);
  }
}, 30_000);

test("slow loris on the body: its call ends with DEADLINE_EXCEEDED", async () => {
  const opening = concat(PREFACE, hello(), headers(0));
  const long = concat(Uint8Array.of(0, 0, 0, 64, 0), new Uint8Array(16_384));
  const told = await expectGoodCallsBeside(
    arena,
    () => slowPeer(opening, (i) => data(0, long.subarray(i * 5, i * 5 + 5)), 100, GRACE_MS),
    PEERS,
  );
  for (const { bytes } of told) {
    expect(responseFields(bytes, stream(0))).toMatchObject({ "grpc-status": "4" });
  }
}, 30_000);

test("slow loris on headers, and SETTINGS that are never acknowledged", async () => {
  const begun = concat(PREFACE, hello(), frame(FRAME.HEADERS, 0, stream(0), ECHO.subarray(0, 1)));
  const slowHeaders = (i: number) =>
    i > 0 && i < 5 ? frame(FRAME.CONTINUATION, 0, stream(0), ECHO.subarray(i, i + 1)) : nothing();
  const unacked = concat(PREFACE, settingsFrame(), headers(0), data(0, CALL, 1));
  const told = await expectGoodCallsBeside(arena, async () => {
    const both = await Promise.all([
      slowPeer(begun, slowHeaders, 1_000, 10_000 + GRACE_MS),
      slowPeer(unacked, nothing, 1_000, 10_000 + GRACE_MS),
    ]);
    return both.map(({ bytes }) => goawayIn(bytes));
  }, PEERS);
  for (const goaways of told) {
    expect(goaways).toEqual([
      { code: ErrorCode.ENHANCE_YOUR_CALM, debug: "header_block_timeout" },
      { code: ErrorCode.SETTINGS_TIMEOUT, debug: "settings_timeout" },
    ]);
  }
}, 60_000);
