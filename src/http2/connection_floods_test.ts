import { describe, expect, it } from "vitest";
import { Flag, FrameType } from "./frame.ts";
import { frame, random, REQUEST, Scripted, u32 } from "./testkit.ts";

const END = Flag.END_HEADERS | Flag.END_STREAM;
const RESPONSE = [":status", "200"];

/** Sends until the connection ends; gives GOAWAY's debug data and how many sends it took. */
function flood(server: Scripted, next: (i: number) => Uint8Array[], drain = true): [string, number] {
  let said = "";
  let sent = 0;
  for (; sent < 30_000 && !server.connection.wantsClose; sent++) {
    server.send(...next(sent));
    if (drain) said = server.goaway()?.debug ?? said;
  }
  const goaway = drain ? undefined : server.goaway();
  expect(server.connection.error?.code).toBe(0xb);
  return [goaway?.debug ?? said, sent];
}

describe("each abuse ends in ENHANCE_YOUR_CALM with the name of its limit", () => {
  it("rapid reset", () => {
    const server = new Scripted().ready();
    const [limit, sent] = flood(
      server,
      (i) => [server.headers(2 * i + 1), frame(FrameType.RST_STREAM, 0, 2 * i + 1, u32(8))],
    );
    expect([limit, sent]).toEqual(["too_many_resets", 1_001]);
  });

  it("resets at a pace that people cause are none", () => {
    const server = new Scripted().ready();
    for (let i = 0; i < 3_000; i++) {
      server.nowMs += 40;
      server.send(server.headers(2 * i + 1), frame(FrameType.RST_STREAM, 0, 2 * i + 1, u32(8)));
      server.seen();
    }
    expect(server.connection.closed).toBe(false);
  });

  it("a reset that crosses ours after an early answer is none", () => {
    const server = new Scripted().ready();
    for (let id = 1; id < 2 * 3_000; id += 2) {
      server.send(server.headers(id));
      server.connection.sendHeaders(id, [":status", "200", "grpc-status", "0"], true);
      server.connection.reset(id, 0);
      server.send(frame(FrameType.RST_STREAM, 0, id, u32(8)));
      server.seen();
    }
    expect(server.connection.closed).toBe(false);
  });

  it("MadeYouReset, by each way to make us reset", () => {
    const ways: ((server: Scripted, id: number) => Uint8Array[])[] = [
      (s, id) => [s.headers(id), frame(FrameType.WINDOW_UPDATE, 0, id, u32(0))],
      (s, id) => [s.headers(id), frame(FrameType.WINDOW_UPDATE, 0, id, u32(0x7fff_ffff))],
      (s, id) => [s.headers(id, REQUEST, END), frame(FrameType.DATA, 0, id, [1, 2, 3, 4, 5])],
      (s, id) => [s.headers(id, REQUEST, END), s.headers(id, ["a", "b"], END)],
      (s, id) => [s.headers(id), frame(FrameType.PRIORITY, 0, id, [1])],
      (s, id) => [s.headers(id, [":method", "GET"])],
      (s, id) => [s.headers(id, [...REQUEST, "content-length", "9"], END)],
      (s, id) => [s.headers(id, [...REQUEST, "x-long", "x".repeat(15_900)], END)],
    ];
    for (const way of ways) {
      const server = new Scripted("server", { maxHeaderListBytes: 10_000 }).ready();
      const [limit, sent] = flood(server, (i) => way(server, 2 * i + 1));
      expect(limit).toMatch(/^too_many_(stream_errors|window_updates|priority_frames)$/);
      expect(sent).toBeLessThanOrEqual(1_001);
    }
  });

  it("streams beyond the advertised number", () => {
    const server = new Scripted("server", { maxConcurrentStreams: 2 }).ready();
    server.send(server.headers(1), server.headers(3), server.headers(5));
    expect(server.seen()).toMatchObject([{ name: "RST_STREAM", streamId: 5, code: "REFUSED_STREAM" }]);
    expect(server.events.log).toEqual(["initial 1", "initial 3"]);
    const [limit] = flood(server, (i) => [server.headers(2 * i + 7)]);
    expect(limit).toBe("too_many_stream_errors");
  });

  it("a place is free only when its handler ends, if it is held", () => {
    const server = new Scripted("server", { maxConcurrentStreams: 1 }).ready();
    server.send(server.headers(1), frame(FrameType.RST_STREAM, 0, 1, u32(8)));
    server.connection.holdSlot();
    server.send(server.headers(3));
    expect(server.seen()).toMatchObject([{ name: "RST_STREAM", streamId: 3, code: "REFUSED_STREAM" }]);
    server.connection.releaseSlot();
    server.send(server.headers(5));
    expect(server.events.log).toEqual(["initial 1", "reset 1 CANCEL peer", "initial 5"]);
  });

  it("PING", () => {
    const ping = frame(FrameType.PING, 0, 0, new Uint8Array(8));
    expect(flood(new Scripted().ready(), () => [ping])).toEqual(["too_many_pings", 1_001]);
  });

  it("PING answers that nobody asked for", () => {
    const pong = frame(FrameType.PING, Flag.ACK, 0, new Uint8Array(8));
    expect(flood(new Scripted().ready(), () => [pong])[0]).toBe("too_many_ignored_frames");
  });

  it("SETTINGS", () => {
    expect(flood(new Scripted().ready(), () => [frame(FrameType.SETTINGS, 0, 0)])).toEqual([
      "too_many_settings",
      100,
    ]);
  });

  it("PRIORITY", () => {
    const priority = frame(FrameType.PRIORITY, 0, 9, [0, 0, 0, 0, 1]);
    expect(flood(new Scripted().ready(), () => [priority])).toEqual(["too_many_priority_frames", 1_001]);
  });

  it("WINDOW_UPDATE", () => {
    const update = frame(FrameType.WINDOW_UPDATE, 0, 0, u32(1));
    expect(flood(new Scripted().ready(), () => [update])).toEqual(["too_many_window_updates", 1_001]);
  });

  it("WINDOW_UPDATE for each DATA frame that we send is none", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1));
    server.connection.sendHeaders(1, RESPONSE, false);
    for (let i = 0; i < 5_000; i++) {
      server.connection.sendData(1, new Uint8Array(18), false);
      server.seen();
      server.send(
        frame(FrameType.WINDOW_UPDATE, 0, 0, u32(18)),
        frame(FrameType.WINDOW_UPDATE, 0, 1, u32(18)),
      );
    }
    expect(server.connection.closed).toBe(false);
  });

  it("WINDOW_UPDATE that lets our DATA out byte by byte", () => {
    const server = new Scripted().ready();
    server.send(frame(FrameType.SETTINGS, 0, 0, [0, 4, 0, 0, 0, 0]), server.headers(1));
    server.connection.sendHeaders(1, RESPONSE, false);
    server.connection.sendData(1, new Uint8Array(60_000), true);
    const dribble = frame(FrameType.WINDOW_UPDATE, 0, 1, u32(1));
    expect(flood(server, () => [dribble])).toEqual(["too_many_window_updates", 1_001]);
  });

  it("empty and tiny DATA", () => {
    for (const payload of [[], [1], [1, 2, 3, 4]]) {
      const server = new Scripted().ready();
      server.send(server.headers(1));
      expect(flood(server, () => [frame(FrameType.DATA, 0, 1, payload)])).toEqual([
        "too_many_tiny_data_frames",
        101,
      ]);
    }
  });

  it("DATA that is all padding", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1));
    const padded = frame(FrameType.DATA, Flag.PADDED, 1, [200, ...new Uint8Array(200)]);
    expect(flood(server, () => [padded])[0]).toBe("too_many_tiny_data_frames");
  });

  it("small messages are none", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1));
    for (let i = 0; i < 20_000; i++) server.send(frame(FrameType.DATA, 0, 1, [0, 0, 0, 0, 1, 7]));
    expect(server.connection.closed).toBe(false);
  });

  it("frames of unknown types", () => {
    expect(flood(new Scripted().ready(), () => [frame(0x99, 0, 0)])).toEqual([
      "too_many_ignored_frames",
      10_001,
    ]);
  });

  it("DATA on a stream that we reset", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1));
    server.connection.reset(1, 8);
    expect(flood(server, () => [frame(FrameType.DATA, 0, 1, [1, 2, 3, 4, 5])])[0]).toBe(
      "too_many_ignored_frames",
    );
  });

  it("CONTINUATION, by number and by size", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1, REQUEST, 0));
    expect(flood(server, () => [frame(FrameType.CONTINUATION, 0, 1)])).toEqual(["too_many_continuations", 9]);
    const large = new Scripted().ready();
    large.send(large.headers(1, REQUEST, 0));
    const part = frame(FrameType.CONTINUATION, 0, 1, new Uint8Array(16_000));
    expect(flood(large, () => [part])).toEqual(["header_block_too_large", 5]);
  });

  it("answers that the peer does not read", () => {
    const server = new Scripted().ready();
    const [limit, sent] = flood(server, (i) => {
      server.nowMs += 20;
      return [
        frame(FrameType.PING, 0, 0, new Uint8Array(8)),
        ...(i % 10 === 0 ? [frame(FrameType.SETTINGS, 0, 0)] : []),
      ];
    }, false);
    expect(limit).toBe("too_many_queued_control_frames");
    expect(sent).toBeLessThan(2_001);
  });

  it("resets that the peer does not read", () => {
    const server = new Scripted().ready();
    const [limit] = flood(server, (i) => {
      server.nowMs += 50;
      return [server.headers(2 * i + 1, [":method", "GET"])];
    }, false);
    expect(limit).toBe("too_many_queued_control_frames");
  });
});

