import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Connection } from "./connection.ts";
import { CLIENT_PREFACE, Flag, FrameType } from "./frame.ts";
import { CLOSED_STREAM_MEMORY } from "./limits.ts";
import { concat, frame, Recorder, REQUEST, Scripted, u32 } from "./testkit.ts";

const END = Flag.END_HEADERS | Flag.END_STREAM;
const PING = frame(FrameType.PING, 0, 0, new Uint8Array(8));

/** What a server does with these frames: GOAWAY's code, or RST_STREAM's, or nothing. */
function outcome(script: (server: Scripted) => Uint8Array[]): string {
  const server = new Scripted().ready();
  for (const bytes of script(server)) server.send(bytes);
  const seen = server.seen();
  const goaway = seen.find((f) => f.name === "GOAWAY");
  expect(server.connection.wantsClose).toBe(goaway !== undefined);
  if (goaway !== undefined) return `GOAWAY ${goaway.code}`;
  const reset = seen.find((f) => f.name === "RST_STREAM");
  return reset === undefined ? "" : `RST_STREAM ${reset.streamId} ${reset.code}`;
}

describe("connection errors", () => {
  it.each<[string, (server: Scripted) => Uint8Array[], string]>([
    ["DATA on an idle stream", () => [frame(0, 0, 1, [1])], "PROTOCOL_ERROR"],
    ["DATA with too much padding", (s) => [s.headers(1), frame(0, Flag.PADDED, 1, [5, 1])], "PROTOCOL_ERROR"],
    ["DATA padded without a length", (s) => [s.headers(1), frame(0, Flag.PADDED, 1, [])], "PROTOCOL_ERROR"],
    ["HEADERS with too much padding", () => [frame(1, Flag.PADDED | 4, 1, [200, 0x82])], "PROTOCOL_ERROR"],
    ["HEADERS cut in its priority", () => [frame(1, Flag.PRIORITY | 4, 1, [0, 0])], "PROTOCOL_ERROR"],
    ["HEADERS on an even stream", (s) => [s.headers(2)], "PROTOCOL_ERROR"],
    ["HEADERS on a skipped stream", (s) => [s.headers(5), s.headers(3)], "PROTOCOL_ERROR"],
    ["RST_STREAM on an idle stream", () => [frame(3, 0, 1, u32(0))], "PROTOCOL_ERROR"],
    ["WINDOW_UPDATE on an idle stream", () => [frame(8, 0, 1, u32(1))], "PROTOCOL_ERROR"],
    ["WINDOW_UPDATE of 0", () => [frame(8, 0, 0, u32(0))], "PROTOCOL_ERROR"],
    ["a connection window above 2^31-1", () => [frame(8, 0, 0, u32(0x7fff_ffff))], "FLOW_CONTROL_ERROR"],
    ["a frame that is too large", () => [frame(0, 0, 1, new Uint8Array(16_385))], "FRAME_SIZE_ERROR"],
    ["PUSH_PROMISE", (s) => [s.headers(1), frame(5, 4, 1, u32(2))], "PROTOCOL_ERROR"],
    ["CONTINUATION alone", () => [frame(9, 4, 1)], "PROTOCOL_ERROR"],
    ["PING within a header block", (s) => [s.headers(1, REQUEST, 0), PING], "PROTOCOL_ERROR"],
    ["CONTINUATION of another stream", (s) => [s.headers(1, REQUEST, 0), frame(9, 4, 3)], "PROTOCOL_ERROR"],
    [
      "a wrong header block",
      () => [frame(1, 4, 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
      "COMPRESSION_ERROR",
    ],
    ["a stream window that SETTINGS overflow", (s) => [
      s.headers(1),
      frame(8, 0, 1, u32(0x7fff_0000)),
      frame(4, 0, 0, [0, 4, ...u32(0x7fff_ffff)]),
    ], "FLOW_CONTROL_ERROR"],
    ["SETTINGS of 5 bytes", () => [frame(4, 0, 0, [1, 2, 3, 4, 5])], "FRAME_SIZE_ERROR"],
    ["GOAWAY on a stream", () => [frame(7, 0, 1, new Uint8Array(8))], "PROTOCOL_ERROR"],
  ])("%s", (_what, script, code) => {
    expect(outcome(script)).toBe(`GOAWAY ${code}`);
  });
});

describe("stream errors", () => {
  it.each<[string, (server: Scripted) => Uint8Array[], string]>([
    ["a malformed request", (s) => [s.headers(1, [":method", "GET"])], "PROTOCOL_ERROR"],
    ["DATA after END_STREAM", (s) => [s.headers(1, REQUEST, END), frame(0, 0, 1, [1])], "STREAM_CLOSED"],
    [
      "HEADERS after END_STREAM",
      (s) => [s.headers(1, REQUEST, END), s.headers(1, ["a", "b"], END)],
      "STREAM_CLOSED",
    ],
    [
      "DATA after RST_STREAM",
      (s) => [s.headers(1), frame(3, 0, 1, u32(8)), frame(0, 0, 1, [1])],
      "STREAM_CLOSED",
    ],
    ["trailers that do not end", (s) => [s.headers(1), s.headers(1, ["a", "b"])], "PROTOCOL_ERROR"],
    [
      "trailers with a pseudo-header",
      (s) => [s.headers(1), s.headers(1, [":path", "/"], END)],
      "PROTOCOL_ERROR",
    ],
    ["WINDOW_UPDATE of 0", (s) => [s.headers(1), frame(8, 0, 1, u32(0))], "PROTOCOL_ERROR"],
    ["a window above 2^31-1", (s) => [s.headers(1), frame(8, 0, 1, u32(0x7fff_ffff))], "FLOW_CONTROL_ERROR"],
    ["a stream that depends on itself", (s) => [
      frame(1, Flag.PRIORITY | 4, 1, concat(u32(1), Uint8Array.of(0), s.block(REQUEST))),
    ], "PROTOCOL_ERROR"],
    ["PRIORITY of 4 bytes", (s) => [s.headers(1), frame(2, 0, 1, [0, 0, 0, 0])], "FRAME_SIZE_ERROR"],
    ["a body shorter than content-length", (s) => [
      s.headers(1, [...REQUEST, "content-length", "3"]),
      frame(0, 1, 1, [1, 2]),
    ], "PROTOCOL_ERROR"],
    ["a body longer than content-length", (s) => [
      s.headers(1, [...REQUEST, "content-length", "1"]),
      frame(0, 0, 1, [1, 2]),
    ], "PROTOCOL_ERROR"],
    [
      "content-length without a body",
      (s) => [s.headers(1, [...REQUEST, "content-length", "1"], END)],
      "PROTOCOL_ERROR",
    ],
    ["trailers before content-length is reached", (s) => [
      s.headers(1, [...REQUEST, "content-length", "1"]),
      s.headers(1, ["a", "b"], END),
    ], "PROTOCOL_ERROR"],
  ])("%s", (_what, script, code) => {
    expect(outcome(script)).toBe(`RST_STREAM 1 ${code}`);
  });
});

describe("what is odd but legal", () => {
  it.each<[string, (server: Scripted) => Uint8Array[]]>([
    ["an unknown frame type", () => [frame(0x50, 0xff, 7, [1, 2, 3])]],
    ["an unknown setting", () => [frame(4, 0, 0, [0x10, 0, 0, 0, 0, 1])]],
    ["an unknown error code", (s) => [s.headers(1), frame(3, 0, 1, u32(0xffff))]],
    ["PRIORITY on an idle stream", () => [frame(2, 0, 99, [0, 0, 0, 1, 5])]],
    ["WINDOW_UPDATE and RST_STREAM on a stream that is gone", (s) => [
      s.headers(1),
      frame(3, 0, 1, u32(8)),
      frame(8, 0, 1, u32(5)),
      frame(3, 0, 1, u32(8)),
    ]],
    ["padding and priority on HEADERS", (s) => [
      frame(
        1,
        Flag.PADDED | Flag.PRIORITY | END,
        1,
        concat(Uint8Array.of(2, 0, 0, 0, 0, 9), s.block(REQUEST), new Uint8Array(2)),
      ),
    ]],
    ["a header block in pieces", (s) => {
      const block = s.block(REQUEST);
      return [frame(1, 1, 1, block.subarray(0, 5)), frame(9, 0, 1), frame(9, 4, 1, block.subarray(5))];
    }],
  ])("%s", (_what, script) => {
    expect(outcome(script)).toBe("");
  });
});

describe("trailers that come late", () => {
  it("on a stream that was reset a thousand streams ago end nothing", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1));
    server.connection.reset(1, 8);
    for (let id = 3; id <= 3 + 2 * CLOSED_STREAM_MEMORY; id += 2) {
      server.send(server.headers(id, REQUEST, END));
      server.connection.sendHeaders(id, [":status", "204"], true);
      server.seen();
    }
    server.send(server.headers(1, ["a", "b"], END));
    expect(server.connection.closed).toBe(false);
  });
});

