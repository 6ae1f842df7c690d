// Items on their way to the signer, cut into messages of its size. Must never
// reorder, so that callers are served as they came.
import type { SignerSignBatchRequestInit } from "../proto/mod.ts";
import { CALLER_OVERHEAD_BYTES, ITEM_OVERHEAD_BYTES, MAX_BATCH_BYTES, MAX_BATCH_FIELDS } from "./limits.ts";
import type { SignerCaller } from "./signer.ts";

/** A SignerSignItem, and what is known of it on this side. */
export interface OutgoingItem {
  readonly id: number;
  readonly key: string;
  readonly version: number | undefined;
  readonly algorithm: number;
  readonly encoding: number | undefined;
  readonly data: Uint8Array | undefined;
  readonly digest: Uint8Array | undefined;
  /** The caller's place in its batch, from 1. */
  caller: number;
  timeout_ms: number;
  readonly asker: SignerCaller;
  /** On the client's clock. */
  readonly expiresMs: number;
}

/** The clock isn't known to the outbox: whoever sends says it. */
export type Batch = SignerSignBatchRequestInit & {
  readonly items: OutgoingItem[];
  readonly callers: SignerCaller[];
};

/** What wireBytes() looks at. */
interface Sized {
  readonly key: string;
  readonly data?: Uint8Array;
  readonly digest?: Uint8Array;
}

/** An upper bound of what the item takes in a message, without its caller. A UTF-16 unit is at most three bytes. */
export function wireBytes({ key, data, digest }: Sized): number {
  return 3 * key.length + (data?.length ?? digest?.length ?? 0) + ITEM_OVERHEAD_BYTES;
}

const callerBytes = ({ identity }: SignerCaller) => 3 * identity.length + CALLER_OVERHEAD_BYTES;

export class Outbox {
  #items: OutgoingItem[] = [];

  add(item: OutgoingItem): void {
    this.#items.push(item);
  }

  clear(): void {
    this.#items = [];
  }

  /**
   * The next messages, of all items.
   * @param nowMs on the clock of `expiresMs`
   * @param wanted drops an item that nobody waits for any more
   */
  takeBatches(nowMs: number, wanted: (item: OutgoingItem) => boolean): Batch[] {
    const batches: Batch[] = [];
    let batch: Batch = { items: [], callers: [] };
    /** Places in the batch's table: its callers cross once. */
    let places = new Map<SignerCaller, number>();
    let bytes = 0;
    for (const item of this.#items) {
      if (!wanted(item)) continue;
      let place = places.get(item.asker);
      let itemBytes = wireBytes(item) + (place === undefined ? callerBytes(item.asker) : 0);
      const { items, callers } = batch;
      // With this item, its caller and the clock's word.
      const fields = items.length + callers.length + 3;
      if (fields > MAX_BATCH_FIELDS || (items.length > 0 && bytes + itemBytes > MAX_BATCH_BYTES)) {
        batches.push(batch);
        batch = { items: [], callers: [] };
        places = new Map();
        bytes = 0;
        if (place !== undefined) itemBytes += callerBytes(item.asker);
        place = undefined;
      }
      if (place === undefined) {
        place = batch.callers.push(item.asker);
        places.set(item.asker, place);
      }
      item.caller = place;
      item.timeout_ms = Math.max(1, Math.ceil(item.expiresMs - nowMs));
      batch.items.push(item);
      bytes += itemBytes;
    }
    if (batch.items.length > 0) batches.push(batch);
    this.#items = [];
    return batches;
  }
}
