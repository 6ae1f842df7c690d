// HPACK encoding (RFC 7541): a header list in, a header block out.
// Must never keep more than ENCODER_TABLE_BYTES, nor put a secret into the dynamic table.
import type { HeaderList } from "./events.ts";
import { assertSendable } from "./header_check.ts";
import { DynamicTable, ENTRY_OVERHEAD_BYTES } from "./hpack_table.ts";
import { huffmanBytes, huffmanEncode } from "./huffman.ts";
import { writeLatin1 } from "./latin1.ts";
import { ListCache } from "./list_cache.ts";
import { ENCODER_TABLE_BYTES } from "./limits.ts";
import { STATIC_ENTRIES, STATIC_NAME_INDEX, staticIndex } from "./static_table.ts";

/** Secrets: never indexed, here or further on (RFC 7541 section 7.1.3). */
const NEVER_INDEXED = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);
/** They change with every message: an entry would only push out a useful one. */
const VOLATILE = new Set([
  "content-length",
  "date",
  "etag",
  "grpc-timeout",
  "grpc-message",
  "grpc-status-details-bin",
  "grpc-trace-bin",
  "grpc-tags-bin",
  "traceparent",
  "tracestate",
  "x-request-id",
]);
/** Worth an entry at first sight: they are the same on every call of a channel. */
const STABLE = new Set([
  ":authority",
  ":path",
  ":scheme",
  ":method",
  "accept-encoding",
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-status",
  "server",
  "te",
  "user-agent",
]);
/** Larger fields are sent as literals: two of them would empty the table. */
const MAX_INDEXED_BYTES = 512;
/** Names remembered for "the same value as last time", which makes a field worth an entry. */
const MAX_REMEMBERED_NAMES = 64;
/** Block size to start with; it grows with the lists of the application. */
const FIRST_BLOCK_BYTES = 1_024;

const NO_HEADERS: HeaderList = [];

/** An entry's value and its number of insertion; a name has a few. */
interface Known {
  readonly value: string;
  readonly number: number;
}

