import { expect, test } from "vitest";
import { BlockCache, type DecodedBlock } from "./block_cache.ts";

const block = (): DecodedBlock => ({ headers: [], tooLarge: false, check: undefined });

/** As the decoder does it. True: found. */
function see(cache: BlockCache, bytes: Uint8Array, epoch = 0): boolean {
  if (cache.find(bytes, 0, bytes.length, epoch) !== undefined) return true;
  cache.keep(bytes, 0, bytes.length, block());
  return false;
}

test("two blocks in turn are both found from their third sight on, whichever they are", () => {
  // Our own server's response headers and its trailers once shared the only slot for their hash.
  const pairs = [[Uint8Array.fromHex("88c0bf"), Uint8Array.fromHex("be")]];
  for (let i = 0; i < 256; i++) pairs.push([Uint8Array.of(0x88, i), Uint8Array.of(i ^ 0x55)]);
  for (const [headers, trailers] of pairs) {
    const cache = new BlockCache();
    for (let sight = 1; sight < 3; sight++) [see(cache, headers), see(cache, trailers)];
    expect([see(cache, headers), see(cache, trailers)]).toEqual([true, true]);
  }
});

test("blocks that come once drive out none that repeat", () => {
  const cache = new BlockCache();
  const repeated = Uint8Array.of(0x88, 0xc0);
  see(cache, repeated);
  see(cache, repeated);
  for (let i = 0; i < 10_000; i++) {
    see(cache, Uint8Array.of(i, i >> 8, 1, 2));
    if (i % 100 === 0) expect(see(cache, repeated)).toBe(true);
  }
});

test("nothing is found once the table has changed, and room is made for what comes then", () => {
  const cache = new BlockCache();
  const bytes = Uint8Array.of(0xbe);
  for (let i = 0; i < 2; i++) see(cache, bytes, 1);
  expect([see(cache, bytes, 1), see(cache, bytes, 2), see(cache, bytes, 2), see(cache, bytes, 2)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
});
