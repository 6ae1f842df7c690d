// Compressed bombs: messages that grow a thousandfold, by each encoding, at the limit and past it.
// Must never need the bomb's size here: one is made once, from zeros.
import { deflateSync, gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { INITIAL_WINDOW_BYTES } from "../../src/http2/limits.ts";
import {
  INFLATION_BURST_BYTES,
  INFLATION_BYTES_PER_SECOND,
  MAX_RECEIVE_MESSAGE_BYTES,
} from "../../src/grpc/limits.ts";
import {
  concat,
  headerBlock,
  message,
  PREFACE,
  readUntilClose,
  responseBlocks,
  responseFields,
} from "../lib/raw_http2.ts";
import { connect, writeAll } from "./attack.ts";
import { Arena } from "./beside.ts";
import { expectGoodCallsBeside } from "./bounds.ts";
import {
  data,
  ECHO,
  echoOf,
  END_STREAM,
  headers,
  hello,
  INITIAL_WINDOW_SIZE,
  LARGEST_WINDOW,
  stream,
  windowUpdate,
} from "./pieces.ts";

/** Tag and length of an EchoRequest's only field, of some MiB. */
const ECHO_OVERHEAD_BYTES = 5;
/** Calls on each connection. */
const BOMBS = 100;
/** What the pace allows is work like other: 4 MiB to read and to answer, several times a second. */
const BOMBERS = 1;
const ANSWER_MS = 1_000;

const encodings = { gzip: gzipSync, deflate: deflateSync };
type Encoding = keyof typeof encodings;

/** With windows for the whole answer. */
const OPEN = concat(
  PREFACE,
  hello(INITIAL_WINDOW_SIZE, LARGEST_WINDOW),
  windowUpdate(0, LARGEST_WINDOW - INITIAL_WINDOW_BYTES),
);

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.start();
}, 120_000);
afterAll(() => arena.stop());

/** An EchoRequest of `bytes` in all, compressed: a thousandth of it. */
function bomb(encoding: Encoding, bytes: number): Uint8Array {
  const request = echoOf(bytes - ECHO_OVERHEAD_BYTES).subarray(5);
  expect(request.length).toBe(bytes);
  return packed(encodings[encoding](request));
}

function packed(body: Uint8Array): Uint8Array {
  const framed = message(body);
  framed[0] = 1;
  return framed;
}

const request = (encoding: Encoding, i: number, body: Uint8Array): Uint8Array =>
  concat(headers(i, concat(ECHO, headerBlock([["grpc-encoding", encoding]]))), data(i, body, END_STREAM));

/** One call's status. */
async function statusOf(encoding: Encoding, body: Uint8Array): Promise<number> {
  const conn = await connect(arena.serving.hostPort);
  await writeAll(conn, concat(OPEN, request(encoding, 0, body)));
  const { bytes } = await readUntilClose(conn, ANSWER_MS);
  conn.close();
  return Number(responseFields(bytes, stream(0))["grpc-status"]);
}

describe.each(Object.keys(encodings) as Encoding[])("%s", (encoding) => {
  const atLimit = bomb(encoding, MAX_RECEIVE_MESSAGE_BYTES);
  const pastLimit = bomb(encoding, MAX_RECEIVE_MESSAGE_BYTES + 1);

  test("a message is limited by what comes out, not by what comes in", async () => {
    expect(pastLimit.length).toBeLessThan(MAX_RECEIVE_MESSAGE_BYTES / 900);
    expect(await statusOf(encoding, atLimit)).toBe(status.OK);
    expect(await statusOf(encoding, pastLimit)).toBe(status.RESOURCE_EXHAUSTED);
  });

  test("a bomb inside a bomb is opened once", async () => {
    const inner = encodings[encoding](new Uint8Array(MAX_RECEIVE_MESSAGE_BYTES));
    // What comes out is no EchoRequest, and nobody looks what it would have been.
    expect(await statusOf(encoding, packed(encodings[encoding](inner)))).toBe(status.INTERNAL);
  });

  test.each([
    ["at the limit", atLimit],
    ["past the limit", pastLimit],
  ])("bombs %s, as many as a connection takes, are read at a pace", async (_, body) => {
    const script = concat(OPEN, ...Array.from({ length: BOMBS }, (_, i) => request(encoding, i, body)));
    const told = await expectGoodCallsBeside(arena, async () => {
      const conn = await connect(arena.serving.hostPort);
      const written = writeAll(conn, script);
      const { bytes } = await readUntilClose(conn, ANSWER_MS);
      conn.close();
      await written;
      return new Set(responseBlocks(bytes).map(({ stream }) => stream)).size;
    }, BOMBERS);
    // What is read before the first pause, what the rate allows, and as much again for a reader that is late.
    const most = (INFLATION_BURST_BYTES + INFLATION_BYTES_PER_SECOND) / MAX_RECEIVE_MESSAGE_BYTES * 2;
    for (const answered of told) expect(answered).toBeLessThan(most);
  }, 20_000);
});

test("gzip members one after the other are limited together", async () => {
  const half = gzipSync(echoOf(3 * 1024 * 1024).subarray(5));
  expect(await statusOf("gzip", packed(concat(half, half)))).toBe(status.RESOURCE_EXHAUSTED);
});