describe("a client", () => {
  const RESPONSE = [":status", "200", "content-length", "5"];

  function requested(method: string): Scripted {
    const client = new Scripted("client").ready();
    client.connection.request([":method", method, ":scheme", "http", ":path", "/", ":authority", "a"], true);
    client.seen();
    return client;
  }

  it("takes a content-length without a body for HEAD and 304, and no body there", () => {
    const head = requested("HEAD");
    head.send(head.headers(1, RESPONSE, END));
    expect(head.events.log).toEqual(["initial 1 end"]);
    const cached = requested("GET");
    cached.send(cached.headers(1, [":status", "304", "content-length", "5"], END));
    expect(cached.events.log).toEqual(["initial 1 end"]);
    const body = requested("HEAD");
    body.send(body.headers(1, RESPONSE), frame(0, 1, 1, [1, 2, 3, 4, 5]));
    expect(body.events.log).toEqual(["initial 1", "reset 1 PROTOCOL_ERROR local"]);
  });

  it("refuses a malformed response, DATA before it, and pushes", () => {
    const malformed = requested("GET");
    malformed.send(malformed.headers(1, ["content-type", "x"]));
    expect(malformed.events.log).toEqual(["reset 1 PROTOCOL_ERROR local"]);
    const early = requested("GET").send(frame(0, 0, 1, [1]));
    expect(early.events.log).toEqual(["reset 1 PROTOCOL_ERROR local"]);
    const push = requested("GET").send(frame(5, 4, 1, [...u32(2), 0x82]));
    expect(push.goaway()).toMatchObject({ code: "PROTOCOL_ERROR" });
    const even = requested("GET");
    expect(even.send(even.headers(2, RESPONSE)).goaway()).toMatchObject({ code: "PROTOCOL_ERROR" });
    const idle = requested("GET");
    expect(idle.send(idle.headers(3, RESPONSE)).goaway()).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  it("opens no more streams than the server allows", () => {
    const client = new Scripted("client");
    for (let i = 0; i < 100; i++) expect(client.connection.request(REQUEST, true)).toBe(2 * i + 1);
    expect(client.connection.canOpenStream).toBe(false);
    expect(client.connection.request(REQUEST, true)).toBe(-1);
    client.send(frame(FrameType.SETTINGS, 0, 0, [0, 3, ...u32(101)]));
    expect(client.connection.request(REQUEST, true)).toBe(201);
    expect(client.connection.request(REQUEST, true)).toBe(-1);
  });
});

describe("whatever the bytes", () => {
  const anyFrame = fc.tuple(fc.nat(11), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 30 }))
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload));

  it("nothing is thrown, and an error ends in GOAWAY", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyFrame, fc.uint8Array({ maxLength: 40 })), { maxLength: 30 }),
        fc.constantFrom<"server" | "client">("server", "client"),
        fc.boolean(),
        (parts, role, started) => {
          const side = new Scripted(role);
          if (started) side.ready();
          if (role === "client") side.connection.request(REQUEST, false);
          side.events.onHeadersHook = (id) => {
            if (role === "server") side.connection.sendHeaders(id, [":status", "200"], false);
          };
          for (const part of parts) side.send(part);
          const goaway = side.goaway();
          if (side.connection.closed && side.connection.error !== undefined) expect(goaway).toBeDefined();
          side.connection.tick(1e9);
          side.connection.end(1e9);
          expect(side.connection.openStreams).toBe(0);
          expect(side.events.closed).not.toBe("open");
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("raw noise on a fresh server gets an answer and an end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 200 }), (bytes) => {
        fc.pre(String.fromCharCode(...bytes.subarray(0, 24)) !== String.fromCharCode(...CLIENT_PREFACE));
        const server = new Connection("server", {}, new Recorder(), 0);
        server.receive(bytes, 0);
        expect(server.takeOutput()).toBeDefined();
        expect(server.wantsClose).toBe(true);
      }),
    );
  });
});
