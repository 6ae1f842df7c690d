import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameMessage, MessageReader } from "./message.ts";

function readAll(reader: MessageReader, chunks: Uint8Array[]): Buffer[] {
  const out: Buffer[] = [];
  for (const chunk of chunks) {
    for (let one = reader.next(chunk); one !== undefined; one = reader.next(chunk)) out.push(one);
  }
  return out;
}

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing thrown";
}

describe("length-prefixed messages", () => {
  it("come back whole however the stream is cut", () => {
    fc.assert(fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 50 }),
      (messages, cuts) => {
        const stream = Buffer.concat(messages.map((one) => frameMessage(one)));
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = Math.min(stream.length, at + cuts[i % cuts.length]);
          chunks.push(stream.subarray(at, end));
          at = end;
        }
        const reader = new MessageReader(1_000);
        expect(readAll(reader, chunks).map((one) => [...one])).toEqual(messages.map((one) => [...one]));
        expect(reader.idle).toBe(true);
      },
    ));
  });

  it("are copies: the read buffer may be used again", () => {
    const chunk = frameMessage(Buffer.from("hello"));
    const [message] = readAll(new MessageReader(100), [chunk]);
    chunk.fill(0);
    expect(message.toString()).toBe("hello");
  });

  it("grow a large message piece by piece", () => {
    const body = Buffer.alloc(300_000, 7);
    const framed = frameMessage(body);
    const chunks = Array.from({ length: 30 }, (_, i) => framed.subarray(i * 10_005, (i + 1) * 10_005));
    const [message] = readAll(new MessageReader(400_000), chunks);
    expect(message.equals(body)).toBe(true);
  });

  it("are refused at the prefix when they are too large", () => {
    const prefix = Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff);
    expect(codeOf(() => new MessageReader(100).next(prefix))).toBe(status.RESOURCE_EXHAUSTED);
    expect(codeOf(() => new MessageReader(5).next(frameMessage(Buffer.alloc(5))))).toBe("nothing thrown");
    expect(codeOf(() => new MessageReader(4).next(frameMessage(Buffer.alloc(5))))).toBe(
      status.RESOURCE_EXHAUSTED,
    );
  });

  it("are refused with a flag that nobody knows", () => {
    expect(codeOf(() => new MessageReader(100).next(Uint8Array.of(2, 0, 0, 0, 0)))).toBe(status.INTERNAL);
  });

  it("are not idle inside a prefix or a body", () => {
    const reader = new MessageReader(100);
    readAll(reader, [Uint8Array.of(0, 0)]);
    expect(reader.idle).toBe(false);
    readAll(reader, [Uint8Array.of(0, 0, 2, 9)]);
    expect(reader.idle).toBe(false);
    readAll(reader, [Uint8Array.of(9)]);
    expect(reader.idle).toBe(true);
  });
});

describe("compressed messages", () => {
  const compressed = (body: Uint8Array) => {
    const framed = frameMessage(body);
    framed[0] = 1;
    return framed;
  };

  it("come back as they were, for both encodings", () => {
    const body = Buffer.alloc(10_000, "abc");
    for (const encoding of ["gzip", "deflate"] as const) {
      const framed = frameMessage(body, encoding);
      expect(framed.length).toBeLessThan(1_000);
      const [message] = readAll(new MessageReader(20_000, encoding), [framed]);
      expect(message.equals(body)).toBe(true);
    }
  });

  it("that grow beyond the limit are stopped there", () => {
    const bomb = compressed(gzipSync(Buffer.alloc(10_000_000)));
    expect(codeOf(() => new MessageReader(100_000, "gzip").next(bomb))).toBe(status.RESOURCE_EXHAUSTED);
  });

  it("of exactly the limit pass, one byte more does not", () => {
    const at = (size: number) =>
      codeOf(() => new MessageReader(1_000, "gzip").next(compressed(gzipSync(Buffer.alloc(size)))));
    expect(at(1_000)).toBe("nothing thrown");
    expect(at(1_001)).toBe(status.RESOURCE_EXHAUSTED);
  });

  it("count what they grow beyond the usual, also where they are refused", () => {
    const excess = (maxBytes: number, body: Uint8Array): number => {
      const reader = new MessageReader(maxBytes, "gzip");
      codeOf(() => reader.next(compressed(body)));
      return reader.excessBytes;
    };
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    expect(excess(1_000_000, bomb)).toBe(1_000_000 - 64 * bomb.length);
    expect(excess(100_000, bomb)).toBe(100_000 - 64 * bomb.length);
    expect(excess(1_000_000, bomb.subarray(0, -1))).toBe(1_000_000 - 64 * (bomb.length - 1));
    expect(excess(1_000_000, gzipSync(Buffer.from("a text as people write it")))).toBe(0);
  });

  it("grow no further than there is room to hold them, the compressed bytes given up", () => {
    const body = gzipSync(Buffer.alloc(1_000_000));
    const into = (roomBytes: number) => {
      const reader = new MessageReader(4_000_000, "gzip", false, { roomBytes });
      return {
        code: codeOf(() => reader.next(compressed(body))),
        made: reader.excessBytes + 64 * body.length,
      };
    };
    expect(into(1_000_000 - body.length).code).toBe("nothing thrown");
    expect(into(999_999 - body.length)).toEqual({ code: status.RESOURCE_EXHAUSTED, made: 999_999 });
    expect(into(-5_000_000).code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it("that are none are INTERNAL, as is the flag on an identity call", () => {
    expect(codeOf(() => new MessageReader(100, "gzip").next(compressed(Buffer.from("no"))))).toBe(
      status.INTERNAL,
    );
    expect(codeOf(() => new MessageReader(100).next(compressed(Buffer.from("no"))))).toBe(status.INTERNAL);
  });
});
