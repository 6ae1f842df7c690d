// What a peer can make a server hold: running requests, undelivered and unread messages, open calls.
import { Buffer } from "node:buffer";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import { ErrorCode } from "../http2/mod.ts";
import { FREE_CALLS, MAX_HELD_BYTES_PER_CONNECTION, MAX_RECEIVE_MESSAGE_BYTES } from "./limits.ts";
import { frameMessage } from "./message.ts";
import { type Callback, closeAll, hello, pause, start, type Unary } from "./server_testkit.ts";
import { type Answer, GRPC_REQUEST, requestWith } from "./wire_client.ts";

afterEach(closeAll);

const largest = frameMessage(Buffer.alloc(MAX_RECEIVE_MESSAGE_BYTES));
const FULL = MAX_HELD_BYTES_PER_CONNECTION / MAX_RECEIVE_MESSAGE_BYTES;
const BIDI = requestWith({ ":path": "/test.Service/Bidi" });
const codeOf = ({ headers, trailers }: Answer) => Number(trailers["grpc-status"] ?? headers["grpc-status"]);
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(1);
}

it("counts requests whose handlers run, also when their calls are over, until they have ended", async () => {
  const callbacks: Callback[] = [];
  const { client } = start({ unary: (_call: Unary, callback: Callback) => callbacks.push(callback) });
  const ids: number[] = [];
  for (let i = 1; i <= FULL; i++) {
    ids.push((await client.open(GRPC_REQUEST, [largest])).id);
    await until(() => callbacks.length === i);
  }
  expect(codeOf(await client.call(GRPC_REQUEST, [largest]))).toBe(status.RESOURCE_EXHAUSTED);
  for (const id of ids) client.reset(id, ErrorCode.CANCEL);
  expect(codeOf(await client.call(GRPC_REQUEST, [largest]))).toBe(status.RESOURCE_EXHAUSTED);
  for (const callback of callbacks.splice(0)) callback(null, hello as Parameters<Callback>[1]);
  const { answer } = await client.open(GRPC_REQUEST, [largest]);
  await until(() => callbacks.length === 1);
  callbacks[0](null, hello as Parameters<Callback>[1]);
  expect(codeOf(await answer)).toBe(status.OK);
}, 20_000);

it("counts the message that a streaming handler has been given and not taken", async () => {
  let given = 0;
  const { client } = start({
    bidi: (call: ServerDuplexStream<Buffer, Buffer>) => void call.once("readable", () => given++),
  });
  for (let i = 1; i <= FULL; i++) {
    await client.open(BIDI, [largest], false);
    await until(() => given === i);
  }
  expect(codeOf(await client.call(BIDI, [largest], false))).toBe(status.RESOURCE_EXHAUSTED);
}, 20_000);

it("tells a handler to wait behind one response that the peer doesn't take", async () => {
  let written = 0;
  const { client } = start({
    bidi: (call: ServerDuplexStream<Buffer, Buffer>) => {
      while (call.write(Buffer.alloc(100_000))) written++;
    },
  });
  await client.open(BIDI, [], false);
  await pause();
  expect(written).toBe(1);
});

it("refuses calls beyond the free ones while too much is held", async () => {
  let running = 0;
  const { client } = start({ unary: () => void running++ });
  for (let i = 1; i <= FULL; i++) {
    await client.open(GRPC_REQUEST, [largest]);
    await until(() => running === i);
  }
  for (let i = FULL; i <= FREE_CALLS; i++) await client.open(GRPC_REQUEST, [], false);
  await pause();
  expect((await client.call(GRPC_REQUEST, [hello])).reset).toBe(ErrorCode.REFUSED_STREAM);
}, 20_000);
