// Pauses between attempts to connect (grpc/grpc doc/connection-backoff.md).
// Must never wait by itself: it only says how long.
import { BACKOFF_FACTOR, BACKOFF_FIRST_MS, BACKOFF_JITTER, BACKOFF_MAX_MS } from "./limits.ts";

export class Backoff {
  #nextMs = BACKOFF_FIRST_MS;

  /**
   * @param maxMs longest pause, before jitter
   * @param random gives 0 to 1
   */
  constructor(private readonly maxMs = BACKOFF_MAX_MS, private readonly random = Math.random) {}

  /** The pause before the next attempt, milliseconds. */
  next(): number {
    const delayMs = Math.min(this.#nextMs, this.maxMs);
    this.#nextMs = Math.min(this.#nextMs * BACKOFF_FACTOR, this.maxMs);
    return delayMs * (1 + BACKOFF_JITTER * (2 * this.random() - 1));
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.#nextMs = BACKOFF_FIRST_MS;
  }
}