describe("header lists beyond the limits", () => {
  it("far beyond them end the connection", () => {
    for (const field of [0x82, 0xbe]) {
      const server = new Scripted().ready();
      server.send(server.headers(1, [...REQUEST, "x-bomb", "x".repeat(3_000)])); // index 62
      const bomb = frame(FrameType.HEADERS, END, 3, new Uint8Array(16_000).fill(field));
      expect(flood(server, () => [bomb])).toEqual(["header_list_bomb", 1]);
    }
  });

  it("cost more than other mistakes", () => {
    const server = new Scripted().ready();
    const large = [...REQUEST, "x-long", "x".repeat(17_000)];
    const [limit, sent] = flood(server, (i) => {
      const block = server.block(large);
      return [
        frame(FrameType.HEADERS, Flag.END_STREAM, 2 * i + 1, block.subarray(0, 9_000)),
        frame(FrameType.CONTINUATION, Flag.END_HEADERS, 2 * i + 1, block.subarray(9_000)),
      ];
    });
    expect([limit, sent]).toEqual(["too_many_stream_errors", 21]);
  });

  it("are answered with 431, and the connection goes on", () => {
    for (
      const headers of [
        [...REQUEST, "x-long", "x".repeat(17_000)],
        [...REQUEST, ...Array.from({ length: 130 }, (_, i) => ["a", `${i}`]).flat()],
      ]
    ) {
      const server = new Scripted().ready();
      const block = server.block(headers);
      server.send(frame(FrameType.HEADERS, 0, 1, block.subarray(0, 9_000)));
      server.send(frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, block.subarray(9_000)));
      expect(server.seen()).toMatchObject([
        { name: "HEADERS", streamId: 1, flags: END },
        { name: "RST_STREAM", streamId: 1, code: "NO_ERROR" },
      ]);
      server.send(frame(FrameType.DATA, Flag.END_STREAM, 1, [1, 2, 3, 4, 5]), server.headers(3));
      expect(server.events.log).toEqual(["initial 3"]);
      expect(server.events.headers[0]).toEqual(REQUEST);
    }
  });

  it("end the stream of a client, and so do endless informational responses", () => {
    const client = new Scripted("client").ready();
    client.connection.request(REQUEST, true);
    client.connection.request(REQUEST, true);
    client.send(client.headers(1, [":status", "200", "x-long", "x".repeat(16_400)]));
    expect(client.events.log).toEqual(["reset 1 ENHANCE_YOUR_CALM local"]);
    for (let i = 0; i < 17; i++) client.send(client.headers(3, [":status", "103"]));
    expect(client.events.log.at(-1)).toBe("reset 3 ENHANCE_YOUR_CALM local");
  });
});

