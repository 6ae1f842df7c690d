// The seam between load and calls: what the loops need of a call, so that they run against a fake server too.
// Nothing here may know gRPC.

/**
 * Called once when a call ends, perhaps before `start` has returned.
 * @param error the status' name; undefined when all is well
 */
export type Done = (error: string | undefined, details: string) => void;

/** One call at a time on one connection. */
export interface Slot {
  start(timeoutMs: number, done: Done): void;
}

/** A connection and its slots. */
export interface Lane {
  /** Its number over all processes. */
  readonly number: number;
  readonly slots: readonly Slot[];
}

/** Times on the clock that the loop is given. */
export interface Span {
  readonly startMs: number;
  /** The warm-up's end. */
  readonly measureFromMs: number;
  /** No call starts from here on; Infinity when only a number of calls ends it. */
  readonly endMs: number;
  /** Deadline of each call. */
  readonly timeoutMs: number;
}
