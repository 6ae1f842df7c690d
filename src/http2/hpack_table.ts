// The dynamic table of HPACK (RFC 7541 section 2.3.2), a ring without copying.
// Must never hold more than its limit says, by the RFC's measure of 32 bytes overhead an entry.

/** RFC 7541 section 4.1. */
export const ENTRY_OVERHEAD_BYTES = 32;

/** First in, first out. `newest` and `inserted` count entries ever inserted, so an entry has one number for life. */
export class DynamicTable {
  readonly #names: string[];
  readonly #values: string[];
  readonly #mask: number;
  #inserted = 0;
  #count = 0;
  #sizeBytes = 0;
  #limitBytes: number;

  /** @param capacityBytes the most that the limit can ever be */
  constructor(readonly capacityBytes: number) {
    let slots = 1;
    while (slots * ENTRY_OVERHEAD_BYTES < capacityBytes) slots *= 2;
    slots *= 2;
    this.#names = new Array(slots).fill("");
    this.#values = new Array(slots).fill("");
    this.#mask = slots - 1;
    this.#limitBytes = capacityBytes;
  }

  /** Entries now in the table. */
  get count(): number {
    return this.#count;
  }
  /** Entries ever inserted. */
  get inserted(): number {
    return this.#inserted;
  }
  get sizeBytes(): number {
    return this.#sizeBytes;
  }
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** @param age 0 is the newest, `count - 1` the oldest */
  name(age: number): string {
    return this.#names[(this.#inserted - 1 - age) & this.#mask];
  }
  /** @param age 0 is the newest, `count - 1` the oldest */
  value(age: number): string {
    return this.#values[(this.#inserted - 1 - age) & this.#mask];
  }

  /** Evicts as needed; an entry larger than the table empties it (RFC 7541 section 4.4). True if it is in now. */
  insert(name: string, value: string): boolean {
    const sizeBytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.#evictTo(this.#limitBytes - sizeBytes);
    if (sizeBytes > this.#limitBytes) return false;
    const slot = this.#inserted & this.#mask;
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#inserted++;
    this.#count++;
    this.#sizeBytes += sizeBytes;
    return true;
  }

  /** @param limitBytes at most `capacityBytes` */
  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#evictTo(limitBytes);
  }

  #evictTo(limitBytes: number): void {
    while (this.#count > 0 && this.#sizeBytes > limitBytes) {
      const slot = (this.#inserted - this.#count) & this.#mask;
      this.#sizeBytes -= this.#names[slot].length + this.#values[slot].length + ENTRY_OVERHEAD_BYTES;
      this.#names[slot] = "";
      this.#values[slot] = "";
      this.#count--;
    }
  }
}
