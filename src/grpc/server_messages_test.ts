// Sizes, compression and timeouts of single calls as a caller of the server sees them.
import { Buffer } from "node:buffer";
import { deflateSync, gzipSync } from "node:zlib";
import { Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { MAX_COMPRESS_BYTES } from "./limits.ts";
import { connPair } from "./conn_pair.ts";
import { frameMessage, MessageReader } from "./message.ts";
import {
  type Callback,
  closeAll,
  definition,
  echo,
  hello,
  open,
  pause,
  start,
  type Unary,
} from "./server_testkit.ts";
import { Server } from "./server.ts";
import { type Answer, GRPC_REQUEST, requestWith, WireClient } from "./wire_client.ts";

afterEach(closeAll);

const NO_COMPRESS = 2;
const CODECS = { gzip: gzipSync, deflate: deflateSync };
const encodings = Object.keys(CODECS) as (keyof typeof CODECS)[];
const text = Buffer.from("a text that is worth its compression ".repeat(20));

/** A message whose flag says that it is compressed. */
function flagged(body: Buffer): Buffer {
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

const bidiEcho = (call: ServerDuplexStream<Buffer, Buffer>) => {
  call.on("data", (message: Buffer) => call.write(message));
  call.on("end", () => call.end());
};
const bidiRequest = (changes: Record<string, string> = {}) =>
  requestWith({ ":path": "/test.Service/Bidi", ...changes });

/** The flags and the messages of an answer. */
function messagesOf({ data, headers }: Answer) {
  const reader = new MessageReader(1_000_000, headers["grpc-encoding"] as "gzip" | undefined);
  const flags: number[] = [];
  const messages: string[] = [];
  for (let at = 0; at < data.length; at += 5 + data.readUInt32BE(at + 1)) flags.push(data[at]);
  for (let one = reader.next(data); one !== undefined; one = reader.next(data)) messages.push(one.toString());
  return { flags, messages };
}

const codeOf = ({ headers, trailers }: Answer) => Number({ ...headers, ...trailers }["grpc-status"]);

describe.each(encodings)("compression with %s", (encoding) => {
  const both = { "grpc-encoding": encoding, "grpc-accept-encoding": encoding };
  const compress = CODECS[encoding];

  it("is for each message alone: plain and compressed ones share a stream, both ways", async () => {
    const { client } = start({ bidi: bidiEcho });
    const answer = await client.call(bidiRequest(both), [
      flagged(compress(text)),
      hello,
      flagged(compress(text)),
    ]);
    expect(answer.headers["grpc-encoding"]).toBe(encoding);
    // The short one isn't worth it.
    expect(messagesOf(answer)).toEqual({ flags: [1, 0, 1], messages: [`${text}`, "hello", `${text}`] });
    expect(codeOf(answer)).toBe(status.OK);
  });

  it("may hold nothing", async () => {
    const { client } = start({ unary: echo });
    const answer = await client.call(requestWith(both), [flagged(compress(Buffer.alloc(0)))]);
    expect(messagesOf(answer).messages).toEqual([""]);
  });

  it("is left out where the handler says so, and for messages that would hold up the others", async () => {
    const large = Buffer.alloc(MAX_COMPRESS_BYTES + 1);
    const { client } = start({
      unary: (_call: Unary, callback: Callback) => callback(null, text, undefined, NO_COMPRESS),
      bidi: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.write(large);
        call.end();
      },
    });
    const declined = await client.call(requestWith(both), [hello]);
    expect(messagesOf(declined)).toEqual({ flags: [0], messages: [`${text}`] });
    expect(messagesOf(await client.call(bidiRequest(both), [])).flags).toEqual([0]);
  });

  it("that is broken, or that the headers don't name, ends the call with INTERNAL", async () => {
    const { client } = start({ unary: echo });
    const broken = flagged(compress(text).subarray(0, 20));
    expect(codeOf(await client.call(requestWith(both), [broken]))).toBe(status.INTERNAL);
    for (const unnamed of [GRPC_REQUEST, requestWith({ "grpc-encoding": "identity" })]) {
      expect(codeOf(await client.call(unnamed, [flagged(compress(text))]))).toBe(status.INTERNAL);
    }
  });

  it("counts by what comes out: exactly the limit passes, one byte more does not", async () => {
    const { client } = start({ unary: echo }, { maxReceiveMessageBytes: 1_000 });
    const of = (bytes: number) => client.call(requestWith(both), [flagged(compress(Buffer.alloc(bytes)))]);
    expect(codeOf(await of(1_000))).toBe(status.OK);
    expect(codeOf(await of(1_001))).toBe(status.RESOURCE_EXHAUSTED);
  });
});

describe("message limits", () => {
  it("pass what is exactly as long, both ways", async () => {
    const { client } = start({ unary: echo }, { maxReceiveMessageBytes: 1_000, maxSendMessageBytes: 900 });
    const of = async (bytes: number) =>
      codeOf(await client.call(GRPC_REQUEST, [frameMessage(Buffer.alloc(bytes))]));
    expect([await of(900), await of(901), await of(1_000), await of(1_001)]).toEqual([0, 8, 8, 8]);
  });

  it("end a stream after the responses that went before", async () => {
    const { client } = start({ bidi: bidiEcho }, { maxReceiveMessageBytes: 100 });
    const answer = await client.call(bidiRequest(), [hello, frameMessage(Buffer.alloc(101))]);
    expect(codeOf(answer)).toBe(status.RESOURCE_EXHAUSTED);
  });
});

describe("grpc-timeout", () => {
  it.each(["0m", "1n", "999u"])("of %s is over at once", async (timeout) => {
    let cancelled = 0;
    const { client } = start({ unary: (call: Unary) => void call.on("cancelled", () => cancelled++) });
    const answer = await client.call(requestWith({ "grpc-timeout": timeout }), [hello]);
    expect(codeOf(answer)).toBe(status.DEADLINE_EXCEEDED);
    expect(cancelled).toBe(1);
  });

  it("of 11,000 years is no timer that overflows", async () => {
    let deadlineMs = 0;
    const { client } = start({
      async unary(call: Unary, callback: Callback) {
        deadlineMs = Number(call.getDeadline());
        await pause();
        callback(null, call.request);
      },
    });
    const answer = await client.call(requestWith({ "grpc-timeout": "99999999H" }), [hello]);
    expect(codeOf(answer)).toBe(status.OK);
    expect(deadlineMs - Date.now()).toBeGreaterThan(3.5e14);
  });

  it.each(["", "123456789m", "1", "m", "-1S", "1.5S"])("of %j is refused or none", async (timeout) => {
    const { client } = start({ unary: echo });
    const answer = await client.call(requestWith({ "grpc-timeout": timeout }), [hello]);
    expect(codeOf(answer)).toBe(timeout === "" ? status.OK : status.INTERNAL);
  });
});

describe("a request", () => {
  it("isn't disturbed by PING and SETTINGS in its middle", async () => {
    const server = new Server();
    server.addService(definition, { bidi: bidiEcho });
    const [near, far] = connPair();
    void server.handle(far);
    let heard = Buffer.alloc(0);
    const read = async (into: Uint8Array) => {
      const length = await near.read(into);
      heard = Buffer.concat([heard, into.subarray(0, length ?? 0)]);
      return length;
    };
    const client = new WireClient({ ...near, read });
    open.push({ server, client });
    const { id, answer } = await client.open(bidiRequest(), [hello.subarray(0, 3)], false);
    // What was sent before is out: this is between two frames.
    await pause();
    const noTable = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, /* HEADER_TABLE_SIZE */ 0, 1, 0, 0, 0, 0]);
    const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    heard = Buffer.alloc(0);
    await near.write(Buffer.concat([noTable, ping]));
    client.send(id, hello.subarray(3), true);
    expect(messagesOf(await answer).messages).toEqual(["hello"]);
    const ack = Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0]);
    const pong = Buffer.from([0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([heard.includes(ack), heard.includes(pong)]).toEqual([true, true]);
  });
});

