import { describe, expect, it } from "vitest";
import { Channel, type ChannelOptions, fromGrpcJsOptions } from "./channel.ts";
import { keepaliveOf } from "./channel_options.ts";
import { unary } from "./client.ts";
import { wireTarget } from "./wire_server.ts";

async function authorityAt(address: string, options?: ChannelOptions): Promise<string> {
  const target = wireTarget((server, id) => server.answer(id));
  const channel = new Channel([{ ...target, address }], options);
  const raw = (bytes: Uint8Array) => bytes;
  await unary(
    channel,
    { path: "/a.B/C", requestSerialize: raw, responseDeserialize: raw },
    new Uint8Array(0),
  );
  channel.close();
  return target.servers[0].requests.get(1)?.headers[":authority"] ?? "none";
}

describe("a channel's authority", () => {
  it("is the first address where that has a host, else localhost", async () => {
    expect(await authorityAt("tcp://example.org:50051")).toBe("example.org:50051");
    expect(await authorityAt("tcp://[::1]:50051")).toBe("[::1]:50051");
    for (const address of ["unix:///run/a.sock", "vsock://3:50051", "vsock+unix:///run/vm.sock:5"]) {
      expect(await authorityAt(address)).toBe("localhost");
    }
  });

  it("is what the options say", async () => {
    const options = fromGrpcJsOptions({ "grpc.default_authority": "gatehouse.test" });
    expect(await authorityAt("unix:///run/a.sock", options)).toBe("gatehouse.test");
  });
});

describe("grpc-js's options", () => {
  it("become ours, and what is left out stays our default", () => {
    expect(fromGrpcJsOptions({
      "grpc.max_reconnect_backoff_ms": 3_000,
      "grpc.default_compression_algorithm": 1,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.enable_channelz": 0,
    })).toMatchObject({ maxBackoffMs: 3_000, encoding: "deflate", keepaliveTimeMs: 10_000 });
    const none = fromGrpcJsOptions({});
    expect(keepaliveOf(none)).toBeUndefined();
    expect(none).toMatchObject({ encoding: "identity", maxSendMessageBytes: undefined });
    expect(keepaliveOf(fromGrpcJsOptions({ "grpc.keepalive_time_ms": 10_000 }))).toEqual({
      timeMs: 10_000,
      timeoutMs: 20_000,
      permitWithoutCalls: false,
    });
  });
});
