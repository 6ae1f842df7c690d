// When each call of an open loop is meant to start: a function of its number alone, so that no delay
// shifts those after it. Must never depend on how the calls before went (coordinated omission).

/** Calls numbered 0, 1, 2 ... over all connections and processes, dealt out to the connections in turn. */
export class Schedule {
  /**
   * @param rate calls a second over all connections
   * @param connections over all processes
   */
  constructor(private readonly rate: number, private readonly connections: number) {}

  /** The number of the call that is `round`th (from 0) on connection `lane`. */
  numberOf(lane: number, round: number): number {
    return round * this.connections + lane;
  }

  /** From the schedule's start to the intended start of a call, milliseconds. */
  offsetMs(number: number): number {
    return number * 1000 / this.rate;
  }

  /** How many calls are meant to start before `ms`; which is also the number of the first one at or after it. */
  callsBefore(ms: number): number {
    // 10 s at 1.1/s are 11 calls, not the 12 that 11.000000000000002 rounds up to.
    return Math.ceil(ms * this.rate / 1000 - 1e-9);
  }
}
