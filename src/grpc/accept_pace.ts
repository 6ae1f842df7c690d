// How fast one listener's connections are taken: a flood of new ones must leave the event loop to those that are here.
// Must never drop one: the others wait in the kernel's queue.
import { TokenBucket } from "../http2/token_bucket.ts";
import type { Clock } from "./clock.ts";
import { ACCEPT_BURST, ACCEPT_PAUSE_MS, ACCEPTS_PER_SECOND } from "./limits.ts";

export class AcceptPace {
  readonly #bucket: TokenBucket;

  constructor(private readonly clock: Clock) {
    this.#bucket = new TokenBucket(ACCEPT_BURST, ACCEPTS_PER_SECOND, clock.nowMs());
  }

  /** Ready when the next connection may be taken. */
  async next(): Promise<void> {
    while (!this.#bucket.take(1, this.clock.nowMs())) {
      await new Promise<void>((resolve) => this.clock.startTimer(ACCEPT_PAUSE_MS, resolve));
    }
  }
}
