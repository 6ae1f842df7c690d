import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HpackDecoder } from "./hpack_decoder.ts";
import { HpackEncoder } from "./hpack_encoder.ts";
import { REQUEST } from "./testkit.ts";

const name = fc.oneof(
  fc.constantFrom(
    ":path",
    "content-type",
    "te",
    "grpc-status",
    "grpc-timeout",
    "authorization",
    "x-a",
    "x-b",
  ),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
);
const value = fc.oneof(
  fc.constantFrom("", "0", "trailers", "application/grpc", "/a.B/C"),
  fc.stringMatching(/^[!-~\u00a1-\u00ff]{0,600}$/),
);
const list = fc.array(fc.tuple(name, value), { maxLength: 20 }).map((fields) => fields.flat());

describe("the HPACK encoder", () => {
  it("sends lists that our decoder gives back, whatever the table does meanwhile", () => {
    const step = fc.oneof({ weight: 5, arbitrary: list }, { weight: 1, arbitrary: fc.nat(6_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, twice) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder(4_096, 1_000_000, 1_000);
        for (const next of twice ? steps.flatMap((s) => [s, s, s]) : steps) {
          if (typeof next === "number") {
            encoder.limitTable(next);
            continue;
          }
          // A third of the fields at the end as those that change with each call.
          const split = 2 * Math.ceil(next.length / 3);
          const length = encoder.encode(next.slice(0, split), next.slice(split));
          expect(decoder.decode(encoder.block, 0, length)?.headers ?? decoder.error).toEqual(next);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("sends a request that repeats in one byte a field", () => {
    const encoder = new HpackEncoder();
    expect(encoder.encode(REQUEST)).toBeGreaterThan(40);
    expect(encoder.encode(REQUEST)).toBe(REQUEST.length / 2);
    expect(encoder.encode([...REQUEST])).toBe(REQUEST.length / 2);
  });

  it("keeps the encoding of a request whose timeout changes with each call", () => {
    const encoder = new HpackEncoder();
    const requests = [...Array(5).keys()].map((i) => {
      const length = encoder.encode(REQUEST, ["grpc-timeout", `${i}S`]);
      return [...encoder.block.subarray(0, length)];
    });
    const [, second, third] = requests;
    expect(second.slice(0, REQUEST.length / 2)).toEqual(third.slice(0, REQUEST.length / 2));
    expect(encoder.encode(REQUEST)).toBe(REQUEST.length / 2);
    expect(() => encoder.encode(REQUEST, ["Bad", "name"])).toThrow(TypeError);
    expect(encoder.encode(REQUEST)).toBe(REQUEST.length / 2);
  });

  it("marks secrets as never indexed, and indexes no value that changes with each call", () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 3; i++) {
      expect(encoder.encode(["authorization", "Bearer x"])).toBeGreaterThan(5);
      expect(encoder.block[0] & 0xf0).toBe(0x10);
      expect(encoder.encode(["grpc-timeout", "10S"])).toBeGreaterThan(5);
    }
  });

  it("gives a custom field an entry only when its value comes again", () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 50; i++) encoder.encode(["x-request", `value-${i}`]);
    encoder.encode(["x-tenant", "a"]);
    encoder.encode(["x-tenant", "a"]);
    expect(encoder.encode(["x-tenant", "a"])).toBe(1);
  });

  it("keeps to 4,096 bytes of table when the peer offers more, and announces when it offers less", () => {
    const encoder = new HpackEncoder();
    encoder.limitTable(1_000_000);
    expect(encoder.encode([":method", "GET"])).toBe(1);
    encoder.limitTable(0);
    encoder.limitTable(100);
    encoder.encode([":method", "GET"]);
    expect([...encoder.block.subarray(0, 4)]).toEqual([0x20, 0x3f, 100 - 31, 0x82]);
    for (let i = 0; i < 3; i++) expect(encoder.encode([":method", "GET"])).toBe(1); // announced once
  });

  it("refuses what would split a header, before its state changes", () => {
    const encoder = new HpackEncoder();
    expect(() => encoder.encode([":path", "/x", "x-a", "1\r\nx-b: 2"])).toThrow(TypeError);
    expect(() => encoder.encode(["X-Upper", "1"])).toThrow(/lower-case/);
    expect(() => encoder.encode(["x-a", "\u20ac"])).toThrow(/latin1/);
    const decoder = new HpackDecoder(4_096, 4_096, 10);
    const length = encoder.encode([":path", "/x"]);
    expect(decoder.decode(encoder.block, 0, length)?.headers).toEqual([":path", "/x"]);
  });
});
