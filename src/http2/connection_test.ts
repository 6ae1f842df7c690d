import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ErrorCode } from "./errors.ts";
import { Pair, random, REQUEST, Scripted } from "./testkit.ts";
import { frame } from "./testkit.ts";
import { Flag, FrameType } from "./frame.ts";

const RESPONSE = [":status", "200", "content-type", "application/grpc"];
const TRAILERS = ["grpc-status", "0"];

/** The server echoes each body in pieces once it is whole. */
function echo(pair: Pair, pieceBytes = 10_000): void {
  const { atServer, server } = pair;
  const answer = (id: number) => {
    const body = Uint8Array.from(atServer.bodies.get(id) ?? []);
    server.sendHeaders(id, RESPONSE, false);
    for (let at = 0; at < body.length; at += pieceBytes) {
      server.sendData(id, body.slice(at, at + pieceBytes), false);
    }
    server.sendHeaders(id, TRAILERS, true);
  };
  atServer.onDataHook = (id, _data, end) => end && answer(id);
  atServer.onHeadersHook = (id, _headers, end) => end && answer(id);
}

describe("a client and a server", () => {
  it("exchange a unary call", () => {
    const pair = new Pair();
    echo(pair);
    const id = pair.client.request(REQUEST, false);
    pair.client.sendData(id, Uint8Array.of(1, 2, 3), true);
    pair.run();
    expect(pair.atServer.log).toEqual(["initial 1", "data 1 3 end"]);
    expect(pair.atClient.log).toEqual(["initial 1", "data 1 3", "trailers 1 end"]);
    expect(pair.atServer.headers[0]).toEqual(REQUEST);
    expect(pair.atClient.headers).toEqual([RESPONSE, TRAILERS]);
    expect([pair.client.openStreams, pair.server.openStreams]).toEqual([0, 0]);
  });

  it("carry any bodies on many streams through any split", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(400_000), { minLength: 1, maxLength: 12 }),
        fc.integer(),
        fc.constantFrom(1, 7, 100, 20_000, 70_000),
        (sizes, seed, chunkBytes) => {
          const small = sizes.map((size) => chunkBytes < 10 ? size % 500 : size);
          const pair = new Pair({
            server: { streamWindowBytes: 20_000 },
            client: { streamWindowBytes: 70_000 },
          }, random(seed));
          echo(pair);
          const chance = random(seed ^ 77);
          const sent = small.map((size) => Uint8Array.from({ length: size }, () => chance() * 256));
          const ids = sent.map((body) => {
            const id = pair.client.request(REQUEST, body.length === 0);
            if (body.length > 0) pair.client.sendData(id, body.slice(), true);
            return id;
          });
          pair.run(chunkBytes);
          ids.forEach((id, i) => {
            const body = pair.atClient.bodies.get(id) ?? [];
            expect(body.length).toBe(small[i]);
            expect(body.every((byte, at) => byte === sent[i][at])).toBe(true);
          });
          expect([pair.client.openStreams, pair.server.openStreams]).toEqual([0, 0]);
          expect([pair.client.error, pair.server.error]).toEqual([undefined, undefined]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("exchange informational responses, and headers larger than a frame", () => {
    const pair = new Pair({ client: { maxHeaderListBytes: 100_000 } });
    pair.atServer.onHeadersHook = (id) => {
      pair.server.sendHeaders(id, [":status", "103", "link", "x"], false);
      pair.server.sendHeaders(id, [...RESPONSE, "x-long", "\xe9".repeat(20_000)], true);
    };
    pair.client.request(REQUEST, true);
    pair.run(1_000);
    expect(pair.atClient.log).toEqual(["informational 1", "initial 1 end"]);
    expect(pair.atClient.headers[1][5].length).toBe(20_000);
  });

  it("reset streams either way, and late frames are no error", () => {
    const pair = new Pair();
    const a = pair.client.request(REQUEST, false);
    const b = pair.client.request(REQUEST, false);
    pair.run();
    pair.client.reset(a, ErrorCode.CANCEL);
    pair.server.sendHeaders(a, RESPONSE, false);
    pair.server.sendData(a, new Uint8Array(10), false);
    pair.server.reset(b, ErrorCode.INTERNAL_ERROR);
    pair.client.sendData(b, new Uint8Array(10), true);
    pair.run();
    expect(pair.atServer.log).toEqual(["initial 1", "initial 3", "reset 1 CANCEL peer"]);
    expect(pair.atClient.log).toEqual(["reset 3 INTERNAL_ERROR peer"]);
    expect([pair.client.closed, pair.server.closed]).toEqual([false, false]);
  });

  it("end a call early with a whole answer, then RST_STREAM NO_ERROR", () => {
    const pair = new Pair({ client: { streamWindowBytes: 1_000 } });
    pair.atServer.onHeadersHook = (id) => {
      pair.server.sendHeaders(id, RESPONSE, false);
      pair.server.sendData(id, new Uint8Array(200_000), false);
      pair.server.sendHeaders(id, TRAILERS, true);
      pair.server.reset(id, ErrorCode.NO_ERROR);
    };
    pair.client.request(REQUEST, false);
    pair.run();
    expect(pair.atClient.bodies.get(1)?.length).toBe(200_000);
    expect(pair.atClient.log.slice(-2)).toEqual(["trailers 1 end", "reset 1 NO_ERROR peer"]);
    expect(pair.server.openStreams).toBe(0);
  });

  it("ping each other, and the answer overtakes what is queued", () => {
    const pair = new Pair();
    pair.run();
    pair.client.ping(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    pair.run();
    expect(pair.atClient.log).toEqual(["pong 1,2,3,4,5,6,7,8"]);
    const server = new Scripted().ready();
    server.send(server.headers(1));
    server.connection.sendHeaders(1, RESPONSE, false);
    server.send(frame(FrameType.PING, 0, 0, new Uint8Array(8)));
    expect(server.seen().map((seen) => [seen.name, seen.flags])).toEqual([["PING", Flag.ACK], [
      "HEADERS",
      4,
    ]]);
  });
});

describe("takeOutput", () => {
  it("gives at most maxBytes, and nothing is lost", () => {
    const whole = new Scripted("client");
    const cut = new Scripted("client");
    const parts: number[] = [];
    for (const { connection } of [whole, cut]) {
      connection.sendData(connection.request(REQUEST, false), new Uint8Array(5_000), true);
    }
    const all = whole.connection.takeOutput()?.slice() ?? new Uint8Array(0);
    for (let out = cut.connection.takeOutput(700); out !== undefined; out = cut.connection.takeOutput(700)) {
      expect(out.length).toBeLessThanOrEqual(700);
      parts.push(...out);
    }
    expect(parts).toEqual([...all]);
  });

  it("leaves the array that is being written alone", () => {
    const { connection } = new Scripted("client");
    const first = connection.takeOutput() ?? new Uint8Array(0);
    const before = first.slice();
    connection.sendData(connection.request(REQUEST, false), new Uint8Array(5_000), true);
    expect(first).toEqual(before);
  });
});

describe("a program's mistakes", () => {
  it("throw, with what is wrong", () => {
    const pair = new Pair();
    const id = pair.client.request(REQUEST, false);
    pair.client.sendData(id, Uint8Array.of(1), true);
    expect(() => pair.client.sendData(id, Uint8Array.of(1), true)).toThrow(TypeError);
    pair.run();
    expect(() => pair.server.sendData(id, Uint8Array.of(1), true)).toThrow(TypeError);
    expect(() => pair.server.sendHeaders(id, TRAILERS, true)).toThrow(/:status before trailers/);
    expect(() => pair.server.sendHeaders(id, [":status", "200", "bad name", "x"], false)).toThrow(TypeError);
    pair.server.sendHeaders(id, RESPONSE, false);
    expect(() => pair.server.sendHeaders(id, RESPONSE, false)).toThrow(/already/);
    expect(() => pair.client.ping(new Uint8Array(3))).toThrow(/8 bytes/);
  });

  it("on streams that are gone are no mistakes", () => {
    const { server } = new Pair();
    server.sendHeaders(9, TRAILERS, true);
    expect(server.sendData(9, Uint8Array.of(1), true)).toBe(true);
    server.reset(9, ErrorCode.CANCEL);
    server.consume(9, 5);
  });
});
