// Items on their way to the signer, cut into messages of its size. Must never
// reorder, so that callers are served as they came.
import { ITEM_OVERHEAD_BYTES, MAX_BATCH_BYTES, MAX_BATCH_ITEMS } from "./limits.ts";

/** What goes into a message. */
export interface OutgoingItem {
  readonly id: number;
  readonly key: string;
  readonly algorithm: number;
  readonly data: Uint8Array;
}

/** An upper bound of what the item takes in a message. A UTF-16 unit is at most three bytes. */
export function wireBytes(key: string, data: Uint8Array): number {
  return 3 * key.length + data.length + ITEM_OVERHEAD_BYTES;
}

export class Outbox {
  #items: OutgoingItem[] = [];

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  add(item: OutgoingItem): void {
    this.#items.push(item);
  }

  clear(): void {
    this.#items = [];
  }

  /** The next messages' items, all of them. `wanted` drops an item that nobody waits for any more. */
  takeBatches(wanted: (id: number) => boolean): OutgoingItem[][] {
    const batches: OutgoingItem[][] = [];
    let batch: OutgoingItem[] = [];
    let bytes = 0;
    for (const item of this.#items) {
      if (!wanted(item.id)) continue;
      const itemBytes = wireBytes(item.key, item.data);
      if (batch.length === MAX_BATCH_ITEMS || (batch.length > 0 && bytes + itemBytes > MAX_BATCH_BYTES)) {
        batches.push(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(item);
      bytes += itemBytes;
    }
    if (batch.length > 0) batches.push(batch);
    this.#items = [];
    return batches;
  }
}
