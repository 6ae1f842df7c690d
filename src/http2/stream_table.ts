// Stream id -> what belongs to it, for ids that come once and go.
// Must never leave garbage behind: a Map makes a new table every few ids, each linked from the one before, so
// that one old table keeps every call since its time alive until a full collection (a third of the CPU at 170k calls/s).

const FIRST_SLOTS = 16;
const FREE = 0; // no stream has this id

/** Open addressing with linear probing; removal shifts back instead of leaving a mark. */
export class StreamTable<T> {
  #ids = new Uint32Array(FIRST_SLOTS);
  #values: (T | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #mask = FIRST_SLOTS - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const ids = this.#ids;
    for (let at = home(id) & this.#mask; ids[at] !== FREE; at = (at + 1) & this.#mask) {
      if (ids[at] === id) return this.#values[at];
    }
    return undefined;
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** All values, in no order. A copy: what happens to the table meanwhile doesn't show. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  set(id: number, value: T): void {
    if ((this.#size + 1) * 2 > this.#ids.length) this.#grow();
    let at = home(id) & this.#mask;
    while (this.#ids[at] !== FREE && this.#ids[at] !== id) at = (at + 1) & this.#mask;
    if (this.#ids[at] === FREE) this.#size++;
    this.#ids[at] = id;
    this.#values[at] = value;
  }

  delete(id: number): boolean {
    const ids = this.#ids, values = this.#values, mask = this.#mask;
    let gap = home(id) & mask;
    while (ids[gap] !== id) {
      if (ids[gap] === FREE) return false;
      gap = (gap + 1) & mask;
    }
    // An entry behind the gap moves into it unless that would put it before its home.
    for (let at = (gap + 1) & mask; ids[at] !== FREE; at = (at + 1) & mask) {
      if (((at - home(ids[at])) & mask) < ((at - gap) & mask)) continue;
      ids[gap] = ids[at];
      values[gap] = values[at];
      gap = at;
    }
    ids[gap] = FREE;
    values[gap] = undefined;
    this.#size--;
    return true;
  }

  #grow(): void {
    const ids = this.#ids, values = this.#values;
    const slots = ids.length * 2;
    this.#ids = new Uint32Array(slots);
    this.#values = new Array(slots).fill(undefined);
    this.#mask = slots - 1;
    this.#size = 0;
    for (let at = 0; at < ids.length; at++) {
      if (ids[at] !== FREE) this.set(ids[at], values[at] as T);
    }
  }
}

/** One side's ids are all odd or all even. */
function home(id: number): number {
  return id >>> 1;
}
