// Closed loop: each slot starts its next call when the last one has ended. It finds the highest rate, and hides what a stall
// costs callers who don't wait for each other: that is open_loop.ts.
import type { Clock } from "../grpc/clock.ts";
import type { Lane, Slot, Span } from "./slot.ts";
import type { Tally } from "./tally.ts";

/** After a call that reached no server its slot rests so long: a server that is gone isn't asked in a busy loop. */
const UNREACHED_PAUSE_MS = 10;

/**
 * Ends when the span, or the number of calls, is used up and the last call has ended; at once when aborted.
 * @param requests measured calls of this process, Infinity for no bound
 */
export function closedLoop(
  lanes: readonly Lane[],
  span: Span,
  requests: number,
  tally: Tally,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let left = requests;
    let open = 0;
    let resting = 0;
    const over = (nowMs: number) => signal.aborted || nowMs >= span.endMs || left <= 0;
    const next = (slot: Slot, nowMs: number): void => {
      if (over(nowMs)) {
        if (open > 0 || resting > 0) return;
        if (left > 0) tally.lastedUntil(span.endMs);
        return resolve();
      }
      const counted = nowMs >= span.measureFromMs;
      if (counted) left--;
      open++;
      let returned = false;
      slot.start(span.timeoutMs, (error, details) => {
        open--;
        if (signal.aborted) return;
        const endMs = clock.nowMs();
        if (counted) tally.ended(error, details, endMs - nowMs, endMs);
        if (returned && error !== "UNAVAILABLE") return next(slot, endMs);
        resting++;
        clock.startTimer(UNREACHED_PAUSE_MS, () => {
          resting--;
          next(slot, clock.nowMs());
        });
      });
      returned = true;
    };
    signal.addEventListener("abort", () => {
      tally.lastedUntil(clock.nowMs());
      resolve();
    }, { once: true });
    const begin = () => lanes.forEach(({ slots }) => slots.forEach((slot) => next(slot, clock.nowMs())));
    if (signal.aborted || lanes.length === 0 || requests <= 0) resolve();
    else clock.startTimer(span.startMs - clock.nowMs(), begin);
  });
}
