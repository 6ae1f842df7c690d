// Decoded header blocks whose bytes repeat: a call after the first is usually one lookup.
// Must never hold a block that changed the dynamic table, nor answer after the table changed.
import type { HeaderCheck } from "./header_check.ts";
import type { HeaderList } from "./events.ts";

/** Blocks kept per connection; a power of two. Memory is bounded with MAX_BLOCK_BYTES and the header list limit. */
const SLOTS = 64;
/** Longer blocks are decoded each time: they carry values that do not repeat. */
export const MAX_CACHED_BLOCK_BYTES = 192;

/** One decoded header block, and what validation found in it once it was asked. */
export interface DecodedBlock {
  readonly headers: HeaderList;
  /** The list passed a limit; `headers` holds only its beginning. */
  readonly tooLarge: boolean;
  /** Filled by the connection, which alone knows what kind of section it is. */
  check: HeaderCheck | undefined;
}

interface Slot {
  hash: number;
  epoch: number;
  bytes: Uint8Array | undefined;
  block: DecodedBlock | undefined;
}

/** Direct-mapped, a block stays from its second sight on. */
export class BlockCache {
  #slots: Slot[] = [];
  #last: Slot | undefined;

  /** @param epoch changes whenever the dynamic table changes */
  find(from: Uint8Array, start: number, end: number, epoch: number): DecodedBlock | undefined {
    if (this.#slots.length === 0) this.#slots = emptySlots();
    const length = end - start;
    let hash = length;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + from[at]) | 0;
    const slot = this.#slots[(hash ^ (hash >>> 9)) & (SLOTS - 1)];
    this.#last = slot;
    if (slot.hash !== hash || slot.epoch !== epoch) {
      slot.hash = hash;
      slot.epoch = epoch;
      slot.bytes = undefined;
      slot.block = undefined;
      this.#last = undefined;
      return undefined;
    }
    const bytes = slot.bytes;
    if (bytes === undefined || bytes.length !== length) return undefined;
    for (let i = 0; i < length; i++) {
      if (bytes[i] !== from[start + i]) return undefined;
    }
    return slot.block;
  }

  /** Keeps what `find` just missed, if it was its second sight. */
  keep(from: Uint8Array, start: number, end: number, block: DecodedBlock): void {
    const slot = this.#last;
    if (slot === undefined) return;
    slot.bytes = from.slice(start, end);
    slot.block = block;
    Object.freeze(block.headers);
  }
}

function emptySlots(): Slot[] {
  return Array.from({ length: SLOTS }, () => ({ hash: 0, epoch: -1, bytes: undefined, block: undefined }));
}
