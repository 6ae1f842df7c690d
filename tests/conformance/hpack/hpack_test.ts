// HPACK against other people's encoders, whose blocks are in corpus/, and another decoder.
// Must never make its own expectations: what a block says is in stories.ts, which its encoder was given.
import { describe, expect, it } from "vitest";
import { HpackDecoder } from "../../../src/http2/hpack_decoder.ts";
import { DECODER_TABLE_BYTES, MAX_CONTINUATION_FRAMES } from "../../../src/http2/limits.ts";
import { Flag, FrameType } from "../../../src/http2/frame.ts";
import { frame, random, Recorder, Scripted } from "../../../src/http2/testkit.ts";
import { decodeWithNghttp2 } from "./nghttp2_client.ts";
import type { Corpus } from "./make.ts";
import { type Field, stories } from "./stories.ts";

const ENCODERS = ["go", "python", "python_plain", "nghttp2", "netty"];
const HERE = new URL(".", import.meta.url).pathname;
const corpora: Corpus[] = ENCODERS.map((name) =>
  JSON.parse(Deno.readTextFileSync(`${HERE}corpus/${name}.json`))
);
/** Larger than every list of the stories. */
const LIMITS = { maxHeaderListBytes: 1 << 20, maxHeaderCount: 1 << 10 };

const flat = (list: Field[]) => list.flatMap(([name, value]) => [name, value]);
const lists = (story: typeof stories[number]) =>
  story.events.filter((event) => typeof event !== "number").map((list) => flat(list));
const bytes = (hex: string) => Uint8Array.fromHex(hex);

/** The block in HEADERS and CONTINUATION frames, cut anywhere. */
function cut(streamId: number, block: Uint8Array, chance: () => number): Uint8Array[] {
  const cuts = Array.from(
    { length: Math.floor(chance() * (MAX_CONTINUATION_FRAMES + 1)) },
    () => Math.floor(chance() * (block.length + 1)),
  ).sort((a, b) => a - b);
  const ends = [...cuts, block.length];
  return ends.map((end, i) => {
    const flags = (i === 0 ? Flag.END_STREAM : 0) | (i === ends.length - 1 ? Flag.END_HEADERS : 0);
    const type = i === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
    return frame(type, flags, streamId, block.subarray(i === 0 ? 0 : ends[i - 1], end));
  });
}

describe.each(corpora)("blocks of $encoder $version", ({ blocks }) => {
  it.each(stories)("$name: decode to what was encoded, in sequence", (story) => {
    const decoder = new HpackDecoder(DECODER_TABLE_BYTES, LIMITS.maxHeaderListBytes, LIMITS.maxHeaderCount);
    const decoded = blocks[story.name].map((hex) => {
      const block = bytes(hex);
      return decoder.decode(block, 0, block.length)?.headers ?? decoder.error;
    });
    expect(decoded).toEqual(lists(story));
  });

  it.each(stories.filter(({ requests }) => requests))(
    "$name: reach the application, cut anywhere",
    (story) => {
      const server = new Scripted("server", LIMITS).ready();
      const chance = random(story.name.length);
      blocks[story.name].forEach((hex, i) => {
        const frames = cut(2 * i + 1, bytes(hex), chance);
        for (const one of frames) {
          const at = Math.floor(chance() * one.length);
          server.send(one.slice(0, at), one.slice(at));
        }
      });
      expect(server.events.headers).toEqual(lists(story));
      expect((server.events satisfies Recorder).closed).toBe("open");
    },
  );
});

describe("the corpus", () => {
  it("holds table size updates, never-indexed fields and references into the dynamic table", () => {
    for (const { encoder, blocks } of corpora) {
      const first = Object.values(blocks).flat().map((hex) => bytes(hex)[0]);
      expect(first.filter((byte) => (byte & 0xe0) === 0x20).length, `${encoder}: updates`).toBeGreaterThan(5);
      // What a second like request costs less than the first is in the dynamic table.
      const [one, , , , two] = blocks["grpc requests"];
      expect(two.length, `${encoder}: references`).toBeLessThan(one.length * 0.8);
      // 0x1f 0x08: a literal never indexed, named by entry 23 of the static table, authorization.
      const secrets = blocks["grpc requests"].filter((hex) => /^(..)*1f08/.test(hex)).length;
      expect(secrets, `${encoder}: never indexed`).toBeGreaterThan(0);
    }
  });
});

describe("our encoder", () => {
  it.each(stories)("$name: nghttp2 reads what was meant", async (story) => {
    const asResponses = lists(story).map((list) => [":status", "200", ...withoutPseudoAndTwice(list)]);
    expect(await decodeWithNghttp2(asResponses)).toEqual(
      asResponses.map((list) => Object.fromEntries(pairs(list))),
    );
  });
});

function pairs(list: string[]): [string, string][] {
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

/** What a response may have; of equal names the first, since node joins them. */
function withoutPseudoAndTwice(list: string[]): string[] {
  const kept = new Map<string, string>();
  for (const [name, value] of pairs(list)) {
    if (!name.startsWith(":") && name !== "te" && !kept.has(name)) kept.set(name, value);
  }
  return [...kept].flat();
}
