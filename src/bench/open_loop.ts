// Open loop: calls start when the schedule says, whether earlier ones have ended or not, and latency counts from that moment.
// A call that finds no free slot waits its turn and is not left out: no coordinated omission.
import type { Clock } from "../grpc/clock.ts";
import type { Alarm } from "./alarm.ts";
import type { Schedule } from "./schedule.ts";
import type { Lane, Slot, Span } from "./slot.ts";
import type { Tally } from "./tally.ts";

/** The error of a call for which no slot came free within its deadline. */
export const NOT_SENT = "NOT_SENT";

interface LaneState {
  readonly number: number;
  readonly free: Slot[];
  /** Rounds whose time has come, and rounds that were started: between them lies the backlog. */
  due: number;
  begun: number;
  starting: boolean;
}

/**
 * Ends when every call of the schedule has ended, the backlog of a server that is too slow among them; at once
 * when aborted.
 * @param requests measured calls over all processes, Infinity for no bound
 */
export function openLoop(
  lanes: readonly Lane[],
  span: Span,
  requests: number,
  schedule: Schedule,
  tally: Tally,
  clock: Clock,
  alarm: Alarm,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const states: LaneState[] = lanes.map(({ number, slots }) => ({
      number,
      free: [...slots],
      due: 0,
      begun: 0,
      starting: false,
    }));
    const firstMeasured = schedule.callsBefore(span.measureFromMs - span.startMs);
    const lastNumber = Math.min(schedule.callsBefore(span.endMs - span.startMs), firstMeasured + requests) -
      1;
    let open = 0;
    let backlog = 0;
    /** The lane whose call is due next; its round is its `due`. */
    let turn = 0;
    let allDue = false;

    const finishIfDone = () => {
      if (!allDue || open > 0 || backlog > 0) return;
      // The last call's turn lasts until the next one's would begin: 10 calls at 10/s are a second.
      tally.lastedUntil(span.startMs + schedule.offsetMs(lastNumber + 1));
      resolve();
    };

    const startDue = (lane: LaneState): void => {
      // A call that ends at once comes back here: the loop below goes on, instead of nesting.
      if (lane.starting) return;
      lane.starting = true;
      while (lane.begun < lane.due && lane.free.length > 0) {
        const number = schedule.numberOf(lane.number, lane.begun++);
        backlog--;
        begin(lane, number, number >= firstMeasured);
      }
      lane.starting = false;
    };

    const begin = (lane: LaneState, number: number, counted: boolean): void => {
      const intendedMs = span.startMs + schedule.offsetMs(number);
      const nowMs = clock.nowMs();
      const lateMs = nowMs - intendedMs;
      if (counted) tally.started(lateMs);
      if (lateMs > span.timeoutMs) {
        const details = `no stream came free within the deadline of ${span.timeoutMs} ms`;
        if (counted) tally.ended(NOT_SENT, details, lateMs, nowMs);
        return;
      }
      const slot = lane.free.pop() as Slot;
      open++;
      slot.start(span.timeoutMs, (error, details) => {
        if (signal.aborted) return;
        open--;
        const endMs = clock.nowMs();
        if (counted) tally.ended(error, details, endMs - intendedMs, endMs);
        lane.free.push(slot);
        startDue(lane);
        finishIfDone();
      });
    };

    const run = (): void => {
      if (signal.aborted) return;
      const nowMs = clock.nowMs();
      for (;;) {
        const lane = states[turn];
        const number = schedule.numberOf(lane.number, lane.due);
        if (number > lastNumber) break;
        const atMs = span.startMs + schedule.offsetMs(number);
        if (atMs > nowMs) return alarm(atMs, run);
        lane.due++;
        backlog++;
        turn = (turn + 1) % states.length;
        startDue(lane);
      }
      allDue = true;
      finishIfDone();
    };

    signal.addEventListener("abort", () => {
      tally.lastedUntil(clock.nowMs());
      resolve();
    }, { once: true });
    if (signal.aborted || states.length === 0) resolve();
    else alarm(span.startMs, run);
  });
}
