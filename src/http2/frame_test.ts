import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ErrorCode } from "./errors.ts";
import {
  frameName,
  frameRuleError,
  FrameType,
  readU24,
  readU31,
  readU32,
  writeFrameHeader,
} from "./frame.ts";
import { FrameReader } from "./frame_reader.ts";
import { concat, frame, random } from "./testkit.ts";

describe("a frame header", () => {
  it("is written as it is read", () => {
    fc.assert(
      fc.property(
        fc.nat(0xff_ffff),
        fc.nat(255),
        fc.nat(255),
        fc.nat(0x7fff_ffff),
        (length, type, flags, id) => {
          const bytes = new Uint8Array(9);
          writeFrameHeader(bytes, 0, length, type, flags, id);
          expect([readU24(bytes, 0), bytes[3], bytes[4], readU31(bytes, 5)]).toEqual([
            length,
            type,
            flags,
            id,
          ]);
        },
      ),
    );
  });

  it("has a stream id without its reserved bit, and error codes with all 32", () => {
    expect(readU31(Uint8Array.of(0x80, 0, 0, 1), 0)).toBe(1);
    expect(readU32(Uint8Array.of(0xff, 0xff, 0xff, 0xff), 0)).toBe(0xffff_ffff);
  });

  it.each([
    [FrameType.DATA, 0, 0, 1, ErrorCode.PROTOCOL_ERROR],
    [FrameType.SETTINGS, 0, 1, 0, ErrorCode.PROTOCOL_ERROR],
    [FrameType.SETTINGS, 0, 0, 5, ErrorCode.FRAME_SIZE_ERROR],
    [FrameType.SETTINGS, 1, 0, 6, ErrorCode.FRAME_SIZE_ERROR],
    [FrameType.SETTINGS, 1, 0, 0, 0],
    [FrameType.PING, 0, 0, 7, ErrorCode.FRAME_SIZE_ERROR],
    [FrameType.PING, 0, 3, 8, ErrorCode.PROTOCOL_ERROR],
    [FrameType.RST_STREAM, 0, 1, 5, ErrorCode.FRAME_SIZE_ERROR],
    [FrameType.WINDOW_UPDATE, 0, 0, 4, 0],
    [FrameType.WINDOW_UPDATE, 0, 1, 3, ErrorCode.FRAME_SIZE_ERROR],
    [FrameType.GOAWAY, 0, 0, 7, ErrorCode.FRAME_SIZE_ERROR],
    [0x77, 0, 5, 123, 0],
  ])("of type %i with flags %i on stream %i of %i bytes gives error %i", (type, flags, id, length, error) => {
    expect(frameRuleError(type, flags, id, length)).toBe(error);
  });

  it("has a name for debug texts", () => {
    expect([frameName(0), frameName(9), frameName(200)]).toEqual(["DATA", "CONTINUATION", "frame type 200"]);
  });
});

describe("the frame reader", () => {
  const anyFrame = fc.tuple(fc.nat(12), fc.nat(255), fc.nat(1_000), fc.uint8Array({ maxLength: 2_000 }));

  it("cuts the same frames out of any split", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 10 }),
        fc.integer(),
        fc.integer({ min: 1, max: 3_000 }),
        (frames, seed, most) => {
          const reader = new FrameReader(16_384);
          const chance = random(seed);
          const bytes = concat(
            ...frames.map(([type, flags, id, payload]) => frame(type, flags, id, payload)),
          );
          const seen: unknown[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = 1 + Math.floor(chance() * most);
            reader.push(bytes.slice(at, at + size), 0);
            at += size;
            while (reader.next()) {
              seen.push([
                reader.type,
                reader.flags,
                reader.streamId,
                reader.bytes.slice(reader.start, reader.end),
              ]);
            }
          }
          expect(seen).toEqual(frames);
        },
      ),
    );
  });

  it("reports a frame that is too large by its header alone", () => {
    for (const split of [9, 4]) {
      const reader = new FrameReader(16_384);
      const bytes = frame(0, 0, 1, new Uint8Array(16_385)).subarray(0, 9);
      reader.push(bytes.subarray(0, split), 0);
      if (split < 9) {
        expect(reader.next()).toBe(false);
        reader.push(bytes.subarray(split), 0);
      }
      expect(reader.next()).toBe(true);
      expect(reader).toMatchObject({ tooLarge: true, length: 16_385 });
    }
  });
});
