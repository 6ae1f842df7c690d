// Encoded header blocks of lists that repeat: `:status 200` with its content-type, `grpc-status: 0`.
// Must never hold a block that changed the encoder's table, nor answer after the table changed.
import type { HeaderList } from "./events.ts";

/** Lists kept per connection; a power of two. */
const SLOTS = 32;
/** Longer lists or blocks carry values that do not repeat. */
const MAX_LIST_LENGTH = 40;
const MAX_BLOCK_BYTES = 256;

interface Slot {
  hash: number;
  epoch: number;
  headers: HeaderList | undefined;
  block: Uint8Array | undefined;
}

/** Direct-mapped, a list stays from its second sight on. Equal constant strings compare by pointer. */
export class ListCache {
  #slots: Slot[] = [];
  #last: Slot | undefined;

  /** @param epoch changes whenever the encoder's table changes */
  find(headers: HeaderList, epoch: number): Uint8Array | undefined {
    const length = headers.length;
    this.#last = undefined;
    if (length > MAX_LIST_LENGTH) return undefined;
    if (this.#slots.length === 0) this.#slots = emptySlots();
    let hash = length;
    for (let i = 1; i < length; i += 2) {
      const value = headers[i];
      const end = value.length;
      hash = (Math.imul(hash, 31) + end + (end === 0 ? 0 : value.charCodeAt(end - 1) << 8)) | 0;
    }
    const slot = this.#slots[(hash ^ (hash >>> 5) ^ (hash >>> 10)) & (SLOTS - 1)];
    if (slot.hash !== hash || slot.epoch !== epoch) {
      slot.hash = hash;
      slot.epoch = epoch;
      slot.headers = undefined;
      slot.block = undefined;
      return undefined;
    }
    this.#last = slot;
    const known = slot.headers;
    if (known === undefined || known.length !== length) return undefined;
    for (let i = 0; i < length; i++) {
      if (known[i] !== headers[i]) return undefined;
    }
    return slot.block;
  }

  /** Keeps what `find` just missed, if it was its second sight. */
  keep(headers: HeaderList, block: Uint8Array, length: number): void {
    const slot = this.#last;
    if (slot === undefined || length > MAX_BLOCK_BYTES) return;
    slot.headers = headers.slice();
    slot.block = block.slice(0, length);
  }
}

function emptySlots(): Slot[] {
  return Array.from({ length: SLOTS }, () => ({ hash: 0, epoch: -1, headers: undefined, block: undefined }));
}
