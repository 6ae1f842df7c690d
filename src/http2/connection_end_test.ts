import { describe, expect, it } from "vitest";
import { ErrorCode } from "./errors.ts";
import { Flag, FrameType, readU32 } from "./frame.ts";
import { frame, Pair, REQUEST, Scripted, u32 } from "./testkit.ts";

const END = Flag.END_HEADERS | Flag.END_STREAM;

describe("a graceful end", () => {
  it("of a server: 2^31-1, PING, the last id, and the close with the last stream", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1, REQUEST, END));
    server.connection.goaway(ErrorCode.NO_ERROR, "shutdown");
    const [first, ping] = server.seen();
    expect(first).toMatchObject({ name: "GOAWAY", code: "NO_ERROR", debug: "shutdown" });
    expect(readU32(first.payload, 0)).toBe(0x7fff_ffff);
    expect(ping.name).toBe("PING");
    server.send(server.headers(3, REQUEST, END)); // it had not seen the GOAWAY yet: served
    server.send(frame(FrameType.PING, Flag.ACK, 0, ping.payload));
    const [final] = server.seen();
    expect(readU32(final.payload, 0)).toBe(3);
    server.send(server.headers(5, REQUEST, END), frame(FrameType.DATA, 1, 5, [1])); // ignored: it is retried elsewhere
    expect(server.seen()).toEqual([]);
    server.connection.sendHeaders(1, [":status", "200"], true);
    expect(server.connection.wantsClose).toBe(false);
    server.connection.sendHeaders(3, [":status", "200"], true);
    expect(server.connection.wantsClose).toBe(true);
    expect(server.events.log).toEqual(["initial 1 end", "initial 3 end", "closed cleanly"]);
    expect(server.seen().map((seen) => seen.name)).toEqual(["HEADERS", "HEADERS"]);
  });

  it("does not wait for ever for the PING, nor at all when asked twice", () => {
    const slow = new Scripted().ready();
    slow.connection.goaway(ErrorCode.NO_ERROR);
    slow.nowMs += 1_000_000; // commands carry no time: the wait begins with the first look
    slow.seen();
    expect(slow.connection.nextTimeoutMs(slow.nowMs)).toBe(5_000);
    slow.connection.tick(slow.nowMs + 4_999);
    expect(slow.connection.wantsClose).toBe(false);
    slow.connection.tick(slow.nowMs + 5_000);
    expect(slow.connection.wantsClose).toBe(true);
    const asked = new Scripted().ready();
    asked.connection.goaway(ErrorCode.NO_ERROR);
    asked.connection.goaway(ErrorCode.NO_ERROR);
    expect(asked.connection.wantsClose).toBe(true);
  });

  it("lets a client finish, and refuses what came too late so that it can retry", () => {
    const pair = new Pair();
    pair.client.request(REQUEST, false);
    pair.client.request(REQUEST, false);
    pair.run();
    const client = new Scripted("client").ready();
    for (let i = 0; i < 3; i++) client.connection.request(REQUEST, true);
    client.send(frame(FrameType.GOAWAY, 0, 0, [...u32(3), ...u32(0), 0x62, 0x79, 0x65]));
    expect(client.events.log).toEqual(["goaway 3 NO_ERROR bye", "reset 5 REFUSED_STREAM local"]);
    expect([client.connection.canOpenStream, client.connection.request(REQUEST, true)]).toEqual([false, -1]);
    client.send(client.headers(1, [":status", "200"], END), client.headers(3, [":status", "200"], END));
    expect(client.connection.wantsClose).toBe(true);
    expect(client.events.log.at(-1)).toBe("closed cleanly");
  });

  it("of a client waits for its calls", () => {
    const pair = new Pair();
    const id = pair.client.request(REQUEST, true);
    pair.run();
    pair.client.goaway(ErrorCode.NO_ERROR);
    pair.run();
    expect([pair.client.wantsClose, pair.client.canOpenStream]).toEqual([false, false]);
    pair.server.sendHeaders(id, [":status", "200"], true);
    pair.run();
    expect(pair.client.wantsClose).toBe(true);
    expect(pair.atServer.log).toContain("goaway 0 NO_ERROR");
  });
});

describe("an end at once", () => {
  it("by our own code resets what lives, then closes", () => {
    const pair = new Pair();
    pair.client.request(REQUEST, false);
    pair.run();
    pair.server.goaway(ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings");
    expect(pair.atServer.log.slice(-2)).toEqual(["reset 1 ENHANCE_YOUR_CALM local", "closed too_many_pings"]);
    expect(pair.server.error).toMatchObject({ origin: "local", code: ErrorCode.ENHANCE_YOUR_CALM });
    pair.run();
    expect(pair.atClient.log).toEqual(["goaway 1 ENHANCE_YOUR_CALM too_many_pings"]);
  });

  it("by the transport says so, and is clean without streams", () => {
    const pair = new Pair();
    pair.client.request(REQUEST, false);
    pair.run();
    pair.client.end(pair.nowMs);
    expect(pair.atClient.log).toEqual([
      "reset 1 CONNECTION_LOST local",
      "closed the transport ended with streams open",
    ]);
    const idle = new Pair().run();
    idle.server.end(idle.nowMs);
    expect(idle.atServer.log).toEqual(["closed cleanly"]);
  });

  it("is known inside the last onReset", () => {
    const pair = new Pair();
    pair.client.request(REQUEST, false);
    pair.run();
    let known: unknown;
    pair.atClient.onReset = () => known = [pair.client.closed, pair.client.error?.origin];
    pair.client.end(pair.nowMs);
    expect(known).toEqual([true, "transport"]);
  });

  it("takes no more input and no more commands", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1));
    server.connection.goaway(ErrorCode.INTERNAL_ERROR);
    server.seen();
    server.send(server.headers(3), frame(FrameType.PING, 0, 0, new Uint8Array(8)));
    server.connection.sendHeaders(1, [":status", "200"], false);
    server.connection.ping(new Uint8Array(8));
    server.connection.tick(1e9);
    server.connection.goaway(ErrorCode.NO_ERROR);
    expect(server.seen()).toEqual([]);
    expect(server.connection.nextTimeoutMs(0)).toBeUndefined();
  });
});

describe("time", () => {
  it("ends a connection whose SETTINGS are not acknowledged", () => {
    const server = new Scripted().send(frame(FrameType.SETTINGS, 0, 0));
    server.seen();
    expect(server.connection.nextTimeoutMs(server.nowMs)).toBe(10_000);
    server.connection.tick(server.nowMs + 10_000);
    expect(server.goaway()).toMatchObject({ code: "SETTINGS_TIMEOUT", debug: "settings_timeout" });
  });

  it("ends a connection whose header block never ends", () => {
    const server = new Scripted().ready();
    server.send(server.headers(1, REQUEST, 0));
    expect(server.connection.nextTimeoutMs(server.nowMs)).toBe(10_000);
    server.connection.tick(server.nowMs + 10_000);
    expect(server.goaway()?.debug).toBe("header_block_timeout");
  });

  it("asks for no tick when nothing is timed", () => {
    expect(new Scripted().ready().connection.nextTimeoutMs(0)).toBeUndefined();
  });
});

describe("a configuration outside the RFC", () => {
  it("is refused with the range", () => {
    expect(() => new Scripted("server", { maxFrameBytes: 100 })).toThrow(/16384 to 16777215/);
    expect(() => new Scripted("server", { connectionWindowBytes: 100 })).toThrow(RangeError);
  });
});
