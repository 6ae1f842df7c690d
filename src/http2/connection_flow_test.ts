import { describe, expect, it } from "vitest";
import { Flag, FrameType, readU32 } from "./frame.ts";
import { DATA_TURN_BYTES } from "./limits.ts";
import { frame, Pair, random, REQUEST, Scripted, u32 } from "./testkit.ts";

const RESPONSE = [":status", "200"];
const SETTINGS_INITIAL_WINDOW = 4;

function initialWindow(bytes: number): Uint8Array {
  return frame(FrameType.SETTINGS, 0, 0, [0, SETTINGS_INITIAL_WINDOW, ...u32(bytes)]);
}

/** A server with a request open on each stream, and headers of the answers sent. */
function serving(...streamIds: number[]): Scripted {
  const server = new Scripted().ready();
  for (const id of streamIds) {
    server.send(server.headers(id));
    server.connection.sendHeaders(id, RESPONSE, false);
  }
  server.seen();
  return server;
}

function dataSizes(server: Scripted): [number, number][] {
  return server.seen().filter((seen) => seen.name === "DATA").map((
    seen,
  ) => [seen.streamId, seen.payload.length]);
}

describe("sending", () => {
  it("stops at the stream's window and goes on with WINDOW_UPDATE", () => {
    const server = serving(1).send(initialWindow(10));
    server.seen();
    expect(server.connection.sendData(1, new Uint8Array(25), true)).toBe(true);
    expect(dataSizes(server)).toEqual([[1, 10]]);
    server.send(frame(FrameType.WINDOW_UPDATE, 0, 1, u32(1)));
    expect(dataSizes(server)).toEqual([[1, 1]]);
    server.send(frame(FrameType.WINDOW_UPDATE, 0, 1, u32(100)));
    expect(server.seen()).toMatchObject([{ name: "DATA", flags: Flag.END_STREAM, payload: { length: 14 } }]);
  });

  it("stops at the connection's window, and lets headers and ends of streams pass", () => {
    const server = serving(1, 3, 5);
    server.send(initialWindow(1_000_000));
    server.connection.sendData(1, new Uint8Array(100_000), false);
    server.connection.sendData(3, new Uint8Array(10), false);
    const sent = dataSizes(server);
    expect(sent.reduce((sum, [, size]) => sum + size, 0)).toBe(65_535);
    server.connection.sendHeaders(5, ["grpc-status", "0"], true);
    expect(server.seen().map((seen) => seen.name)).toEqual(["HEADERS"]);
    server.send(frame(FrameType.WINDOW_UPDATE, 0, 0, u32(50_000)));
    expect(dataSizes(server).reduce((sum, [, size]) => sum + size, 0)).toBe(100_010 - 65_535);
  });

  it("gives each stream its turn of at most 16 KiB", () => {
    const server = serving(1, 3);
    server.send(initialWindow(1_000_000), frame(FrameType.WINDOW_UPDATE, 0, 0, u32(1_000_000)));
    server.seen();
    server.connection.sendData(1, new Uint8Array(3 * DATA_TURN_BYTES), true);
    server.connection.sendData(3, new Uint8Array(2 * DATA_TURN_BYTES), true);
    expect(dataSizes(server).map(([id]) => id)).toEqual([1, 3, 1, 3, 1]);
  });

  it("shrinks a window below zero with SETTINGS, and waits it out", () => {
    const server = serving(1).send(initialWindow(100));
    server.connection.sendData(1, new Uint8Array(100), false);
    server.connection.sendData(1, new Uint8Array(30), true);
    expect(dataSizes(server)).toEqual([[1, 100]]);
    server.send(initialWindow(20), frame(FrameType.WINDOW_UPDATE, 0, 1, u32(80)));
    expect(dataSizes(server)).toEqual([]);
    server.send(initialWindow(50));
    expect(dataSizes(server)).toEqual([[1, 30]]);
  });

  it("asks the application to back off, and tells when there is room", () => {
    const pair = new Pair({ client: { streamWindowBytes: 100_000 } }, random(3));
    pair.atClient.autoConsume = false;
    const id = pair.client.request(REQUEST, false);
    pair.run();
    pair.server.sendHeaders(id, RESPONSE, false);
    let pieces = 1;
    while (pair.server.sendData(id, new Uint8Array(20_000), false)) pieces++;
    expect(pieces).toBe(4);
    pair.run();
    expect(pair.atServer.log).toContain("writable 1");
    while (pair.server.sendData(id, new Uint8Array(20_000), false)) pieces++;
    pair.run();
    expect(pair.atServer.log.filter((line) => line === "writable 1").length).toBe(1);
    pair.client.consume(id, 100_000);
    pair.run();
    expect(pair.atServer.log.filter((line) => line === "writable 1").length).toBe(2);
  });

  it("a thousand answers to a peer that does not read wait in their streams, not in the output", () => {
    const server = new Scripted("server", { maxConcurrentStreams: 100 }).ready();
    server.events.onHeadersHook = (id) => {
      server.connection.sendHeaders(id, [":status", "200", "x-long", `${id}`.padEnd(4_000, "x")], false);
      server.connection.sendHeaders(id, ["grpc-status", "0"], true);
    };
    for (let id = 1; id < 400; id += 2) {
      server.send(server.headers(id, REQUEST, Flag.END_HEADERS | Flag.END_STREAM));
    }
    expect(server.connection.openStreams).toBe(100);
    expect(server.events.streamErrors.map((error) => error.message)).toContain("too_many_streams");
    const seen = server.seen();
    expect(server.connection.openStreams).toBe(0);
    expect(seen.filter((f) => f.name === "HEADERS" && (f.flags & Flag.END_STREAM) !== 0).length)
      .toBe(200 - seen.filter((f) => f.name === "RST_STREAM").length);
  });
});

