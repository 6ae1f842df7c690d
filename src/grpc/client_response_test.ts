import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ErrorCode, type HeaderList } from "../http2/mod.ts";
import { Channel, type ChannelOptions } from "./channel.ts";
import { type CallOptions, type ClientMethod, GrpcError, serverStream } from "./client.ts";
import { frameMessage } from "./message.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { type WireServer, wireTarget } from "./wire_server.ts";

const method: ClientMethod<Uint8Array, Buffer> = {
  path: "/test.Service/ServerStream",
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};
const HEADERS = [":status", "200", "content-type", "application/grpc"];
const OK = ["grpc-status", "0"];
const hello = frameMessage(Buffer.from("hello"));
/** A message that says it is gzip. */
const gzipped = (message: Buffer) => {
  const body = gzipSync(message);
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
};

const channels: Channel[] = [];
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
});

type Script = (connection: WireServer["connection"], streamId: number) => void;

/** What a caller sees of one call whose answer `script` writes. */
async function outcome(script: Script, options: CallOptions = {}, channelOptions: ChannelOptions = {}) {
  const target = wireTarget((server, streamId) => script(server.connection, streamId));
  const channel = new Channel([target], channelOptions);
  channels.push(channel);
  const messages: string[] = [];
  let ending: { code: status; details?: string; metadata?: Record<string, unknown> } = { code: status.OK };
  try {
    for await (const one of serverStream(channel, method, Buffer.from("ask"), options)) {
      messages.push(one.toString());
    }
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    ending = { code: error.code, details: error.details, metadata: error.metadata.getMap() };
  }
  return { ...ending, messages };
}

/** An answer in the usual three parts. */
const answer =
  (headers: HeaderList, body: Uint8Array[], trailers: HeaderList): Script => (connection, id) => {
    connection.sendHeaders(id, headers, false);
    for (const piece of body) connection.sendData(id, piece, false);
    connection.sendHeaders(id, trailers, true);
  };

