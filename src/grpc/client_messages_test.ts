// Message sizes and compression as a client sees them, and a response that is cut short.
import { Buffer } from "node:buffer";
import { Client, compressionAlgorithms, credentials, Metadata, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { Channel, type ChannelOptions, fromGrpcJsOptions, type Target } from "./channel.ts";
import { bidi, type ClientMethod, unary } from "./client.ts";
import { wireTarget } from "./wire_server.ts";

const method: ClientMethod<Uint8Array, Uint8Array> = {
  path: "/test.Service/Unary",
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};
const NO_COMPRESS = 2;
const large = new Uint8Array(10_000);

const channels: Channel[] = [];
afterEach(() => channels.splice(0).forEach((channel) => channel.close()));

function channelTo(target: Target, options: ChannelOptions): Channel {
  const channel = new Channel([target], options);
  channels.push(channel);
  return channel;
}

const answering = () => wireTarget((server, id) => server.answer(id, 100));

describe("a request's metadata", () => {
  it("above what the server takes ends the call with INTERNAL, and the server hears nothing of it", async () => {
    const target = answering();
    const channel = channelTo(target, {});
    const metadata = new Metadata();
    metadata.set("x-large", "x".repeat(20_000));
    await expect(unary(channel, method, large, { metadata })).rejects.toMatchObject({
      code: status.INTERNAL,
      details: expect.stringMatching(/^The call's headers have 20\d+ bytes, the server takes at most 16384$/),
    });
    expect(target.servers[0].requests.size).toBe(0);
  });
});

describe("message sizes", () => {
  it("above the channel's send limit end the call, and nothing of it is sent", async () => {
    const target = answering();
    const channel = channelTo(target, fromGrpcJsOptions({ "grpc.max_send_message_length": 9_999 }));
    const refused = {
      code: status.RESOURCE_EXHAUSTED,
      details: "Attempted to send message with a size larger than 9999 (10000 bytes)",
    };
    await unary(channel, method, large.subarray(1));
    await expect(unary(channel, method, large)).rejects.toMatchObject(refused);
    const call = bidi(channel, method);
    await call.send(large);
    await expect(call.next()).rejects.toMatchObject(refused);
    expect(target.servers[0].requests.get(1)?.bytes).toBe(10_004);
    expect([...target.servers[0].requests.values()].slice(1).every(({ bytes }) => bytes === 0)).toBe(true);
    expect(channel.counts).toEqual({ waiting: 0, open: 0, deadlines: 0 });
  });

  it("above the receive limit end the call, -1 is no limit", async () => {
    const target = answering();
    const limited = channelTo(target, fromGrpcJsOptions({ "grpc.max_receive_message_length": 99 }));
    await expect(unary(limited, method, large)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    const unlimited = channelTo(
      wireTarget((server, id) => server.answer(id, 5_000_000)),
      fromGrpcJsOptions({ "grpc.max_receive_message_length": -1 }),
    );
    expect(await unary(unlimited, method, large)).toHaveLength(5_000_000);
  });

  it("that don't agree with the end of the stream are no good end", async () => {
    const cut = wireTarget((server, id) => {
      server.begin(id);
      server.send(id, Uint8Array.of(0, 0, 0, 0, 9, 1, 2));
      server.end(id, id === 1 ? status.OK : status.ABORTED);
    });
    const channel = channelTo(cut, {});
    await expect(unary(channel, method, large)).rejects.toMatchObject({
      code: status.INTERNAL,
      details: "The response stream ended inside a message",
    });
    await expect(unary(channel, method, large)).rejects.toMatchObject({ code: status.ABORTED });
  });
});

describe("a response", () => {
  it("goes on through 1xx, PING, SETTINGS and frames of no known type in its middle", async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    const ping = Uint8Array.of(0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    const unknown = Uint8Array.of(0, 0, 2, 0xbe, 0xff, 0, 0, 0, 1, 1, 2);
    const target = wireTarget(async (server, id) => {
      for (const status of ["100", "103"]) server.connection.sendHeaders(id, [":status", status], false);
      server.begin(id);
      server.send(id, Uint8Array.of(0, 0, 0, 0, 4, 1));
      await pause();
      await server.raw(ping);
      await server.limitStreams(3);
      await server.raw(unknown);
      await pause();
      server.send(id, Uint8Array.of(2, 3, 4));
      server.end(id);
    });
    const channel = channelTo(target, {});
    const metadata: unknown[] = [];
    const response = await unary(channel, method, large, {
      onMetadata: (one) => metadata.push(one.toJSON()),
    });
    expect([...response]).toEqual([1, 2, 3, 4]);
    expect(metadata).toHaveLength(1);
    expect(await unary(channel, method, large)).toHaveLength(4);
    expect(target.servers).toHaveLength(1);
  });
});

describe("compression of requests", () => {
  const gzip = fromGrpcJsOptions({ "grpc.default_compression_algorithm": compressionAlgorithms.gzip });
  const seen = (target: ReturnType<typeof wireTarget>) =>
    [...target.servers[0].requests.values()].map(({ headers, flag }) => [headers["grpc-encoding"], flag]);

  it("is said in the headers, and done where it is worth it", async () => {
    const target = answering();
    const channel = channelTo(target, gzip);
    await unary(channel, method, large);
    await unary(channel, method, large.subarray(0, 10));
    expect(seen(target)).toEqual([["gzip", 1], ["gzip", 0]]);
    expect(target.servers[0].requests.get(1)?.bytes).toBeLessThan(200);
  });

  it("can be asked for by one call, and be declined by a stub's message", async () => {
    const target = answering();
    const channel = channelTo(target, {});
    await unary(channel, method, large, { encoding: "deflate" });
    await unary(channel, method, large);
    expect(seen(target)).toEqual([["deflate", 1], [undefined, 0]]);

    const other = answering();
    const stub = new Client("unused", credentials.createInsecure(), {
      channelOverride: channelTo(other, gzip),
    });
    await new Promise<void>((resolve, reject) => {
      const call = stub.makeClientStreamRequest(
        method.path,
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
        new Metadata(),
        (error) => error ? reject(error) : resolve(),
      );
      call.write(Buffer.from(large), NO_COMPRESS);
      call.end();
    });
    expect(seen(other)).toEqual([["gzip", 0]]);
  });

  it("stops when the server says that it doesn't read that", async () => {
    const target = wireTarget((server, id) => {
      const headers = [":status", "200", "content-type", "application/grpc"];
      server.connection.sendHeaders(id, [...headers, "grpc-accept-encoding", "identity,deflate"], false);
      server.send(id, new Uint8Array(5));
      server.end(id);
    });
    const channel = channelTo(target, gzip);
    for (let i = 0; i < 2; i++) await unary(channel, method, large);
    await unary(channel, method, large, { encoding: "deflate" });
    await unary(channel, method, large);
    expect(seen(target)).toEqual([["gzip", 1], [undefined, 0], ["deflate", 1], [undefined, 0]]);
  });
});
