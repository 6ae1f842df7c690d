// Wakes at a moment to a few microseconds: a timer alone fires up to 2 ms late, which open-loop latencies would show.
// Must never block: it polls between turns of the event loop, so that answers are read meanwhile.
import { setImmediate } from "node:timers";
import type { Clock } from "../grpc/clock.ts";

/** The last stretch before a moment is polled, not slept: longer than a timer's lateness. */
const POLL_MS = 3;

/** Runs `run` once the clock reads `atMs`, never before it returns. One moment at a time. */
export type Alarm = (atMs: number, run: () => void) => void;

export function pollingAlarm(clock: Clock): Alarm {
  return (atMs, run) => {
    const look = () => clock.nowMs() >= atMs ? run() : wait();
    const wait = () => {
      const delayMs = atMs - POLL_MS - clock.nowMs();
      if (delayMs > 0) clock.startTimer(delayMs, look);
      else setImmediate(look);
    };
    wait();
  };
}

/** For clocks whose timers are exact: virtual ones. */
export function timerAlarm(clock: Clock): Alarm {
  return (atMs, run) => void clock.startTimer(atMs - clock.nowMs(), run);
}