/** One direction of one connection. Encode in the order of sending, and send all that was encoded. */
export class HpackEncoder {
  readonly #table = new DynamicTable(ENCODER_TABLE_BYTES);
  readonly #known = new Map<string, Known[]>();
  readonly #lastValues = new Map<string, string>();
  readonly #cache = new ListCache();
  #epoch = 0;
  /** Number of the oldest entry that is still in the table. */
  #oldest = 0;
  #smallestLimit = -1; // table size updates owed to the peer, -1: none
  #at = 0;
  /** The last block, from 0; valid until the next encode. */
  block: Uint8Array = new Uint8Array(FIRST_BLOCK_BYTES);
  /** Where blocks are written; `block` is this one or a cached one. */
  #own: Uint8Array = this.block;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: an upper bound, ours is ENCODER_TABLE_BYTES. */
  limitTable(peerBytes: number): void {
    const limit = Math.min(peerBytes, ENCODER_TABLE_BYTES);
    if (limit === this.#table.limitBytes && this.#smallestLimit < 0) return;
    this.#smallestLimit = this.#smallestLimit < 0 ? limit : Math.min(limit, this.#smallestLimit);
    this.#table.resize(limit);
    this.#forgetEvicted();
    this.#epoch++;
  }

  /**
   * Encodes into `block` and returns its length in bytes.
   * @param more follows `headers`: fields that change each time, so that the encoding of `headers` can be kept
   * @throws TypeError for names or values that may not be sent; the state is unchanged then
   */
  encode(headers: HeaderList, more: HeaderList = NO_HEADERS): number {
    const known = this.#smallestLimit < 0 ? this.#cache.find(headers, this.#epoch) : undefined;
    if (known !== undefined && more.length === 0) {
      this.block = known;
      return known.length;
    }
    assertSendable(more);
    if (known !== undefined) {
      this.#room(known.length + worstBytes(more)).set(known);
      this.#at = known.length;
    } else {
      assertSendable(headers);
      const owned = this.#room(worstBytes(headers) + worstBytes(more));
      const epoch = this.#epoch;
      this.#at = 0;
      if (this.#smallestLimit >= 0) this.#sizeUpdates();
      for (let i = 0; i < headers.length; i += 2) this.#field(headers[i], headers[i + 1]);
      if (epoch === this.#epoch) this.#cache.keep(headers, owned, this.#at);
    }
    for (let i = 0; i < more.length; i += 2) this.#field(more[i], more[i + 1]);
    return this.#at;
  }

  #room(bytes: number): Uint8Array {
    if (this.#own.length < bytes) this.#own = new Uint8Array(bytes * 2);
    this.block = this.#own;
    return this.#own;
  }

  #sizeUpdates(): void {
    if (this.#smallestLimit < this.#table.limitBytes) this.#integer(0x20, 0x1f, this.#smallestLimit);
    this.#integer(0x20, 0x1f, this.#table.limitBytes);
    this.#smallestLimit = -1;
    this.#epoch++;
  }

  #field(name: string, value: string): void {
    const staticName = STATIC_NAME_INDEX.get(name) ?? 0;
    if (staticName !== 0) {
      const both = staticIndex(staticName, value);
      if (both !== 0) {
        this.#integer(0x80, 0x7f, both);
        return;
      }
    }
    const known = this.#known.get(name);
    if (known !== undefined) {
      for (let i = 0; i < known.length; i++) {
        if (known[i].value === value) {
          this.#integer(0x80, 0x7f, this.#index(known[i].number));
          return;
        }
      }
    }
    const nameIndex = staticName !== 0 ? staticName : known === undefined ? 0 : this.#index(known[0].number);
    if (NEVER_INDEXED.has(name)) this.#literal(0x10, 0x0f, nameIndex, name, value);
    else if (this.#worthIndexing(name, value)) {
      this.#literal(0x40, 0x3f, nameIndex, name, value);
      this.#insert(name, value);
    } else this.#literal(0x00, 0x0f, nameIndex, name, value);
  }

  #index(number: number): number {
    return STATIC_ENTRIES + this.#table.inserted - number;
  }

  #worthIndexing(name: string, value: string): boolean {
    if (name.length + value.length > MAX_INDEXED_BYTES || VOLATILE.has(name)) return false;
    if (name.length + value.length + ENTRY_OVERHEAD_BYTES > this.#table.limitBytes) return false;
    if (STABLE.has(name)) return true;
    if (this.#lastValues.get(name) === value) return true;
    if (this.#lastValues.size >= MAX_REMEMBERED_NAMES) this.#lastValues.clear();
    this.#lastValues.set(name, value);
    return false;
  }

  #insert(name: string, value: string): void {
    const number = this.#table.inserted;
    this.#table.insert(name, value);
    this.#epoch++;
    const known = this.#known.get(name);
    if (known === undefined) this.#known.set(name, [{ value, number }]);
    else known.push({ value, number });
    this.#forgetEvicted();
  }

  /** Entries leave in the order they came, so each name's oldest goes first. */
  #forgetEvicted(): void {
    const oldest = this.#table.inserted - this.#table.count;
    if (oldest === this.#oldest) return;
    this.#oldest = oldest;
    for (const [name, known] of this.#known) {
      while (known.length > 0 && known[0].number < oldest) known.shift();
      if (known.length === 0) this.#known.delete(name);
    }
  }

  #literal(pattern: number, mask: number, nameIndex: number, name: string, value: string): void {
    this.#integer(pattern, mask, nameIndex);
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
  }

  #string(text: string): void {
    const packed = huffmanBytes(text);
    if (packed < text.length) {
      this.#integer(0x80, 0x7f, packed);
      this.#at = huffmanEncode(text, this.#own, this.#at);
    } else {
      this.#integer(0x00, 0x7f, text.length);
      this.#at = writeLatin1(text, this.#own, this.#at);
    }
  }

  /** RFC 7541 section 5.1. */
  #integer(pattern: number, mask: number, value: number): void {
    const block = this.#own;
    if (value < mask) {
      block[this.#at++] = pattern | value;
      return;
    }
    block[this.#at++] = pattern | mask;
    let rest = value - mask;
    while (rest >= 0x80) {
      block[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    block[this.#at++] = rest;
  }
}

/** A literal never takes more than its characters and three integers; size updates come before all. */
function worstBytes(headers: HeaderList): number {
  let worst = 16;
  for (let i = 0; i < headers.length; i++) worst += headers[i].length + 12;
  return worst;
}
