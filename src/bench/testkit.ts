// A server for the loops' tests, on virtual time: it answers after a set delay, and stands still when told to.
// Only tests may import it.
import { VirtualClock } from "../grpc/virtual_clock.ts";
import type { Done, Lane, Slot } from "./slot.ts";

export class FakeServer {
  readonly clock = new VirtualClock();
  /** When calls came, on the clock. */
  readonly startedMs: number[] = [];
  /** The lane of each. */
  readonly lanes: number[] = [];
  /** No answer leaves before. */
  stalledUntilMs = 0;

  /**
   * @param answer how a call ends; undefined is OK
   * @param atOnce whether it ends before `start` returns
   */
  constructor(
    private readonly delayMs: number,
    private readonly answer: (call: number) => string | undefined = () => undefined,
    private readonly atOnce: (call: number) => boolean = () => false,
  ) {}

  connections(numbers: readonly number[], streams: number): Lane[] {
    return numbers.map((number) => ({
      number,
      slots: Array.from({ length: streams }, (): Slot => ({ start: (_, done) => this.#call(number, done) })),
    }));
  }

  #call(lane: number, done: Done): void {
    const nowMs = this.clock.nowMs();
    const call = this.startedMs.length;
    const error = this.answer(call);
    this.startedMs.push(nowMs);
    this.lanes.push(lane);
    if (this.atOnce(call)) return done(error, "as told");
    const endMs = Math.max(nowMs + this.delayMs, this.stalledUntilMs);
    this.clock.startTimer(endMs - nowMs, () => {
      // Calls under way stop too when the server does.
      const leftMs = this.stalledUntilMs - this.clock.nowMs();
      if (leftMs > 0) this.clock.startTimer(leftMs, () => done(error, "as told"));
      else done(error, "as told");
    });
  }
}