describe("metadata larger than the caller takes", () => {
  const large = new Metadata();
  large.set("x-large", "x".repeat(20_000));
  const statusOf = async (unary: (call: Unary, callback: Callback) => void) => {
    const { client } = start({ unary });
    const { headers, trailers } = await client.call(GRPC_REQUEST, [hello]);
    const all = { ...headers, ...trailers };
    return [Number(all["grpc-status"]), all["grpc-message"], all["x-large"]];
  };

  it("is left out of an error's trailers, whose code and text arrive", async () => {
    const error = { code: status.NOT_FOUND, details: "none", metadata: large };
    expect(await statusOf((_call, callback) => callback(error))).toEqual([
      status.NOT_FOUND,
      "none",
      undefined,
    ]);
  });

  it("turns a good end into RESOURCE_EXHAUSTED", async () => {
    const ending = await statusOf((call, callback) => callback(null, call.request, large));
    expect(ending[0]).toBe(status.RESOURCE_EXHAUSTED);
    expect(ending[1]).toMatch(/^The trailers have 20\d+ bytes, the caller takes at most 16384$/);
  });

  it("can't be sent as response metadata: the handler hears it", async () => {
    let heard: unknown;
    const ending = await statusOf((call, callback) => {
      try {
        call.sendMetadata(large);
      } catch (error) {
        heard = error;
      }
      callback(null, call.request);
    });
    expect(heard).toBeInstanceOf(RangeError);
    expect(ending[0]).toBe(status.OK);
  });
});
