// A burst and a rate: the shape of every flood limit.
// Must never read a clock: the caller's time is the only one.

/** Starts full. */
export class TokenBucket {
  #tokens: number;
  #filledAtMs: number;

  /**
   * @param burst tokens at most
   * @param perSecond tokens that come back each second
   */
  constructor(readonly burst: number, readonly perSecond: number, nowMs: number) {
    this.#tokens = burst;
    this.#filledAtMs = nowMs;
  }

  /** Takes `count` tokens; false when there are not enough. */
  take(count: number, nowMs: number): boolean {
    if (this.#tokens < count) {
      const elapsedMs = nowMs - this.#filledAtMs;
      this.#filledAtMs = nowMs;
      if (elapsedMs > 0) this.give((elapsedMs * this.perSecond) / 1_000);
      if (this.#tokens < count) return false;
    }
    this.#tokens -= count;
    return true;
  }

  /** Gives tokens back, never above the burst. */
  give(count: number): void {
    this.#tokens = Math.min(this.burst, this.#tokens + count);
  }
}
