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
  /** Its hash came again: not to be given away for one that may come once. */
  used: boolean;
}

/**
 * Two slots for each hash, a block stays from its second sight on. With one, two blocks that a peer sends in turn
 * (its response headers and its trailers) may share a slot, and then neither is ever found.
 */
export class BlockCache {
  #slots: Slot[] = [];
  #last: Slot | undefined;

  /** @param epoch changes whenever the dynamic table changes */
  find(from: Uint8Array, start: number, end: number, epoch: number): DecodedBlock | undefined {
    if (this.#slots.length === 0) this.#slots = emptySlots();
    const length = end - start;
    let hash = length;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + from[at]) | 0;
    const at = (hash ^ (hash >>> 9)) & (SLOTS - 1);
    let slot = this.#slots[at];
    if (slot.hash !== hash || slot.epoch !== epoch) {
      const other = this.#slots[at ^ 1];
      if (other.hash !== hash || other.epoch !== epoch) {
        this.#claim(slot, other, hash, epoch);
        return undefined;
      }
      slot = other;
    }
    this.#last = slot;
    slot.used = true;
    const bytes = slot.bytes;
    if (bytes === undefined || bytes.length !== length) return undefined;
    for (let i = 0; i < length; i++) {
      if (bytes[i] !== from[start + i]) return undefined;
    }
    return slot.block;
  }

  /** Gives one of the two slots to a new hash: one that is free, else one whose block was not found again. */
  #claim(first: Slot, second: Slot, hash: number, epoch: number): void {
    if (first.used && second.used) first.used = second.used = false;
    const slot = isFree(first, epoch) || (!first.used && !isFree(second, epoch)) ? first : second;
    slot.hash = hash;
    slot.epoch = epoch;
    slot.bytes = undefined;
    slot.block = undefined;
    slot.used = false;
    this.#last = undefined;
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

/** A block of an earlier table is never found again. */
const isFree = (slot: Slot, epoch: number): boolean => slot.epoch !== epoch;

function emptySlots(): Slot[] {
  return Array.from(
    { length: SLOTS },
    () => ({ hash: 0, epoch: -1, bytes: undefined, block: undefined, used: false }),
  );
}
