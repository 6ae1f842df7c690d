// Says in the log what failed that nobody expected; at most so often.
// Must never be what a flood of such requests costs: beyond its bound it only counts.
import { errorText, type Logger } from "../agent/log/mod.ts";
import type { Clock } from "../grpc/clock.ts";

/** Lines in one second; the next line after it says how many were left out. Full logs. */
export const FAILURES_PER_SECOND = 10;
const WINDOW_MS = 1_000;

export class Failures {
  #told = 0;
  #unreported = 0;
  #windowEndsMs = -Infinity;

  constructor(private readonly log: Pick<Logger, "error">, private readonly clock: Pick<Clock, "nowMs">) {}

  readonly tell = (error: unknown): void => {
    const nowMs = this.clock.nowMs();
    if (nowMs >= this.#windowEndsMs) {
      this.#told = 0;
      this.#windowEndsMs = nowMs + WINDOW_MS;
    }
    if (this.#told >= FAILURES_PER_SECOND) {
      this.#unreported++;
      return;
    }
    this.#told++;
    const fields = { error: errorText(error) };
    this.log.error(
      "a request failed",
      this.#unreported === 0 ? fields : { ...fields, unreported: this.#unreported },
    );
    this.#unreported = 0;
  };
}