describe("receiving", () => {
  it("gives the windows back in batches as the application consumes", () => {
    const windows = { streamWindowBytes: 100_000, connectionWindowBytes: 100_000, maxWindowBytes: 0 };
    const server = new Scripted("server", windows)
      .ready();
    server.events.autoConsume = false;
    server.send(server.headers(1));
    for (let i = 0; i < 5; i++) server.send(frame(FrameType.DATA, 0, 1, new Uint8Array(16_000)));
    server.connection.consume(1, 16_000);
    expect(server.seen()).toEqual([]);
    server.connection.consume(1, 64_000);
    expect(server.seen().map((seen) => [seen.name, seen.streamId, readU32(seen.payload, 0)])).toEqual([
      ["WINDOW_UPDATE", 0, 80_000],
      ["WINDOW_UPDATE", 1, 80_000],
    ]);
    server.connection.consume(1, 1_000_000);
    expect(server.seen()).toEqual([]);
  });

  it("gives back what a reset stream left, and padding", () => {
    const server = new Scripted("server", { connectionWindowBytes: 65_535 }).ready();
    server.events.autoConsume = false;
    server.send(server.headers(1));
    for (let i = 0; i < 3; i++) server.send(frame(FrameType.DATA, 0, 1, new Uint8Array(15_000)));
    server.connection.reset(1, 8);
    expect(server.seen()).toMatchObject([{ name: "WINDOW_UPDATE", streamId: 0 }, { name: "RST_STREAM" }]);
    server.send(server.headers(3));
    for (let i = 0; i < 2_000; i++) {
      server.send(
        frame(FrameType.DATA, Flag.PADDED, 3, [200, ...new Array(5).fill(1), ...new Array(200).fill(0)]),
      );
      server.connection.consume(3, 5);
    }
    expect(server.connection.error).toBeUndefined();
    expect(server.events.bodies.get(3)?.length).toBe(10_000);
  });

  it("ends a stream that overdraws its window, and a connection that overdraws its own", () => {
    const stream = new Scripted("server", { streamWindowBytes: 65_535 }).ready();
    stream.events.autoConsume = false;
    stream.send(stream.headers(1));
    for (let i = 0; i < 5; i++) stream.send(frame(FrameType.DATA, 0, 1, new Uint8Array(15_000)));
    expect(stream.events.log).toContain("reset 1 FLOW_CONTROL_ERROR local");
    expect(stream.connection.closed).toBe(false);
    const whole = new Scripted("server", { connectionWindowBytes: 65_535 }).ready();
    whole.events.autoConsume = false;
    whole.send(whole.headers(1));
    for (let i = 0; i < 5; i++) whole.send(frame(FrameType.DATA, 0, 1, new Uint8Array(15_000)));
    expect(whole.goaway()).toMatchObject({ code: "FLOW_CONTROL_ERROR" });
  });

  it("lets the peer use the RFC's window until it has seen a smaller one of ours", () => {
    const server = new Scripted("server", { streamWindowBytes: 1_000 });
    server.events.autoConsume = false;
    server.send(
      frame(FrameType.SETTINGS, 0, 0),
      server.headers(1),
      frame(FrameType.DATA, 0, 1, new Uint8Array(900)),
    );
    server.send(frame(FrameType.DATA, 0, 1, new Uint8Array(9_000)));
    expect(server.events.log).toContain("data 1 9000");
    server.send(frame(FrameType.SETTINGS, Flag.ACK, 0), frame(FrameType.DATA, 0, 1, new Uint8Array(5)));
    expect(server.events.log).toContain("reset 1 FLOW_CONTROL_ERROR local");
  });
});