describe("a peer that takes too slowly", () => {
  function stalled(): Scripted {
    const server = new Scripted("server", { sendStallTimeoutMs: 8_000 }).ready();
    server.send(frame(FrameType.SETTINGS, 0, 0, [0, 4, 0, 0, 0, 0]), server.headers(1));
    server.connection.sendHeaders(1, RESPONSE, false);
    server.connection.sendData(1, new Uint8Array(60_000), true);
    server.seen();
    return server;
  }

  it("loses its stream after the stall timeout, whatever WINDOW_UPDATE it dribbles", () => {
    const server = stalled();
    expect(server.connection.nextTimeoutMs(server.nowMs)).toBe(1_000);
    for (let second = 0; second < 8; second++, server.nowMs += 1_000) {
      server.send(frame(FrameType.WINDOW_UPDATE, 0, 1, u32(1)));
      server.connection.tick(server.nowMs);
      server.seen();
      expect(server.connection.openStreams).toBe(1);
    }
    server.connection.tick(server.nowMs);
    expect(server.events.log.at(-1)).toBe("reset 1 ENHANCE_YOUR_CALM local");
    expect(server.events.streamErrors.at(-1)?.message).toBe("send_stalled");
    expect(server.connection.nextTimeoutMs(server.nowMs)).toBeDefined(); // RST_STREAM waits to be taken
    server.seen();
    expect(server.connection.nextTimeoutMs(server.nowMs)).toBeUndefined();
  });

  it("keeps its stream while bytes move", () => {
    const server = stalled();
    for (let second = 0; second < 30; second++, server.nowMs += 1_000) {
      if (second % 8 === 7) server.send(frame(FrameType.WINDOW_UPDATE, 0, 1, u32(16_384)));
      server.seen();
      server.connection.tick(server.nowMs);
    }
    expect(server.connection.openStreams).toBe(1);
  });

  it("loses its connection when the transport takes nothing", () => {
    const server = new Scripted("server", { sendStallTimeoutMs: 8_000 }).ready();
    server.send(frame(FrameType.PING, 0, 0, new Uint8Array(8)));
    for (let second = 0; second < 9; second++) server.connection.tick(server.nowMs + second * 1_000);
    expect(server.connection.error?.message).toBe("send_stalled");
  });
});

describe("streams that die while they wait for a window", () => {
  it("leave nothing behind", () => {
    const server = new Scripted().ready();
    const chance = random(5);
    for (let i = 0; i < 900; i++) {
      const id = 2 * i + 1;
      server.send(server.headers(id));
      server.connection.sendHeaders(id, RESPONSE, false);
      server.connection.sendData(id, new Uint8Array(Math.floor(chance() * 90_000)), chance() < 0.5);
      server.connection.takeOutput();
      if (chance() < 0.9) server.connection.reset(id, 8);
      else server.send(frame(FrameType.RST_STREAM, 0, id, u32(8)));
    }
    expect(server.connection.openStreams).toBe(0);
    server.seen();
    server.send(frame(FrameType.WINDOW_UPDATE, 0, 0, u32(1_000_000)));
    expect(server.seen()).toEqual([]);
    expect(server.connection.nextTimeoutMs(server.nowMs)).toBeUndefined();
  });
});
