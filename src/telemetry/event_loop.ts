// How late timers come: the time for which the event loop was busy with something else.
// Must never keep the process alive, nor cost more than ten turns a second.
import { backgroundInterval } from "../agent/background_timer.ts";
import { LAG_SECONDS } from "./catalogue.ts";
import { Histogram } from "./histogram.ts";
import type { Collected } from "./registry.ts";

const PERIOD_MS = 100;

export class EventLoopLag {
  readonly #seconds = new Histogram(LAG_SECONDS);
  readonly #now: () => number;
  readonly stop: () => void;
  #dueMs: number;

  /**
   * @param now milliseconds, by a clock that never steps
   * @param every runs a function each so many milliseconds until it is cancelled
   */
  constructor(now: () => number = () => performance.now(), every = backgroundInterval) {
    this.#now = now;
    this.#dueMs = now() + PERIOD_MS;
    this.stop = every(PERIOD_MS, () => this.#look());
  }

  readonly collect = (): Collected => {
    const { counts, sum } = this.#seconds;
    return { gatehouse_event_loop_lag_seconds: [{ labels: {}, counts, sum }] };
  };

  #look(): void {
    const nowMs = this.#now();
    this.#seconds.observe(Math.max(0, nowMs - this.#dueMs) / 1_000);
    this.#dueMs = nowMs + PERIOD_MS;
  }
}
