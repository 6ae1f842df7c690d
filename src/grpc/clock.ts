// The one clock of src/grpc: passed in, so that tests run on virtual time.
// Nothing else here may ask the runtime what time it is or set a timer.
import { clearTimeout as clearTimer, setTimeout as setTimer } from "node:timers";

/** A running timer. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds on a clock that never steps back; its zero means nothing. */
  nowMs(): number;
  /** Milliseconds since 1970, for deadlines that cross an API (grpc-js's `Deadline`). */
  epochMs(): number;
  /** Runs `run` once. `background`: this timer alone doesn't keep the process alive. */
  startTimer(delayMs: number, run: () => void, background?: boolean): Timer;
}

/** Longest delay that setTimeout takes; a longer one would fire at once. */
export const MAX_TIMER_MS = 0x7fff_ffff;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  startTimer(delayMs, run, background = false) {
    const handle = setTimer(run, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    if (background) handle.unref();
    return { cancel: () => clearTimer(handle) };
  },
};
