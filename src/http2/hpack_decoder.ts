// HPACK decoding (RFC 7541): a whole header block in, a header list out.
// Must never decode a block twice, nor hold more of a list than the limits allow.
import { BlockCache, type DecodedBlock, MAX_CACHED_BLOCK_BYTES } from "./block_cache.ts";
import type { HeaderList } from "./events.ts";
import { DynamicTable, ENTRY_OVERHEAD_BYTES } from "./hpack_table.ts";
import { huffmanDecode, maxDecodedBytes } from "./huffman.ts";
import { latin1, latin1Name } from "./latin1.ts";
import { HEADER_BOMB_FACTOR } from "./limits.ts";
import { STATIC_ENTRIES, STATIC_NAMES, STATIC_VALUES } from "./static_table.ts";

/** More continuation bytes than any length below 2^28 needs: an overlong integer is an attack, not a length. */
const MAX_INTEGER_BYTES = 4;

/** `error` of a list far beyond the limits: ENHANCE_YOUR_CALM, where every other error is COMPRESSION_ERROR. */
export const HEADER_LIST_BOMB = "header_list_bomb";

/** Shared: nothing of it lives past one string, and decoding is synchronous. */
let scratch: Uint8Array = new Uint8Array(4_096);

/** One direction of one connection. After an error the state is lost: the connection must end. */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #cache = new BlockCache();
  readonly #maxListBytes: number;
  readonly #maxCount: number;
  /** How often the table changed, now and before the last block. */
  #epoch = 0;
  #lastEpoch = 0;
  #from: Uint8Array = scratch;
  #at = 0;
  #end = 0;
  /** What was wrong with the last block, when decode gave undefined. */
  error = "";

  /**
   * @param tableBytes SETTINGS_HEADER_TABLE_SIZE as we announced it
   * @param maxListBytes RFC 7541 section 4.1 sizes added up
   * @param maxCount fields in one list
   */
  constructor(tableBytes: number, maxListBytes: number, maxCount: number) {
    this.#table = new DynamicTable(tableBytes);
    this.#maxListBytes = maxListBytes;
    this.#maxCount = maxCount;
  }

  /** Decodes `from[start..end)`, a whole block. Undefined: the connection must end, see `error`. */
  decode(from: Uint8Array, start: number, end: number): DecodedBlock | undefined {
    // Where each block changes the table no block repeats: looking for it would only cost.
    const cacheable = end - start <= MAX_CACHED_BLOCK_BYTES && this.#epoch === this.#lastEpoch;
    this.#lastEpoch = this.#epoch;
    if (cacheable) {
      const known = this.#cache.find(from, start, end, this.#epoch);
      if (known !== undefined) return known;
    }
    const epoch = this.#epoch;
    this.#from = from;
    this.#at = start;
    this.#end = end;
    this.error = "";
    const block = this.#fields();
    if (this.error !== "") return undefined;
    if (cacheable && epoch === this.#epoch && !block.tooLarge) this.#cache.keep(from, start, end, block);
    return block;
  }

  #fields(): DecodedBlock {
    const headers: HeaderList = [];
    const table = this.#table;
    let sizeBytes = 0;
    let count = 0;
    let tooLarge = false;
    while (this.#at < this.#end) {
      const first = this.#from[this.#at];
      let name: string;
      let value: string;
      if (first >= 0x80) { // indexed field, section 6.1
        const index = this.#integer(0x7f);
        if (index < 1 || index > STATIC_ENTRIES + table.count) {
          this.#fail("header index outside the tables");
          break;
        }
        if (index <= STATIC_ENTRIES) {
          name = STATIC_NAMES[index];
          value = STATIC_VALUES[index];
        } else {
          name = table.name(index - STATIC_ENTRIES - 1);
          value = table.value(index - STATIC_ENTRIES - 1);
        }
      } else if (first >= 0x20 && first < 0x40) { // table size update, section 6.3
        const limit = this.#integer(0x1f);
        if (headers.length > 0 || tooLarge) this.#fail("table size update after the first field");
        else if (limit < 0 || limit > table.capacityBytes) this.#fail("table size update above our setting");
        if (this.error !== "") break;
        table.resize(limit);
        this.#epoch++;
        continue;
      } else { // literal, section 6.2
        const indexing = first >= 0x40;
        const index = this.#integer(indexing ? 0x3f : 0x0f);
        if (index < 0 || index > STATIC_ENTRIES + table.count) {
          this.#fail("header name index outside the tables");
          break;
        }
        if (index === 0) name = this.#string(true);
        else if (index <= STATIC_ENTRIES) name = STATIC_NAMES[index];
        else name = table.name(index - STATIC_ENTRIES - 1);
        value = this.#string(false);
        if (this.error !== "") break;
        if (indexing) {
          table.insert(name, value);
          this.#epoch++;
        }
      }
      sizeBytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
      // Past a limit the table must still follow, but nothing more is kept; far past it the connection ends.
      if (sizeBytes > this.#maxListBytes || ++count > this.#maxCount) {
        tooLarge = true;
        if (
          sizeBytes > this.#maxListBytes * HEADER_BOMB_FACTOR || count > this.#maxCount * HEADER_BOMB_FACTOR
        ) {
          this.#fail(HEADER_LIST_BOMB);
          break;
        }
      }
      if (!tooLarge) headers.push(name, value);
    }
    return { headers, tooLarge, check: undefined };
  }

  #fail(error: string): void {
    if (this.error === "") this.error = error;
  }

  /** Section 5.1. -1 on error. */
  #integer(mask: number): number {
    let value = this.#from[this.#at++] & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < MAX_INTEGER_BYTES * 7; shift += 7) {
      if (this.#at >= this.#end) break;
      const byte = this.#from[this.#at++];
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.#fail("integer is cut or too long");
    return -1;
  }

  /** Section 5.2. Empty on error, with `error` set. */
  #string(isName: boolean): string {
    if (this.#at >= this.#end) {
      this.#fail("header block is cut");
      return "";
    }
    const huffman = this.#from[this.#at] >= 0x80;
    const length = this.#integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (length < 0 || end > this.#end) {
      this.#fail("string is longer than its header block");
      return "";
    }
    this.#at = end;
    if (!huffman) return isName ? latin1Name(this.#from, start, end) : latin1(this.#from, start, end);
    const room = maxDecodedBytes(length);
    if (scratch.length < room) scratch = new Uint8Array(room);
    const decoded = huffmanDecode(this.#from, start, end, scratch);
    if (decoded < 0) {
      this.#fail("Huffman code is wrong");
      return "";
    }
    return isName ? latin1Name(scratch, 0, decoded) : latin1(scratch, 0, decoded);
  }
}