describe("the client", () => {
  it("gives the messages before an OK that comes inside a message, then INTERNAL", async () => {
    for (const cutBytes of [1, hello.length - 3]) {
      const body = [hello, hello.subarray(0, hello.length - cutBytes)];
      expect(await outcome(answer(HEADERS, body, [...OK, "x-trailer", "t"]))).toEqual({
        code: status.INTERNAL,
        details: "The response stream ended inside a message",
        metadata: expect.objectContaining({ "x-trailer": "t" }),
        messages: ["hello"],
      });
    }
  });

  it("takes headers that end the stream for the status: trailers-only", async () => {
    const script: Script = (connection, id) =>
      connection.sendHeaders(id, [...HEADERS, "grpc-status", "7", "grpc-message", "no", "x-why", "w"], true);
    const seen: unknown[] = [];
    expect(await outcome(script, { onMetadata: (one) => seen.push(one) })).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: "no",
      metadata: { "x-why": "w" },
    });
    expect(seen).toEqual([]);
  });

  const refused: [string, HeaderList, status, string][] = [
    ["an encoding that it can't read", [...HEADERS, "grpc-encoding", "br"], status.INTERNAL, `encoding "br"`],
    [
      "messages that are no protobuf",
      [":status", "200", "content-type", "application/grpc+json"],
      status.UNKNOWN,
      "application/grpc+json",
    ],
    ["an HTTP status that says why", [":status", "503"], status.UNAVAILABLE, "HTTP status code 503"],
    ["an HTTP status of no known class", [":status", "800"], status.UNKNOWN, "HTTP status code 800"],
    ["no content type", [":status", "200"], status.UNKNOWN, "content-type is none"],
  ];
  it.each(refused)("refuses %s", async (_name, headers, code, text) => {
    expect(await outcome(answer(headers, [hello], OK))).toMatchObject({
      code,
      details: expect.stringContaining(text),
      messages: [],
    });
  });

  it("reads plain and gzip messages in one stream", async () => {
    const body = [hello, gzipped(Buffer.from("small")), hello];
    expect(await outcome(answer([...HEADERS, "grpc-encoding", "gzip"], body, OK))).toEqual({
      code: status.OK,
      messages: ["hello", "small", "hello"],
    });
  });

  it("opens a compressed message when it is read, so that what waits is as small as it came", async () => {
    const broken = gzipped(Buffer.from("small"));
    broken.fill(0, 5);
    const body = [hello, gzipped(Buffer.from("small")), broken, hello];
    expect(await outcome(answer([...HEADERS, "grpc-encoding", "gzip"], body, OK))).toMatchObject({
      code: status.INTERNAL,
      details: "Failed to decompress message",
      messages: ["hello", "small"],
    });
  });

  it("refuses the compressed flag where the headers name no encoding", async () => {
    expect(await outcome(answer(HEADERS, [gzipped(Buffer.from("small"))], OK))).toMatchObject({
      code: status.INTERNAL,
      messages: [],
    });
  });

  it("takes a message of exactly its limit, and refuses one more byte, before and after gzip", async () => {
    const limits = { maxReceiveMessageBytes: 1_000 };
    const gzipHeaders = [...HEADERS, "grpc-encoding", "gzip"];
    for (const [headers, frame] of [[HEADERS, frameMessage], [gzipHeaders, gzipped]] as const) {
      const of = (bytes: number) => answer(headers, [frame(Buffer.alloc(bytes))], OK);
      expect(await outcome(of(1_000), {}, limits)).toMatchObject({ code: status.OK });
      expect(await outcome(of(1_001), {}, limits)).toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
        messages: [],
      });
    }
  });

  it("isn't disturbed by 1xx before, nor by PING amid an answer", async () => {
    const script: Script = (connection, id) => {
      connection.sendHeaders(id, [":status", "103", "link", "x"], false);
      connection.sendHeaders(id, HEADERS, false);
      connection.sendData(id, hello.subarray(0, 3), false);
      connection.ping(new Uint8Array(8));
      connection.sendData(id, hello.subarray(3), false);
      connection.sendHeaders(id, OK, true);
    };
    expect(await outcome(script)).toEqual({ code: status.OK, messages: ["hello"] });
  });

  it("isn't disturbed by SETTINGS amid an answer", async () => {
    const target = wireTarget((server, id) => {
      server.begin(id);
      server.send(id, hello.subarray(0, 3));
    });
    const channel = new Channel([target]);
    channels.push(channel);
    const finish = (id: number) => {
      server.send(id, hello.subarray(3));
      server.end(id);
    };
    const responses = serverStream(channel, method, Buffer.from("ask"));
    await expect.poll(() => target.servers[0]?.requests.size).toBe(1);
    const [server] = target.servers;
    // What was sent before is out: this is between two frames.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await server.raw(Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, /* HEADER_TABLE_SIZE */ 0, 1, 0, 0, 0, 0));
    finish(1);
    const messages: string[] = [];
    for await (const one of responses) messages.push(one.toString());
    expect(messages).toEqual(["hello"]);
    // The next call's headers keep to the new table.
    const next = serverStream(channel, method, Buffer.from("ask"));
    await expect.poll(() => server.requests.get(3)?.headers[":path"]).toBe(method.path);
    finish(3);
    for await (const one of next) messages.push(one.toString());
    expect(messages).toEqual(["hello", "hello"]);
  });

  it("calls it DEADLINE_EXCEEDED when a server cancels first at the deadline", async () => {
    const clock = new VirtualClock();
    const script: Script = (connection, id) => {
      // The client's own timer is due, and runs too late.
      clock.leap(200);
      connection.reset(id, ErrorCode.CANCEL);
    };
    expect(await outcome(script, { deadlineMs: 200 }, { clock })).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: expect.stringContaining("Deadline exceeded after 0.200s,remote_addr="),
    });
  });

  it("calls it CANCELLED when a server cancels before the deadline", async () => {
    const script: Script = (connection, id) => connection.reset(id, ErrorCode.CANCEL);
    const clock = new VirtualClock();
    expect(await outcome(script, { deadlineMs: 200 }, { clock })).toMatchObject({ code: status.CANCELLED });
  });
});

describe("a stub of grpc-js", () => {
  it("refuses a second response to many requests, though OK came with it", async () => {
    const target = wireTarget((server, id) => answer(HEADERS, [hello, hello], OK)(server.connection, id));
    const channel = new Channel([target]);
    channels.push(channel);
    const client = new Client("unused", credentials.createInsecure(), { channelOverride: channel });
    const raw = (bytes: Buffer) => bytes;
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeClientStreamRequest(method.path, raw, raw, resolve).end();
    });
    expect(error).toMatchObject({ code: status.UNIMPLEMENTED, details: "Too many responses received" });
  });
});
