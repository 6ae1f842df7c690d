// Times of spans: those of the server's clock, which never steps, as times of day, finer than a millisecond.
// Must never make two times of one trace differ by a step of the clock: a trace keeps the offset that it began with.
import type { HrTime } from "@opentelemetry/api";
import type { Clock } from "../../grpc/clock.ts";

/** `Date.now()` is late by up to one; what differs more is a clock that was set. */
const SET_MS = 2;
/** How old a look at the time of day may be: two looks at clocks cost a traced call more than all else of its beginning. */
const FRESH_MS = 100;

export class WallClock {
  #offsetMs = -Infinity;
  #lookedMs = -Infinity;

  constructor(private readonly clock: Pick<Clock, "nowMs" | "epochMs">) {
    // From one tick of the time of day to the next, once: then the offset is known to some microseconds.
    const first = clock.epochMs();
    for (let tries = 0; tries < 100_000 && clock.epochMs() === first; tries++);
    this.offsetMs(clock.nowMs());
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  /** What makes a time of the server's clock one since 1970. @param nowMs about now, on that clock */
  offsetMs(nowMs: number): number {
    if (nowMs - this.#lookedMs < FRESH_MS) return this.#offsetMs;
    this.#lookedMs = nowMs;
    const offsetMs = this.clock.epochMs() - this.clock.nowMs();
    // The time of day is cut off at whole milliseconds: the largest difference is the truest.
    if (offsetMs > this.#offsetMs || offsetMs < this.#offsetMs - SET_MS) this.#offsetMs = offsetMs;
    return this.#offsetMs;
  }
}

/** Seconds and nanoseconds. */
export function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.floor((epochMs - seconds * 1_000) * 1_000_000)];
}
