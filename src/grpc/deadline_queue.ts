// Calls in the order of their deadlines: one timer for all, since a timer per call costs more than the call.
// Must never keep a call that has ended: remove() takes it out at once.
import { type Clock, MAX_TIMER_MS, type Timer } from "./clock.ts";

/** What waits for its deadline. The two fields belong to the queue. */
export interface Expiring {
  /** On the queue's clock; Infinity when it has none. */
  deadlineMs: number;
  /** Its place in the heap, -1 when it is not in. */
  queueIndex: number;
  /** The deadline has passed. The queue has let go of it already. */
  expire(): void;
}

/** A binary heap that knows where each entry is, so that removing is O(log n). */
export class DeadlineQueue {
  readonly #heap: Expiring[] = [];
  #timer: Timer | undefined;
  #firesAtMs = Infinity;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#heap.length;
  }

  add(entry: Expiring): void {
    if (entry.deadlineMs === Infinity || entry.queueIndex >= 0) return;
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1, entry);
    if (entry.deadlineMs < this.#firesAtMs) this.#arm();
  }

  remove(entry: Expiring): void {
    const at = entry.queueIndex;
    if (at < 0) return;
    entry.queueIndex = -1;
    const last = this.#heap.pop() as Expiring;
    if (last === entry) return;
    // The gap takes the last entry, which may belong further up or further down.
    this.#up(at, last);
    this.#down(last.queueIndex, last);
  }

  /** The timer is left to run out when the queue empties: the next call would only set it again. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#firesAtMs = Infinity;
    if (this.#heap.length === 0) return;
    this.#firesAtMs = this.#heap[0].deadlineMs;
    const delayMs = Math.min(Math.max(this.#firesAtMs - this.clock.nowMs(), 0), MAX_TIMER_MS);
    this.#timer = this.clock.startTimer(Math.ceil(delayMs), () => this.#fire(), true);
  }

  #fire(): void {
    this.#timer = undefined;
    this.#firesAtMs = Infinity;
    const nowMs = this.clock.nowMs();
    while (this.#heap.length > 0 && this.#heap[0].deadlineMs <= nowMs) {
      const entry = this.#heap[0];
      this.remove(entry);
      entry.expire();
    }
    this.#arm();
  }

  #up(at: number, entry: Expiring): void {
    const heap = this.#heap;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].deadlineMs <= entry.deadlineMs) break;
      heap[at] = heap[parent];
      heap[at].queueIndex = at;
      at = parent;
    }
    heap[at] = entry;
    entry.queueIndex = at;
  }

  #down(at: number, entry: Expiring): void {
    const heap = this.#heap;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].deadlineMs < heap[child].deadlineMs) child++;
      if (heap[child].deadlineMs >= entry.deadlineMs) break;
      heap[at] = heap[child];
      heap[at].queueIndex = at;
      at = child;
    }
    heap[at] = entry;
    entry.queueIndex = at;
  }
}
